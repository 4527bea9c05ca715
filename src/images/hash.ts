import { scratchFor } from './large_text.ts'
import { Instance, Module } from './web_assembly.ts'

/**
 * MurmurHash3 of 128 bits (x64_128). It tells contents apart by chance, not by intent: whoever can write a file of an image runs as a part of it anyway. Node's own hashes come with all of
 * `node:crypto`, which takes longer to load than most packages, and JavaScript is slow until it has run for a while: this is WebAssembly.
 *
 * @returns 32 hexadecimal digits
 */
export function hashOf(contents: Uint8Array | string): string {
  const bytes = typeof contents === 'string' ? encoded(contents) : contents
  hasher ??= makeHasher()
  const { memory, mix, finish } = hasher
  memory.fill(0, 0, HASH_BYTES)
  let at = 0
  for (; bytes.length - at > CHUNK; at += CHUNK) {
    memory.set(bytes.subarray(at, at + CHUNK), START)
    mix(CHUNK)
  }
  const rest = bytes.subarray(at)
  memory.set(rest, START)
  memory.fill(0, START + rest.length, START + rest.length + BLOCK)
  mix(rest.length & ~(BLOCK - 1))
  finish(rest.length & ~(BLOCK - 1), bytes.length)
  return memory.toString('hex', 0, HASH_BYTES)
}

/** Hexadecimal digits. */
export const HASH_LENGTH = 32

function encoded(text: string): Buffer {
  const room = scratchFor(3 * text.length)
  return room.subarray(0, room.write(text, 'utf8'))
}

interface Hasher {
  /** The state stands at its beginning, what is hashed from `START` on. */
  readonly memory: Buffer
  /** Takes so many bytes into the state, of whole blocks. */
  mix(length: number): void
  /** Takes the last block, which is at `tail` and filled up with zeros, and says that it has been `total` bytes. */
  finish(tail: number, total: number): void
}

let hasher: Hasher | undefined

const HASH_BYTES = 16
const BLOCK = 16
const START = 64
const CHUNK = 1 << 15

/** Written by scripts/hash_module.mjs, where it can be read. */
const MODULE = [
  'AGFzbQEAAAABCgJgAX8AYAJ/fwADAwIAAQUDAQABBw0DAW0CAAFhAAABegABCrgDAq0BAgF/An5BACkDACECQQApAwghAyAAQcAA',
  'aiEBQcAAIQADQCAAIAFJBEAgAiAAKQMAQtWniYqR8t7hh39+Qh+JQv+mlrqyqOv6zAB+hUIbiSADfEIFfkKpzvOWBXwhAiADIAAp',
  'AwhC/6aWurKo6/rMAH5CIYlC1aeJipHy3uGHf36FQh+JIAJ8QgV+QrW1pcIDfCEDIABBEGohAAwBCwtBACACNwMAQQAgAzcDCAuG',
  'AgECfkEAKQMAIQJBACkDCCEDIABBwABqIQAgAiAAKQMAQtWniYqR8t7hh39+Qh+JQv+mlrqyqOv6zAB+hSECIAMgACkDCEL/ppa6',
  'sqjr+swAfkIhiULVp4mKkfLe4Yd/foUhAyACIAGthSECIAMgAa2FIQMgAiADfCECIAMgAnwhAyACIAJCIYiFQs2Z1ur++uuof34h',
  'AiACIAJCIYiFQtPYl9Thv67nRH4hAiACIAJCIYiFIQIgAyADQiGIhULNmdbq/vrrqH9+IQMgAyADQiGIhULT2JfU4b+u50R+IQMg',
  'AyADQiGIhSEDIAIgA3whAiADIAJ8IQNBACACNwMAQQAgAzcDCAs=',
].join('')

function makeHasher(): Hasher {
  const { exports } = new Instance(new Module(Buffer.from(MODULE, 'base64')))
  const { m, a, z } = exports as {
    m: { buffer: ArrayBuffer }
    a: Hasher['mix']
    z: Hasher['finish']
  }
  return { memory: Buffer.from(m.buffer), mix: a, finish: z }
}
