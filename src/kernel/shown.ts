import { util } from '../images/node_parts.ts'
import { printable } from './printable.ts'
import { textOf, tryToRead } from './thrown.ts'

/** In characters. */
const LONGEST = 60

/** No code of theirs is run for it. */
const WRITTEN = { breakLength: Number.POSITIVE_INFINITY, customInspect: false, maxArrayLength: 8 } as const

/** A text for a message: one line, and cut where it is long. */
export const shortly = (text: string): string =>
  printable(text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text)

/** What somebody gave where something else is wanted: in one line, as it is written if that is short, else what it is. */
export function shown(got: unknown): string {
  if (typeof got === 'string') return JSON.stringify(shortly(got))
  if (typeof got === 'function') return 'a function'
  if (typeof got !== 'object' || got === null) return shortly(typeof got === 'bigint' ? `${got}n` : textOf(got))
  const name = tryToRead(() => (got.constructor as { name?: unknown } | undefined)?.name)
  const isPlain = name === 'Object' || name === 'Array' || typeof name !== 'string' || name === ''
  if (!isPlain) return `an instance of ${shortly(name)}`
  const text = tryToRead(() => util().inspect(got, { ...WRITTEN, depth: 1 }))
  if (text !== undefined && text.length <= LONGEST && printable(text) === text) return text
  return tryToRead(() => Array.isArray(got)) ? `a list of ${(got as readonly unknown[]).length}` : 'an object'
}
