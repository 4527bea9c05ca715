/** Reads a part of the text of a heap snapshot: the bytes from `at` on. Returns where it stopped, which is `end` unless its part has ended. */
export type Step = (bytes: Uint8Array, at: number, end: number) => number

const COMMA = 0x2c
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const OPEN = 0x5b
/** `]` */
export const CLOSE = 0x5d

/** Numbers in rows of `width`, up to the closing bracket. Only here every byte of hundreds of megabytes is looked at. */
export function rows(width: number, take: (row: Float64Array) => void, done: () => void): Step {
  const row = new Float64Array(width)
  let field = 0
  let value = 0
  let digits = false
  let negative = false
  return (bytes, at, end) => {
    while (at < end) {
      const byte = bytes[at++]!
      if (byte >= ZERO && byte <= NINE) {
        value = value * 10 + byte - ZERO
        digits = true
      } else if (byte === MINUS) negative = true
      else if (byte === COMMA || byte === CLOSE) {
        if (digits) {
          row[field++] = negative ? -value : value
          value = 0
          digits = false
          negative = false
          if (field === width) {
            take(row)
            field = 0
          }
        }
        if (byte === CLOSE) {
          done()
          return at
        }
      }
    }
    return at
  }
}

/** A section that nobody needs; it may have arrays in arrays, but no strings. */
export function skipped(done: () => void): Step {
  let depth = 1
  return (bytes, at, end) => {
    while (at < end) {
      const byte = bytes[at++]!
      if (byte === OPEN) depth++
      else if (byte === CLOSE && --depth === 0) {
        done()
        return at
      }
    }
    return at
  }
}

/** The name of the next section, up to the bracket that opens it. */
export function title(done: (section: string) => void): Step {
  let text = ''
  return (bytes, at, end) => {
    while (at < end) {
      const byte = bytes[at++]!
      if (byte === OPEN) {
        done(/"(\w+)":$/.exec(text)?.[1] ?? '')
        return at
      }
      text += String.fromCharCode(byte)
    }
    return at
  }
}
