import { RacesModelError, type State } from './model.ts'

/** States a chunk: memory is taken in pieces, so that growing never copies what is there. */
const CHUNK_BITS = 14
const CHUNK = 1 << CHUNK_BITS

/**
 * Every state met, numbered in the order of their first meeting. The states themselves are kept, two bytes a cell, not
 * only their hashes: two states are never taken for one.
 */
export class StateStore {
  readonly #size: number
  readonly #names: readonly string[]
  readonly #chunks: Int16Array[] = []
  #count = 0
  /** Open addressing: the number of a state plus one, or 0. */
  #slots = new Int32Array(1 << 12)

  /** `names` are those of the first cells, for the one error that there is. */
  constructor(size: number, names: readonly string[]) {
    this.#size = size
    this.#names = names
  }

  get count(): number {
    return this.#count
  }

  /** The number of the state; when it was there before, the complement of its number. */
  add(state: State): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = this.#hash(state) & mask
    for (; ; slot = (slot + 1) & mask) {
      const found = slots[slot]! - 1
      if (found < 0) break
      if (this.#equals(found, state)) return ~found
    }
    const index = this.#count++
    slots[slot] = index + 1
    this.#keep(index, state)
    if (this.#count * 2 > slots.length) this.#grow()
    return index
  }

  /** Copies state number `index` into `into`. */
  read(index: number, into: State): void {
    const chunk = this.#chunks[index >>> CHUNK_BITS]!
    const from = (index & (CHUNK - 1)) * this.#size
    for (let i = 0; i < this.#size; i++) into[i] = chunk[from + i]!
  }

  #keep(index: number, state: State): void {
    if ((index & (CHUNK - 1)) === 0) this.#chunks.push(new Int16Array(CHUNK * this.#size))
    const chunk = this.#chunks[index >>> CHUNK_BITS]!
    const from = (index & (CHUNK - 1)) * this.#size
    for (let i = 0; i < this.#size; i++) {
      const value = state[i]!
      if ((value << 16) >> 16 !== value)
        throw new RacesModelError(
          `${this.#names[i] ?? `cell ${i}`} came to ${value}: a cell holds 16 bits, and a model that counts for ever never ends`,
        )
      chunk[from + i] = value
    }
  }

  #equals(index: number, state: State): boolean {
    const chunk = this.#chunks[index >>> CHUNK_BITS]!
    const from = (index & (CHUNK - 1)) * this.#size
    for (let i = 0; i < this.#size; i++) if (chunk[from + i] !== state[i]) return false
    return true
  }

  /** The mixing steps of MurmurHash3 over the cells; any hash is right, since states are compared in full. */
  #hash(state: State): number {
    let hash = 0
    for (let i = 0; i < this.#size; i++) {
      hash = Math.imul(hash ^ state[i]!, 0x5bd1e995)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b)
    return hash ^ (hash >>> 16)
  }

  #grow(): void {
    const old = this.#slots
    const slots = new Int32Array(old.length * 2)
    const mask = slots.length - 1
    const scratch = new Int32Array(this.#size)
    for (const entry of old) {
      if (entry === 0) continue
      this.read(entry - 1, scratch)
      let slot = this.#hash(scratch) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = entry
    }
    this.#slots = slots
  }
}
