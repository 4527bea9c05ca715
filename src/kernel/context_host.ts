import type { ContextHost, ModuleLog, Registered } from './context.ts'
import { type Core, eventOf } from './core.ts'
import type { Entry, Slot } from './extension.ts'
import { faceOf, keyOf } from './faces.ts'
import type { Module } from './module.ts'
import { printed } from './printk.ts'
import { successorsOf } from './successor.ts'

/** What the context of a module asks of its kernel. */
export class KernelHost implements ContextHost {
  readonly #core: Core
  readonly #module: Module
  #successorOf: ReturnType<typeof successorsOf> | undefined

  constructor(core: Core, module: Module) {
    this.#core = core
    this.#module = module
  }

  entryOf(point: string, ops: unknown): Entry {
    const { gate } = this.#module
    this.#successorOf ??= successorsOf(this.#core, this.#module)
    return {
      owner: eventOf(this.#module),
      face: faceOf(ops, gate, point, this.#successorOf(point, ops)),
      key: keyOf(ops),
    }
  }

  place(registered: Registered): void {
    registered.slot = this.#core.point(registered.point).add(registered.entry)
  }

  tell({ point, slot }: Registered): void {
    if (slot) this.#core.point(point).tell(slot)
  }

  retract(point: string, slot: Slot): void {
    this.#core.point(point).remove(slot)
  }

  request(alias: string): Promise<boolean> {
    return this.#core.request(alias)
  }

  createLog(): ModuleLog {
    const { log } = this.#core
    const { name } = this.#module
    return {
      debug: (...what) => log.debug(printed(what), name),
      info: (...what) => log.info(printed(what), name),
      warn: (...what) => log.warn(printed(what), name),
      error: (...what) => log.error(printed(what), name),
    }
  }
}
