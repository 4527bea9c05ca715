/**
 * MurmurHash3 of 128 bits (x64_128), whose state stands at the beginning of the memory. What is hashed stands from `START` on. src/images/hash.ts says why it is WebAssembly.
 */
const START: usize = 64
const BLOCK: usize = 16

const C1: u64 = 0x87c37b91114253d5
const C2: u64 = 0x4cf5ad432745937f

function firstWord(at: usize): u64 {
  return rotl(load<u64>(at) * C1, 31) * C2
}

function secondWord(at: usize): u64 {
  return rotl(load<u64>(at, 8) * C2, 33) * C1
}

function scattered(half: u64): u64 {
  half = (half ^ (half >> 33)) * 0xff51afd7ed558ccd
  half = (half ^ (half >> 33)) * 0xc4ceb9fe1a85ec53
  return half ^ (half >> 33)
}

/** Takes so many bytes into the state, of whole blocks. */
export function mix(length: usize): void {
  let one = load<u64>(0)
  let other = load<u64>(0, 8)
  const end = START + length
  for (let at = START; at < end; at += BLOCK) {
    one = (rotl(one ^ firstWord(at), 27) + other) * 5 + 0x52dce729
    other = (rotl(other ^ secondWord(at), 31) + one) * 5 + 0x38495ab5
  }
  store<u64>(0, one)
  store<u64>(0, other, 8)
}

/** Takes the last block, which is at `tail` and filled up with zeros, and says that it has been `total` bytes. */
export function finish(tail: usize, total: u32): void {
  let one = load<u64>(0) ^ firstWord(START + tail) ^ total
  let other = load<u64>(0, 8) ^ secondWord(START + tail) ^ total
  one += other
  other += one
  one = scattered(one)
  other = scattered(other)
  one += other
  other += one
  store<u64>(0, one)
  store<u64>(0, other, 8)
}
