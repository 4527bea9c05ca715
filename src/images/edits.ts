import { joinText } from './large_text.ts'
import type { Edit } from './module_source.ts'

/** @param edits in their order, none over another */
export const applyEdits = (text: string, edits: readonly Edit[]): string => joinText([{ text, edits }])

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
