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

/** What stands in place of `text.slice(start, end)`. */
interface Replacement {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** A text with pieces of it replaced, in their order and none over another. */
interface EditedText {
  readonly text: string
  readonly edits: readonly Replacement[]
}

export type Piece = string | EditedText

/** From here on it is faster to write over the characters than to take the text to pieces. */
const MANY_EDITS = 8

/** The pieces, one behind the other; a large text outside of the engine's heap, as by `decode`. */
export function joinText(pieces: readonly Piece[]): string {
  return writtenOver(pieces) ?? joinStrings(stringsOf(pieces))
}

function stringsOf(pieces: readonly Piece[]): readonly string[] {
  const strings: string[] = []
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      strings.push(piece)
      continue
    }
    const { text, edits } = piece
    let at = 0
    for (const edit of edits) {
      strings.push(text.slice(at, edit.start), edit.text)
      at = edit.end
    }
    strings.push(text.slice(at))
  }
  return strings
}

function joinStrings(strings: readonly string[]): string {
  const length = strings.reduce((sum, string) => sum + string.length, 0)
  if (length < LARGE || strings.some(string => BEYOND_LATIN_1.test(string))) return strings.join('')
  const room = scratchFor(length)
  let at = 0
  for (const string of strings) at += room.write(string, at, 'latin1')
  return room.toString('latin1', 0, length)
}

/** All pieces in one, when one of them has many edits; undefined where a character does not fit, or an edit is not as long as what it replaces. */
function writtenOver(pieces: readonly Piece[]): string | undefined {
  let length = 0
  let hasMany = false
  for (const piece of pieces) {
    length += typeof piece === 'string' ? piece.length : piece.text.length
    hasMany ||= typeof piece !== 'string' && piece.edits.length >= MANY_EDITS
  }
  if (!hasMany || length >= LARGE) return undefined
  const room = scratchFor(length)
  let at = 0
  for (const piece of pieces) {
    const text = typeof piece === 'string' ? piece : piece.text
    // The first is many times as fast, for texts that are long.
    if (Buffer.byteLength(text) !== text.length && BEYOND_LATIN_1.test(text)) return undefined
    room.write(text, at, 'latin1')
    if (typeof piece !== 'string' && !overwrite(room, at, piece.edits)) return undefined
    at += text.length
  }
  return room.toString('latin1', 0, length)
}

/** @param at where the text begins that has been written there */
function overwrite(room: Buffer, at: number, edits: readonly Replacement[]): boolean {
  for (const { start, end, text } of edits) {
    if (text.length !== end - start) return false
    for (let index = 0; index < text.length; index++) {
      const character = text.charCodeAt(index)
      if (character > LAST_OF_LATIN_1) return false
      room[at + start + index] = character
    }
  }
  return true
}
