import type { CallGate } from './call_gate.ts'
import type { AnyFunction, Member } from './gate_entry.ts'
import type { Operations } from './operations.ts'

/** What an entry has of its own as every function does, or needs not have. */
const OF_FUNCTIONS: ReadonlySet<string | symbol> = new Set(['length', 'name', 'prototype', 'arguments', 'caller'])

/**
 * Puts an image's gate in front of operations: a function, with what it has for properties, or an object whose functions (own or inherited) are guarded
 * one by one.
 */
export function faceOf(
  ops: unknown,
  gate: CallGate,
  point: string,
  successor: (member: Member) => AnyFunction | undefined,
): unknown {
  const guard = (fn: AnyFunction, name: string, operations?: Operations, key?: string | symbol): AnyFunction =>
    gate.guard(fn, name, operations, successor, key)
  const show = (face: object, operations: Operations, keys: Iterable<string | symbol>): unknown => {
    const source = operations.source as Record<string | symbol, unknown>
    for (const key of keys) {
      const value = source[key]
      const name = `${point}.${String(key)}`
      const enumerable = Object.prototype.propertyIsEnumerable.call(source, key)
      const shown =
        typeof value === 'function'
          ? { value: guard(value as AnyFunction, name, operations, key), writable: true }
          : { get: () => gate.read(operations, key, name) }
      Object.defineProperty(face, key, { ...shown, enumerable, configurable: true })
    }
    return face
  }
  if (typeof ops !== 'function') {
    const operations = gate.operations(ops as object)
    return show(operations.face, operations, memberKeys(ops as object))
  }
  const face = guard(ops as AnyFunction, ops.name || point)
  const keys = Reflect.ownKeys(ops).filter(key => !OF_FUNCTIONS.has(key))
  return keys.length === 0 ? face : show(face, gate.operations(ops), keys)
}

function memberKeys(ops: object): Set<string | symbol> {
  const keys = new Set<string | symbol>()
  for (
    let at: object | null = ops;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  )
    for (const key of Reflect.ownKeys(at)) if (key !== 'constructor') keys.add(key)
  return keys
}

export function keyOf(ops: unknown): string | undefined {
  if (typeof ops === 'function') return ops.name || undefined
  const { key, name, id } = ops as { key?: unknown; name?: unknown; id?: unknown }
  for (const candidate of [key, name, id]) if (typeof candidate === 'string') return candidate
  return undefined
}
