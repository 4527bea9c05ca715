import { PatternTable } from './pattern_table.ts'

/** First in the file; read in another byte order it is another number. */
const MAGIC = 0x6f6c_6101

/** Magic, number of patterns, bytes of module names, bytes of patterns. */
const HEADER = 4

/** A prepared table that cannot be used: damaged, or written by another version or on another kind of machine. */
export class PreparedTableError extends Error {
  override readonly name = 'PreparedTableError'
}

/** Numbers first, for they must be aligned; then the names of modules, a line each; then all patterns, sorted. */
export function writePrepared(table: PatternTable): Uint8Array {
  const { text, modules, starts, lengths, owners } = table.sorted()
  const names = Buffer.from(modules.join('\n'))
  const patterns = Buffer.from(text)
  const header = Int32Array.of(MAGIC, starts.length, names.length, patterns.length)
  const numbers = [header, starts, lengths, owners].map(part => new Uint8Array(part.buffer))
  return Buffer.concat([...numbers, names, patterns])
}

export function readPrepared(bytes: Uint8Array): PatternTable {
  // A copy of the numbers: they must be aligned, and will be written to.
  const numbersAt = (place: number, count: number): Int32Array<ArrayBuffer> =>
    new Int32Array(Uint8Array.from(bytes.subarray(place * 4, (place + count) * 4)).buffer)
  if (bytes.length < HEADER * 4) throw new PreparedTableError('prepared aliases: file too short')
  const [magic, count = 0, namesLength = 0, patternsLength = 0] = numbersAt(0, HEADER)
  if (magic !== MAGIC) throw new PreparedTableError('prepared aliases: not of this version or machine')
  const names = (HEADER + 3 * count) * 4
  const patterns = names + namesLength
  if (bytes.length !== patterns + patternsLength) throw new PreparedTableError('prepared aliases: wrong length')
  const textAt = (from: number, to: number): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString()
  const modules = textAt(names, patterns)
  return PatternTable.from({
    text: textAt(patterns, bytes.length),
    modules: modules === '' ? [] : modules.split('\n'),
    starts: numbersAt(HEADER, count),
    lengths: numbersAt(HEADER + count, count),
    owners: numbersAt(HEADER + 2 * count, count),
  })
}
