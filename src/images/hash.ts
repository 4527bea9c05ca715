import { MODULE } from './hash_module.ts'
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

/** See assembly/hash.ts. */
interface HashExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  mix(length: number): void
  finish(tail: number, total: number): void
}

interface Hasher extends Omit<HashExports, 'memory'> {
  /** The state stands at its beginning, what is hashed from `START` on. */
  readonly memory: Buffer
}

let hasher: Hasher | undefined

const HASH_BYTES = 16
const BLOCK = 16
const START = 64
const CHUNK = 1 << 15

function makeHasher(): Hasher {
  const { memory, mix, finish } = new Instance(new Module(Buffer.from(MODULE, 'base64'))).exports as HashExports
  return { memory: Buffer.from(memory.buffer), mix, finish }
}
