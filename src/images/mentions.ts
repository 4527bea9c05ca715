import type { ImageGlobals } from './image.ts'
import { ADDERS } from './listener_calls.ts'
import { EMITTER, MOVED_EMITTER } from './module_source.ts'

export const REQUIRE = 'require'

/** Nobody's own text has these. */
export const GENERATED = [EMITTER, MOVED_EMITTER]

/** By these a text can name what it does not have in it. */
const HIDES_NAMES = ['\\u', 'eval']

/** One expression for all names is many times as fast as looking for each by itself. Longer ones first, or `globalThis` would be found as `global`. */
const mentionOf = (names: readonly string[]): RegExp =>
  new RegExp(
    [...names.toSorted((a, b) => b.length - a.length), ...HIDES_NAMES].join('|').replaceAll(/[$\\]/g, String.raw`\$&`),
    'g',
  )

/** Names of globals, and how a text is searched for them. */
interface Mentions {
  readonly list: readonly string[]
  readonly names: readonly string[]
  readonly pattern: RegExp
  /** With whatever else an image asks of a text. */
  readonly asked: readonly string[]
  /** Stands for the names where it matters that they are the same. */
  readonly mark: string
}

/** Of the list that was asked for last: it hardly ever is another one. */
let lastMentions: Mentions | undefined

export function mentionsOf({ names: list }: ImageGlobals): Mentions {
  if (lastMentions?.list === list) return lastMentions
  const names = list.filter(name => !GENERATED.includes(name))
  const asked = [...names, REQUIRE, ...ADDERS]
  lastMentions = { list, names, pattern: mentionOf(names), asked, mark: `${asked.length} ${checksum(asked.join())}` }
  return lastMentions
}

function checksum(text: string): number {
  let sum = 0
  for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) | 0
  return sum
}

/** The globals that a text can name: it has their names in it, unless it writes them with escapes or asks `eval`. */
export function namedIn(text: string, { names, pattern }: Mentions): readonly string[] {
  if (names.length === 0) return names
  const found = new Set(text.match(pattern))
  if (HIDES_NAMES.some(hiding => found.has(hiding))) return names
  return names.filter(name => found.has(name))
}
