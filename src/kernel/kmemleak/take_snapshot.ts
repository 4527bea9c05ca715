import type { Readable } from 'node:stream'
import { getHeapSnapshot, getHeapStatistics } from 'node:v8'

/** What taking and reading a snapshot will cost, told before it starts on a large heap. */
export interface Estimate {
  readonly heapBytes: number
  /** Milliseconds until the answer; for all but the last part of them the event loop stands still. */
  readonly ms: number
  /** Bytes of memory over what the process has now, at the worst moment. */
  readonly memoryBytes: number
}

/**
 * Milliseconds and bytes per byte of heap: heaps of small objects, which are the dearest, took about 70 ms for each megabyte, and 9 to 16 bytes
 * more in memory for each byte: the smaller the objects, the more. Those of large strings and buffers take next to nothing. See bench/why.mjs.
 */
const MS_PER_MEGABYTE = 70
const MEMORY_PER_BYTE = 16

export function estimate(): Estimate {
  const { used_heap_size: heapBytes } = getHeapStatistics()
  return { heapBytes, ms: Math.round((heapBytes / 1e6) * MS_PER_MEGABYTE), memoryBytes: heapBytes * MEMORY_PER_BYTE }
}

/**
 * Takes a snapshot of this thread's heap and gives its JSON text to `take`, piece by piece, before it returns. A collection comes first: V8
 * does not put garbage into snapshots.
 *
 * Node's stream would keep all of the text, since V8 writes it in one go and cannot be told to wait; its `push` is where it arrives.
 *
 * @param take returns false to be given no more
 */
export function takeSnapshot(take: (bytes: Uint8Array) => boolean): void {
  const stream = getHeapSnapshot() as Readable
  const push = stream.push.bind(stream)
  let wanted = true
  let failure: { readonly error: unknown } | undefined
  stream.push = (bytes: Uint8Array | null) => {
    if (bytes === null) return push(null)
    // What is thrown in the middle of V8's writing would reach nobody.
    try {
      if (wanted) wanted = take(bytes)
    } catch (error) {
      wanted = false
      failure = { error }
    }
    return true
  }
  stream.read(0)
  stream.destroy()
  if (failure) throw failure.error
}
