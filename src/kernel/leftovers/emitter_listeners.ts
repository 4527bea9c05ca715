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

/** What the module has attached to one shared emitter, by methods that return `view()`, as the emitter's would return the emitter. */
class OwnListeners {
  readonly #shared: SharedEmitter
  readonly #leftovers: Leftovers
  readonly #view: () => object
  /** In the order in which the emitter holds them. */
  readonly #entries: Attached[] = []

  constructor(shared: SharedEmitter, leftovers: Leftovers, view: () => object) {
    this.#shared = shared
    this.#leftovers = leftovers
    this.#view = view
  }

  readonly #drop = (entry: Attached): void => {
    const index = this.#entries.indexOf(entry)
    if (index !== -1) this.#entries.splice(index, 1)
  }

  #forget(entry: Attached): void {
    this.#drop(entry)
    this.#leftovers.remove(entry)
  }

  adder(method: 'on' | 'prependListener', attachedFor = asItIs): Listener {
    const { emitter } = this.#shared
    const add = (event: EventName, listener: Listener): object => {
      // The emitter says what is wrong with a listener that is none.
      if (typeof listener !== 'function') {
        emitter[method](event, listener)
        return this.#view()
      }
      const attached = attachedFor(event, listener)
      const site = captureCallSite(add, FEW_FRAMES)
      const entry = new Attached(this.#shared, site, event, listener, attached, this.#drop)
      if (method === 'on') this.#entries.push(entry)
      else this.#entries.unshift(entry)
      this.#leftovers.add(entry)
      emitter[method](event, attached)
      return this.#view()
    }
    return add as Listener
  }

  /** EventEmitter finds a wrapped listener by its property `listener`, in removeListener and in listeners(). */
  readonly onceOnly = (event: EventName, listener: Listener): Listener => {
    const own = this
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      const entry = own.#entries.find(({ attached }) => attached === wrapper)
      if (!entry) return undefined
      own.#forget(entry)
      own.#shared.emitter.removeListener(event, wrapper)
      return Reflect.apply(listener, this, args)
    }
    return Object.assign(wrapper, { listener })
  }

  readonly remove = (event: EventName, listener: Listener): object => {
    // Of a function that was added twice the emitter removes the last.
    const entry = this.#entries.findLast(
      known => known.event === event && (known.listener === listener || known.attached === listener),
    )
    if (entry) this.#forget(entry)
    this.#shared.emitter.removeListener(event, listener)
    return this.#view()
  }

  /** Of the module's own: it has no business with the host's. */
  readonly removeAll = (...events: EventName[]): object => {
    for (const { event, attached } of [...this.#entries])
      if (events.length === 0 || events[0] === undefined || event === events[0]) this.remove(event, attached)
    return this.#view()
  }
}

const asItIs = (_event: EventName, listener: Listener): Listener => listener

/** The methods that add and remove listeners, remembering the module's own. They return `view()`, as the emitter's would return the emitter. */
export function viewListenerMethods(shared: SharedEmitter, leftovers: Leftovers, view: () => object): ListenerMethods {
  const own = new OwnListeners(shared, leftovers, view)
  return {
    on: own.adder('on'),
    addListener: own.adder('on'),
    once: own.adder('on', own.onceOnly),
    prependListener: own.adder('prependListener'),
    prependOnceListener: own.adder('prependListener', own.onceOnly),
    removeListener: own.remove as Listener,
    off: own.remove as Listener,
    removeAllListeners: own.removeAll as Listener,
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
