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

/** As wide as what stands there, line ends kept. */
export const spacesOver = (text: string, start: number, end: number): string =>
  text.slice(start, end).replace(/[^\r\n\u2028\u2029]/g, ' ')
