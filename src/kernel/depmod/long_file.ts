import fs from 'node:fs'

/** What most files have in their first lines. */
const FIRST = 1 << 16

/** A file whose first lines are read at once, and the rest when it is asked for: megabytes of fresh memory cost more than what they are read from. */
export class LongFile {
  readonly #path: string
  readonly #identity: string
  readonly lines: readonly string[]
  /** Where the rest begins. */
  readonly #start: number
  /** Bytes after those lines. */
  readonly restSize: number
  #rest: Buffer | undefined

  /** @throws the system's error, or RangeError when there are not as many lines */
  constructor(path: string, lines: number) {
    this.#path = path
    const descriptor = fs.openSync(path, 'r')
    try {
      const stats = fs.fstatSync(descriptor)
      this.#identity = identityOf(stats)
      let bytes = readAt(descriptor, 0, Math.min(FIRST, stats.size))
      let ends = lineEnds(bytes, lines)
      if (ends.length < lines) {
        bytes = readAt(descriptor, 0, stats.size)
        ends = lineEnds(bytes, lines)
      }
      if (ends.length < lines) throw new RangeError(`${path} has no ${lines} lines`)
      this.lines = ends.map((end, line) => bytes.toString('utf8', line === 0 ? 0 : ends[line - 1]! + 1, end))
      this.#start = ends.at(-1)! + 1
      this.restSize = stats.size - this.#start
    } finally {
      fs.closeSync(descriptor)
    }
  }

  /** Has the rest been read, or can it still be? */
  get isThere(): boolean {
    if (this.#rest) return true
    const stats = fs.statSync(this.#path, { throwIfNoEntry: false })
    return stats !== undefined && identityOf(stats) === this.#identity
  }

  /** All that comes after the first lines. Undefined when another file has taken its place, or it was not written to its end when the system went down. */
  rest(): Buffer | undefined {
    this.#rest ??= this.#readRest()
    return this.#rest
  }

  #readRest(): Buffer | undefined {
    try {
      const descriptor = fs.openSync(this.#path, 'r')
      try {
        if (identityOf(fs.fstatSync(descriptor)) !== this.#identity) return undefined
        const bytes = readAt(descriptor, this.#start, this.restSize)
        return bytes.includes(0) ? undefined : bytes
      } finally {
        fs.closeSync(descriptor)
      }
    } catch {
      return undefined
    }
  }
}

const identityOf = ({ dev, ino, size, mtimeMs, ctimeMs }: fs.Stats): string =>
  `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`

function readAt(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let read = 0
  while (read < length) {
    const more = fs.readSync(descriptor, bytes, read, length - read, position + read)
    if (more === 0) break
    read += more
  }
  return bytes.subarray(0, read)
}

function lineEnds(bytes: Buffer, count: number): number[] {
  const ends: number[] = []
  for (let at = bytes.indexOf(10); at !== -1 && ends.length < count; at = bytes.indexOf(10, at + 1)) ends.push(at)
  return ends
}
