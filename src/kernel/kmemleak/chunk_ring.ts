/**
 * Hands bytes from one thread to another through shared memory: the heap snapshot from the thread that it was taken of to the one that
 * reads it. The writer cannot wait for messages, since V8 writes a snapshot in one go; here it waits for room instead.
 */

const SLOTS = 64
const SLOT_BYTES = 128 * 1024

/** Places in the control words. Counts only grow, and wrap around together. */
const WRITTEN = 0
const READ = 1
/** 1: the writer is done. 2: the reader gave up. */
const CLOSED = 2
const LENGTHS = 3

const BY_WRITER = 1
const BY_READER = 2

/** A reader that takes nothing for this long is taken to be dead: V8 ends a thread that is out of memory without a word. */
const PATIENCE = 60_000

export interface SharedRing {
  readonly control: SharedArrayBuffer
  readonly data: SharedArrayBuffer
}

export const createRing = (): SharedRing => ({
  control: new SharedArrayBuffer((LENGTHS + SLOTS) * Int32Array.BYTES_PER_ELEMENT),
  data: new SharedArrayBuffer(SLOTS * SLOT_BYTES),
})

export class RingWriter {
  readonly #control: Int32Array
  readonly #data: Uint8Array

  constructor(ring: SharedRing) {
    this.#control = new Int32Array(ring.control)
    this.#data = new Uint8Array(ring.data)
  }

  /** @returns false when the reader has given up or died */
  write(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at += SLOT_BYTES)
      if (!this.#writeSlot(bytes.subarray(at, Math.min(bytes.length, at + SLOT_BYTES)))) return false
    return true
  }

  #writeSlot(bytes: Uint8Array): boolean {
    const control = this.#control
    const written = Atomics.load(control, WRITTEN)
    for (;;) {
      if (Atomics.load(control, CLOSED) === BY_READER) return false
      const read = Atomics.load(control, READ)
      if (written - read < SLOTS) break
      if (Atomics.wait(control, READ, read, PATIENCE) === 'timed-out') return false
    }
    const slot = written % SLOTS
    this.#data.set(bytes, slot * SLOT_BYTES)
    control[LENGTHS + slot] = bytes.length
    Atomics.store(control, WRITTEN, written + 1)
    Atomics.notify(control, WRITTEN)
    return true
  }

  end(): void {
    Atomics.compareExchange(this.#control, CLOSED, 0, BY_WRITER)
    Atomics.notify(this.#control, WRITTEN)
  }
}

export class RingReader {
  readonly #control: Int32Array
  readonly #data: Uint8Array

  constructor(ring: SharedRing) {
    this.#control = new Int32Array(ring.control)
    this.#data = new Uint8Array(ring.data)
  }

  /** Every piece, in order; each is good only until the next is asked for. Blocks its thread. */
  *read(): Generator<Uint8Array> {
    const control = this.#control
    for (let read = 0; ; read++) {
      while (Atomics.load(control, WRITTEN) === read) {
        // What was written before the end was marked is seen by looking once more.
        if (Atomics.load(control, CLOSED) !== 0 && Atomics.load(control, WRITTEN) === read) return
        Atomics.wait(control, WRITTEN, read, 100)
      }
      const slot = read % SLOTS
      yield this.#data.subarray(slot * SLOT_BYTES, slot * SLOT_BYTES + control[LENGTHS + slot]!)
      Atomics.store(control, READ, read + 1)
      Atomics.notify(control, READ)
    }
  }

  /** Lets the writer know that nobody will read on. */
  abandon(): void {
    Atomics.store(this.#control, CLOSED, BY_READER)
    Atomics.notify(this.#control, READ)
  }
}
