import { spacesOver } from './edits.ts'
import type { Edit } from './module_source.ts'
import { endsAt, standsAfter } from './statement_position.ts'

/** Spaces in place of a statement, line ends kept, and a semicolon so that the statement before it still ends there. */
export function blank(text: string, start: number, end: number, first = ';'): Edit {
  return { start, end, text: first + spacesOver(text, start + first.length, end) }
}

/** Blanks what is surely a statement of its own. */
export function blankStatement(text: string, start: number, end: number): Edit | undefined {
  const before = standsAfter(text, start)
  if (before === 'inside' || !endsAt(text, end)) return undefined
  // After `x = {}` on the same line no statement can begin: an empty block shows that to the engine, as a semicolon would not.
  return blank(text, start, end, before === 'brace' ? '{}' : ';')
}
