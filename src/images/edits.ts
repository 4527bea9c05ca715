import { joinText, overwrite } from './large_text.ts'
import type { Edit } from './module_source.ts'

/** From here on it is faster to write over the characters than to take the text to pieces. */
const MANY_EDITS = 8

/** The text with its edits, in pieces: to be joined with what stands around it. */
export function edited(text: string, edits: readonly Edit[]): string[] {
  const whole = edits.length < MANY_EDITS ? undefined : overwrite(text, edits)
  if (whole !== undefined) return [whole]
  const pieces: string[] = []
  let at = 0
  for (const edit of edits) {
    pieces.push(text.slice(at, edit.start), edit.text)
    at = edit.end
  }
  pieces.push(text.slice(at))
  return pieces
}

/** @param edits in their order, none over another */
export const applyEdits = (text: string, edits: readonly Edit[]): string => joinText(edited(text, edits))

/** Edits of one text as `applyEdits` takes them: what is put in at a place comes before what is replaced there. */
export const inOrder = (edits: Iterable<Edit>): Edit[] => [...edits].sort((a, b) => a.start - b.start || a.end - b.end)

/** As wide as what stands there, line ends kept. */
export const spacesOver = (text: string, start: number, end: number): string =>
  text.slice(start, end).replace(/[^\r\n\u2028\u2029]/g, ' ')

/** The line ends of what stands there, and nothing else. */
export const lineEndsOf = (text: string, start: number, end: number): string =>
  text.slice(start, end).replace(/[^\r\n\u2028\u2029]/g, '')

/** May this character be part of a name or keyword? Two of them that meet are one word. */
export const isNamePart = (character: string | undefined): boolean =>
  character !== undefined && /[\w$\u0080-\uffff]/.test(character)
