import { equal, notEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hashOf } from '#dist/images/hash.js'

/** As others write it: two numbers, most significant digit first. */
const asNumbers = (hash: string): string =>
  [hash.slice(0, 16), hash.slice(16)].map(part => part.match(/../g)!.toReversed().join('')).join('')

describe('the hash of contents', () => {
  it('is MurmurHash3, x64, 128 bits', () => {
    equal(asNumbers(hashOf('')), '00000000000000000000000000000000')
    equal(asNumbers(hashOf('hello')), 'cbd8a7b341bd9b025b1e906a48ae1d19')
    equal(asNumbers(hashOf('The quick brown fox jumps over the lazy dog')), 'e34bbc7bbc071b6c7a433ca9c49a9347')
  })

  it('is one for a text and its bytes', () => {
    for (const text of ['größer ≥ 漢字 😀', 'a'.repeat(100_001)]) equal(hashOf(text), hashOf(Buffer.from(text)))
  })

  it('changes with every byte, wherever it stands and whatever is behind it', () => {
    for (const length of [1, 7, 16, 17, 31, 32, 33, 1000, 32_768, 32_769, 65_536, 70_001]) {
      const bytes = Buffer.alloc(length, 'x')
      const before = hashOf(bytes)
      equal(hashOf(bytes), before)
      for (const at of [0, length >> 1, length - 1]) {
        bytes[at]! ^= 1
        notEqual(hashOf(bytes), before, `byte ${at} of ${length}`)
        bytes[at]! ^= 1
      }
      notEqual(hashOf(Buffer.alloc(length + 1, 'x')), before)
      notEqual(hashOf(Buffer.concat([bytes, Buffer.alloc(1)])), before)
    }
  })
})
