export type SourceType = 'module' | 'script'

export const ADDERS: ReadonlySet<string> = new Set([
  'on',
  'once',
  'addListener',
  'prependListener',
  'prependOnceListener',
  'addEventListener',
])
const MAY_ADD = new RegExp(String.raw`\.\s*(?:/\*.*?\*/\s*)?(?:${[...ADDERS].join('|')})\s*\(`)
/** Bytes. A bundle of such a size takes the parser as long as all the rest of a load. */
const LARGEST = 1_000_000

/** Could a text add a listener? A search, which says no of most. */
export const mayAdd = (text: string): boolean => text.length <= LARGEST && MAY_ADD.test(text)
