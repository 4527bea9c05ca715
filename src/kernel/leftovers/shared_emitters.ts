import type { EventEmitter } from 'node:events'
import { getEventListeners } from 'node:events'
import { type CallSite, captureCallSite, FEW_FRAMES } from './call_site.ts'
import { isEmitterView } from './emitter_listeners.ts'
import type { Leftovers, Resource } from './leftovers.ts'

type AnyFunction = (...args: unknown[]) => unknown
type Receiver = Record<string, AnyFunction>

/** How listeners of one sort of emitter are found and taken away. */
interface Sort {
  readonly adders: readonly string[]
  has(emitter: object, event: unknown, listener: object): boolean
  remove(emitter: object, event: unknown, listener: object, capture: boolean): void
}

const EMITTERS: Sort = {
  adders: ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'],
  has: (emitter, event, listener) => (emitter as EventEmitter).listeners(event as string).includes(listener as never),
  remove: (emitter, event, listener) =>
    void (emitter as EventEmitter).removeListener(event as string, listener as never),
}

const TARGETS: Sort = {
  adders: ['addEventListener'],
  has: (target, event, listener) => getEventListeners(target as EventTarget, String(event)).includes(listener as never),
  remove: (target, event, listener, capture) =>
    (target as EventTarget).removeEventListener(String(event), listener as never, { capture }),
}

/** Node's emitters, and others that can do the same. */
function sortOf(value: object): Sort | undefined {
  if (value instanceof EventTarget) return TARGETS
  const { listeners, removeListener } = value as Partial<Receiver>
  return typeof listeners === 'function' && typeof removeListener === 'function' ? EMITTERS : undefined
}

/** A listener that was added to something which outlives the image. Held weakly, both: what was collected, or taken away, is over. */
class SharedListener implements Resource {
  readonly kind = 'listener'
  readonly site: CallSite
  readonly #sort: Sort
  readonly #emitter: WeakRef<object>
  readonly #event: unknown
  readonly #listener: WeakRef<object>
  readonly #capture: boolean

  constructor(sort: Sort, emitter: object, [event, listener, options]: readonly unknown[], site: CallSite) {
    this.site = site
    this.#sort = sort
    this.#emitter = new WeakRef(emitter)
    this.#event = event
    this.#listener = new WeakRef(listener as object)
    this.#capture = options === true || (options as { capture?: unknown } | null | undefined)?.capture === true
  }

  what(): string {
    const emitter = this.#emitter.deref()
    return `${emitter?.constructor?.name ?? 'emitter'} '${String(this.#event)}'`
  }

  isOpen(): boolean {
    const emitter = this.#emitter.deref()
    const listener = this.#listener.deref()
    return emitter !== undefined && listener !== undefined && this.#sort.has(emitter, this.#event, listener)
  }

  isOver(): boolean {
    return !this.isOpen()
  }

  close(): void {
    const emitter = this.#emitter.deref()
    const listener = this.#listener.deref()
    if (emitter && listener) this.#sort.remove(emitter, this.#event, listener, this.#capture)
  }
}

/** What the receiver of such a call is put through: see `wrapSharedEmitters`. `moved` is by how many columns the call stands behind the author's. */
type ViewSharedEmitter = (value: unknown, moved?: number) => unknown

export function viewSharedEmitters(leftovers: Leftovers): ViewSharedEmitter {
  return (value, moved = 0) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value
    // What the image opened itself is closed as a whole.
    if (isEmitterView(value) || leftovers.opened.has(value)) return value
    const sort = sortOf(value)
    if (!sort) return value
    const receiver = Object.create(value) as Receiver
    for (const name of sort.adders) {
      const real = (value as Receiver)[name]
      if (typeof real !== 'function') continue
      const add = (...args: unknown[]): unknown => {
        const result = Reflect.apply(real, value, args)
        const [, listener] = args
        if (typeof listener === 'function' || (typeof listener === 'object' && listener !== null))
          leftovers.add(new SharedListener(sort, value, args, captureCallSite(add, FEW_FRAMES, moved)))
        return result
      }
      Object.defineProperty(receiver, name, { value: add })
    }
    return receiver
  }
}
