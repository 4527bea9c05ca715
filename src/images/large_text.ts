import { isAscii } from 'node:buffer'
import fs from 'node:fs'
import { withFile } from './plain_file.ts'
import { type Stamp, stampOf } from './stamp.ts'

/**
 * Memory for a text that is read, looked at or put together. A fresh piece for each would cost more than the work: the system has to give it, and the
 * collector runs for large ones.
 */
let scratch = Buffer.allocUnsafeSlow(1 << 16)
const LARGEST_KEPT = 4 * 1024 * 1024

/** At least so many bytes, whatever they hold. Good until the next call. */
export function scratchFor(bytes: number): Buffer {
  const room = bytes <= scratch.length ? scratch : Buffer.allocUnsafeSlow(bytes)
  if (room.length <= LARGEST_KEPT) scratch = room
  return room
}

const BEYOND_LATIN_1 = /[^\0-\xff]/
const LAST_OF_LATIN_1 = 0xff

/** Characters. From here on Node keeps a string that it makes of bytes outside of the engine's heap. */
const LARGE = 1 << 20

/** Contents of a file: good until the next call of anything here. */
interface Contents {
  readonly bytes: Buffer
  readonly stamp: Stamp
}

/** @throws what the system has to say */
export function readContents(file: string): Contents {
  return withFile(file, (descriptor, stats) => ({
    bytes: readAll(descriptor, stats.size),
    stamp: stampOf(stats),
  }))
}

/** A file that the system makes up has no size that says something, and is read until there is no more. */
function readAll(descriptor: number, size: number): Buffer {
  let room = scratchFor(Math.max(size, 1))
  let length = 0
  for (;;) {
    const count = fs.readSync(descriptor, room, length, room.length - length, null)
    length += count
    if (count === 0 || (size > 0 && length >= size)) return room.subarray(0, length)
    if (length < room.length) continue
    const larger = scratchFor(2 * length)
    larger.set(room)
    room = larger
  }
}

/**
 * UTF-8 as text. As fast as `readFileSync` for a small one, and many times as fast for a large one of ASCII characters alone, which stays outside
 * of the engine's heap: there memory that was given back is used again, while in the heap the system has to give fresh pages.
 */
export const decode = (bytes: Buffer): string => bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')

/** The pieces, one behind the other; a large text outside of the engine's heap, as by `decode`. */
export function joinText(pieces: readonly string[]): string {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (length < LARGE || pieces.some(piece => BEYOND_LATIN_1.test(piece))) return pieces.join('')
  const room = scratchFor(length)
  let at = 0
  for (const piece of pieces) at += room.write(piece, at, 'latin1')
  return room.toString('latin1', 0, length)
}

/** What stands in place of `text.slice(start, end)`. */
interface Replacement {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** A text of ASCII with pieces replaced by others of their lengths; undefined for any other text, or where a length or a character does not fit. */
export function overwrite(text: string, replacements: readonly Replacement[]): string | undefined {
  const { length } = text
  if (length >= LARGE || Buffer.byteLength(text) !== length) return undefined
  const room = scratchFor(length)
  room.write(text, 'latin1')
  for (const { start, end, text: replacement } of replacements) {
    if (replacement.length !== end - start) return undefined
    for (let index = 0; index < replacement.length; index++) {
      const character = replacement.charCodeAt(index)
      if (character > LAST_OF_LATIN_1) return undefined
      room[start + index] = character
    }
  }
  return room.toString('latin1', 0, length)
}
