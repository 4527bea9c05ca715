import type { EventEmitter } from 'node:events'
import { type CallSite, captureCallSite, FEW_FRAMES } from './call_site.ts'
import type { Leftovers, Resource } from './leftovers.ts'

type Listener = (...args: unknown[]) => void
type EventName = string | symbol

/** An emitter of the host that modules reach by a name of their own. */
interface SharedEmitter {
  readonly emitter: EventEmitter
  /** `process`, `process.stdin`. */
  readonly label: string
  /** Called when the last listener of the module has been taken away at unload. */
  readonly released?: () => void
}

/** One listener of the module: `attached` is what the emitter holds, which for `once` is a wrapper. */
class Attached implements Resource {
  readonly kind = 'listener'
  readonly site: CallSite
  readonly event: EventName
  readonly listener: Listener
  readonly attached: Listener
  readonly #shared: SharedEmitter
  readonly #forget: (entry: Attached) => void

  constructor(
    shared: SharedEmitter,
    site: CallSite,
    event: EventName,
    listener: Listener,
    attached: Listener,
    forget: (entry: Attached) => void,
  ) {
    this.#shared = shared
    this.site = site
    this.event = event
    this.listener = listener
    this.attached = attached
    this.#forget = forget
  }

  what(): string {
    return `${this.#shared.label} '${String(this.event)}'`
  }

  /** The host may have removed it. */
  isOpen(): boolean {
    return this.#shared.emitter.rawListeners(this.event).includes(this.attached)
  }

  isOver(): boolean {
    if (this.isOpen()) return false
    this.#forget(this)
    return true
  }

  close(): void {
    this.#forget(this)
    this.#shared.emitter.removeListener(this.event, this.attached)
    this.#shared.released?.()
  }
}

type ListenerMethods = Readonly<
  Record<
    | 'on'
    | 'addListener'
    | 'once'
    | 'prependListener'
    | 'prependOnceListener'
    | 'removeListener'
    | 'off'
    | 'removeAllListeners',
    Listener
  >
>

/** The methods that add and remove listeners, remembering the module's own. They return `view()`, as the emitter's would return the emitter. */
export function viewListenerMethods(shared: SharedEmitter, leftovers: Leftovers, view: () => object): ListenerMethods {
  const { emitter } = shared
  // In the order in which the emitter holds them.
  const entries: Attached[] = []

  const drop = (entry: Attached): void => {
    const index = entries.indexOf(entry)
    if (index !== -1) entries.splice(index, 1)
  }
  const forget = (entry: Attached): void => {
    drop(entry)
    leftovers.remove(entry)
  }

  const adder = (method: 'on' | 'prependListener', once: boolean) => {
    const add = (event: EventName, listener: Listener): object => {
      // The emitter says what is wrong with a listener that is none.
      if (typeof listener !== 'function') {
        emitter[method](event, listener)
        return view()
      }
      const attached = once ? onceOnly(event, listener) : listener
      const entry = new Attached(shared, captureCallSite(add, FEW_FRAMES), event, listener, attached, drop)
      if (method === 'on') entries.push(entry)
      else entries.unshift(entry)
      leftovers.add(entry)
      emitter[method](event, attached)
      return view()
    }
    return add as Listener
  }

  /** EventEmitter finds a wrapped listener by its property `listener`, in removeListener and in listeners(). */
  const onceOnly = (event: EventName, listener: Listener): Listener => {
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      const entry = entries.find(({ attached }) => attached === wrapper)
      if (!entry) return undefined
      forget(entry)
      emitter.removeListener(event, wrapper)
      return Reflect.apply(listener, this, args)
    }
    return Object.assign(wrapper, { listener })
  }

  const remove = (event: EventName, listener: Listener): object => {
    // Of a function that was added twice the emitter removes the last.
    const entry = entries.findLast(
      known => known.event === event && (known.listener === listener || known.attached === listener),
    )
    if (entry) forget(entry)
    emitter.removeListener(event, listener)
    return view()
  }

  const removeAll = (...events: EventName[]): object => {
    // Of the module's own: it has no business with the host's.
    for (const entry of [...entries])
      if (events.length === 0 || events[0] === undefined || entry.event === events[0])
        remove(entry.event, entry.attached)
    return view()
  }

  return {
    on: adder('on', false),
    addListener: adder('on', false),
    once: adder('on', true),
    prependListener: adder('prependListener', false),
    prependOnceListener: adder('prependListener', true),
    removeListener: remove as Listener,
    off: remove as Listener,
    removeAllListeners: removeAll as Listener,
  }
}

const views = new WeakSet<object>()

/** To be called with every view that looks after the image's listeners by itself. */
export function noteEmitterView<T extends object>(view: T): T {
  views.add(view)
  return view
}

export const isEmitterView = (value: object): boolean => views.has(value)

/** A whole view of a shared emitter: every use of it goes to the real one, but for the methods above. */
export function viewEmitter<E extends EventEmitter>(shared: SharedEmitter & { emitter: E }, leftovers: Leftovers): E {
  const methods = viewListenerMethods(shared, leftovers, () => view)
  const view: E = new Proxy(shared.emitter, {
    get: (target, key) =>
      Object.hasOwn(methods, key) ? methods[key as 'on'] : (Reflect.get(target, key, target) as unknown),
    set: (target, key, value) => Reflect.set(target, key, value, target),
  })
  views.add(view)
  return view
}
