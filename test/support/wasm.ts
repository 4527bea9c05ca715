type Bytes = readonly number[]

/** What a WebAssembly file is made of, for `wasmBytes`. Everything is of type i32. */
export interface WasmParts {
  /** Functions that take a number, and globals that can change. */
  readonly imports?: readonly (readonly [from: string, name: string, kind: 'function' | 'global'])[]
  readonly globals?: readonly (readonly [value: number, mutable: boolean])[]
  /** Of no parameters, with one result; bodies in bytes. */
  readonly functions?: readonly Bytes[]
  readonly exports?: readonly (readonly [name: string, kind: 'function' | 'global', index: number])[]
}

const KINDS = { function: 0, global: 3 }

const sized = (bytes: Bytes): Bytes => [bytes.length, ...bytes]
const listOf = (parts: readonly Bytes[]): Bytes => [parts.length, ...parts.flat()]
const text = (value: string): Bytes => sized([...Buffer.from(value)])
const section = (id: number, parts: readonly Bytes[]): Bytes =>
  parts.length === 0 ? [] : [id, ...sized(listOf(parts))]

/** A small binary module (WebAssembly, 5.5); no part of it is longer than 127 bytes. */
export function wasmBytes({ imports = [], globals = [], functions = [], exports = [] }: WasmParts): Uint8Array {
  const i32 = 0x7f
  const end = 0x0b
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [
      [0x60, 0, 1, i32],
      [0x60, 1, i32, 0],
    ]),
    ...section(
      2,
      imports.map(([from, name, kind]) => [
        ...text(from),
        ...text(name),
        KINDS[kind],
        ...(kind === 'function' ? [1] : [i32, 1]),
      ]),
    ),
    ...section(
      3,
      functions.map(() => [0]),
    ),
    ...section(
      6,
      globals.map(([value, mutable]) => [i32, mutable ? 1 : 0, 0x41, value, end]),
    ),
    ...section(
      7,
      exports.map(([name, kind, index]) => [...text(name), KINDS[kind], index]),
    ),
    ...section(
      10,
      functions.map(code => sized([0, ...code, end])),
    ),
  ])
}

export const readGlobal = (index: number): Bytes => [0x23, index]
/** Adds one to a global, and gives it to a function that was imported. */
export const countUp = (global: number, told: number): Bytes => [
  ...[0x23, global, 0x41, 1, 0x6a, 0x24, global],
  ...[0x23, global, 0x10, told, 0x23, global],
]
