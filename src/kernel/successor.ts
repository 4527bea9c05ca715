import type { Core } from './core.ts'
import { keyOf } from './faces.ts'
import type { AnyFunction, Member } from './gate_entry.ts'
import type { Module } from './module.ts'

/** What a late call is forwarded to: the same operation of the image that is LIVE now, or undefined when there is none. */
type FindSuccessor = (member: Member) => AnyFunction | undefined

/**
 * Finds successors for the registrations of one image, by point and key. Operations without a key are told apart by their order, which means
 * something only as long as both images registered equally many: better the old code than another operation's.
 */
export function successorsOf(core: Core, module: Module): (point: string, ops: unknown) => FindSuccessor {
  let keyless: Map<string, number> | undefined
  return (point, ops) => {
    const key = keyOf(ops)
    const index = keyless?.get(point) ?? 0
    if (key === undefined) {
      keyless ??= new Map()
      keyless.set(point, index + 1)
    }
    return member => {
      const face = key === undefined ? byOrder(core, module, point, index, keyless!) : byKey(core, module, point, key)
      const found = member === undefined ? face : (face as Record<string | symbol, unknown> | undefined)?.[member]
      return typeof found === 'function' ? (found as AnyFunction) : undefined
    }
  }
}

const entriesNow = (core: Core, module: Module, point: string) => {
  const current = core.modules.get(module.name)
  if (current === module || current?.state.is !== 'LIVE') return []
  return [...current.state.loaded.context.registered].flatMap(each => (each.point === point ? [each.entry] : []))
}

const byKey = (core: Core, module: Module, point: string, key: string): unknown =>
  entriesNow(core, module, point).find(entry => entry.key === key)?.face

function byOrder(core: Core, module: Module, point: string, index: number, keyless: Map<string, number>): unknown {
  const entries = entriesNow(core, module, point).filter(entry => entry.key === undefined)
  return entries.length === keyless.get(point) ? entries[index]?.face : undefined
}
