import { CLOSE, type Step } from './snapshot_text.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The strings of a heap snapshot as they are written, escapes and all, one behind the other: nothing is decoded before somebody asks for it. */
export class StringTable {
  #text = new Uint8Array(1 << 20)
  #length = 0
  /** Where each begins in `#text`. */
  #starts = new Uint32Array(1 << 16)
  #count = 0

  finish(): { readonly text: Uint8Array; readonly textStart: Uint32Array; readonly stringCount: number } {
    this.#starts[this.#count] = this.#length
    return { text: this.#text, textStart: this.#starts, stringCount: this.#count }
  }

  /** Reads what is between quotes, up to the closing bracket. */
  step(done: () => void): Step {
    let inside = false
    let escaped = false
    return (bytes, at, end) => {
      while (at < end) {
        if (!inside) {
          const byte = bytes[at++]!
          if (byte === QUOTE) {
            inside = true
            this.#begin()
          } else if (byte === CLOSE) {
            done()
            return at
          }
          continue
        }
        const start = at
        while (at < end) {
          const byte = bytes[at]!
          if (escaped) escaped = false
          else if (byte === BACKSLASH) escaped = true
          else if (byte === QUOTE) break
          at++
        }
        this.#append(bytes, start, at)
        if (at < end) {
          inside = false
          at++
        }
      }
      return at
    }
  }

  #begin(): void {
    // The end of the last is noted too.
    if (this.#count + 2 > this.#starts.length)
      this.#starts = grown(this.#starts, new Uint32Array(this.#starts.length * 2))
    this.#starts[this.#count++] = this.#length
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start
    if (needed > this.#text.length)
      this.#text = grown(this.#text, new Uint8Array(Math.max(needed, Math.ceil(this.#text.length * 1.5))))
    if (end - start < 64) {
      const text = this.#text
      let to = this.#length
      for (let at = start; at < end; at++) text[to++] = bytes[at]!
    } else this.#text.set(bytes.subarray(start, end), this.#length)
    this.#length = needed
  }
}

export function grown<A extends Uint8Array | Uint32Array | Int32Array>(from: A, to: A): A {
  to.set(from)
  return to
}
