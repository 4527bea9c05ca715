/**
 * Writes the WebAssembly of src/images/hash.ts: MurmurHash3 (x64_128), whose state stands at the beginning of its memory and what is hashed from `START` on.
 *
 *   node scripts/hash_module.mjs
 *
 * prints it as it stands there, in base64. `a(length)` takes whole blocks into the state; `z(tail, total)` takes the last one, which is at `tail` and filled up with zeros, and says
 * that it has been `total` bytes.
 */
import { fileURLToPath } from 'node:url'

const BLOCK = 16
const START = 64

const SEVEN_BITS = 0x7fn
/** A signed number as WebAssembly writes it (LEB128). */
function numberCode(value) {
  const code = []
  for (let rest = BigInt.asIntN(64, value); ; rest >>= 7n) {
    const low = Number(rest & SEVEN_BITS)
    const isLast = rest >> 6n === 0n || rest >> 6n === -1n
    code.push(isLast ? low : low | 0x80)
    if (isLast) return code
  }
}

const I32 = 0x7f
const I64 = 0x7e
const END = 0x0b
const XOR = 0x85
const ADD = 0x7c
const MULTIPLY = 0x7e
const get = local => [0x20, local]
const set = local => [0x21, local]
const int32 = value => [0x41, ...numberCode(BigInt(value))]
const int64 = value => [0x42, ...numberCode(value)]
const load = offset => [0x29, 3, offset]
const store = offset => [0x37, 3, offset]
const ROTATE_LEFT = 0x89
const turned = bits => [...int64(bits), ROTATE_LEFT]
const times = factor => [...int64(factor), MULTIPLY]

/** Locals of both functions: where they read, from the first parameter on, and the state. The second one is where `a` stops, or the total of `z`. */
const [AT, LIMIT, H1, H2] = [0, 1, 2, 3]
const C1 = 0x87c37b91114253d5n
const C2 = 0x4cf5ad432745937fn
const word1 = [...get(AT), ...load(0), ...times(C1), ...turned(31n), ...times(C2)]
const word2 = [...get(AT), ...load(8), ...times(C2), ...turned(33n), ...times(C1)]
const open = [...int32(0), ...load(0), ...set(H1), ...int32(0), ...load(8), ...set(H2)]
const close = [...int32(0), ...get(H1), ...store(0), ...int32(0), ...get(H2), ...store(8), END]
const plus = (one, other) => [...get(one), ...get(other), ADD, ...set(one)]
const ADD_32 = 0x6a
const BELOW_32 = 0x49
const LOOP = [0x03, 0x40]
const IF = [0x04, 0x40]
const AGAIN = [0x0c, 1]

/** One half of the state takes in its word, and then the other half. */
const mixed = (half, word, bits, other, constant) => [
  ...[...get(half), ...word, XOR, ...turned(bits)],
  ...[...get(other), ADD, ...times(5n), ...int64(constant), ADD, ...set(half)],
]

const MIX = [
  ...open,
  ...[...get(AT), ...int32(START), ADD_32, ...set(LIMIT)],
  ...[...int32(START), ...set(AT)],
  ...LOOP,
  ...[...get(AT), ...get(LIMIT), BELOW_32],
  ...IF,
  ...mixed(H1, word1, 27n, H2, 0x52dce729n),
  ...mixed(H2, word2, 31n, H1, 0x38495ab5n),
  ...[...get(AT), ...int32(BLOCK), ADD_32, ...set(AT)],
  ...AGAIN,
  END,
  END,
  ...close,
]

const EXTEND = 0xad
const SHIFT_RIGHT = 0x88
const folded = local => [...get(local), ...get(local), ...int64(33n), SHIFT_RIGHT, XOR]
const scattered = local => [
  ...folded(local),
  ...times(0xff51afd7ed558ccdn),
  ...set(local),
  ...folded(local),
  ...times(0xc4ceb9fe1a85ec53n),
  ...set(local),
  ...folded(local),
  ...set(local),
]
const withLength = local => [...get(local), ...get(LIMIT), EXTEND, XOR, ...set(local)]

const FINISH = [
  ...open,
  ...[...get(AT), ...int32(START), ADD_32, ...set(AT)],
  ...[...get(H1), ...word1, XOR, ...set(H1)],
  ...[...get(H2), ...word2, XOR, ...set(H2)],
  ...withLength(H1),
  ...withLength(H2),
  ...plus(H1, H2),
  ...plus(H2, H1),
  ...scattered(H1),
  ...scattered(H2),
  ...plus(H1, H2),
  ...plus(H2, H1),
  ...close,
]

/** A list of things that each say how long they are. */
const sized = code => [...lengthCode(code.length), ...code]
const lengthCode = length => (length < 128 ? [length] : [(length & 127) | 128, length >> 7])
const section = (kind, code) => [kind, ...sized(code)]
const exported = (name, kind, index) => [1, name.charCodeAt(0), kind, index]

export const MODULE = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [2, ...[0x60, 1, I32, 0], ...[0x60, 2, I32, I32, 0]]),
  ...section(3, [2, 0, 1]),
  ...section(5, [1, 0, 1]),
  ...section(7, [3, ...exported('m', 2, 0), ...exported('a', 0, 0), ...exported('z', 0, 1)]),
  // Besides its parameters: one more 32-bit number for `mix`, and the state for both.
  ...section(10, [2, ...sized([2, 1, I32, 2, I64, ...MIX]), ...sized([1, 2, I64, ...FINISH])]),
]

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(Buffer.from(MODULE).toString('base64'))
