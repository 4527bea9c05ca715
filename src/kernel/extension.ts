import { EventEmitter } from 'node:events'
import { ModuleError } from './errno.ts'
import { shortly } from './shown.ts'
import { textOf } from './thrown.ts'

/** Who registered an entry. */
export interface Owner {
  readonly module: string
  readonly generation: number
  readonly file: string
}

/** What `register` gives a module. */
export interface Registration extends Disposable {
  readonly point: string
  /** Takes the entry away. Calls in flight finish. Doing it twice is harmless. */
  unregister(): void
}

/** An image's part of a registration, before and while it stands in a point. */
export interface Entry {
  readonly owner: Owner
  /** What the host gets: the module's operations behind the image's gate. */
  readonly face: unknown
  readonly key: string | undefined
}

/** A place in a point. A replaced module's entries keep their places: the slot stays, its entry changes. */
export interface Slot {
  entry: Entry | undefined
}

/**
 * Looks at each slot when its turn comes, and at none that was added since it began. No generator: the engine makes a loop over a plain iterator as fast as one over a
 * list.
 */
class Walk<T> implements IterableIterator<T> {
  readonly #slots: readonly Slot[]
  readonly #end: number
  #at = 0

  constructor(slots: readonly Slot[]) {
    this.#slots = slots
    this.#end = slots.length
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<T, undefined> {
    while (this.#at < this.#end) {
      const { entry } = this.#slots[this.#at++]!
      if (entry) return { done: false, value: entry.face as T }
    }
    return { done: true, value: undefined }
  }
}

/** As every iterator of the language it has `map`, `filter` and the like, where the engine has them. */
Object.setPrototypeOf(
  Walk.prototype,
  Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()) as object) as object,
)

/**
 * A named place where modules register operations that the host calls. Iterating it yields the operations in order of registration,
 * and never one whose module is gone: an entry that is withdrawn while a loop runs is skipped, one that is replaced is met in its new version.
 *
 * @example
 * await kernel.modprobe('hello')
 * const greeters = kernel.point('greeter')
 * for (const greet of greeters) console.log(await greet('world')) // Hello world
 */
export class ExtensionPoint<T = unknown> implements Iterable<T> {
  readonly name: string
  /**
   * In order. A slot that was left stays, empty, so that a removal takes the same time in a long list; whoever comes next takes such slots out when they are the most of
   * it. Never changed but at its end: walks are under way.
   */
  #slots: Slot[] = []
  #size = 0
  readonly #owners = new WeakMap<object, Owner>()
  /** Of entries that no listener has heard of yet: none hears of their end then. */
  readonly #untold = new Set<Slot>()
  readonly #events = new EventEmitter()
  readonly #onListenerError: (error: unknown) => void

  constructor(name: string, onListenerError: (error: unknown) => void) {
    this.name = name
    this.#events.setMaxListeners(0)
    this.#onListenerError = onListenerError
  }

  /** How many entries there are. */
  get size(): number {
    return this.#size
  }

  #tidied(): Slot[] {
    if (this.#slots.length > 2 * this.#size) this.#slots = this.#slots.filter(isTaken)
    return this.#slots
  }

  [Symbol.iterator](): IterableIterator<T> {
    return new Walk<T>(this.#tidied())
  }

  /**
   * The first entry whose `key`, `name` or `id` (for a function, its name) is `key`, or that a module of this name registered.
   *
   * @example
   * await kernel.modprobe('hello')
   * const greet = kernel.point<(name: string) => string>('greeter').get('greet')
   * console.log(greet?.('world')) // Hello world
   */
  get(key: string): T | undefined {
    const slots = this.#tidied()
    const found =
      slots.find(({ entry }) => entry?.key === key) ?? slots.find(({ entry }) => entry?.owner.module === key)
    return found?.entry?.face as T | undefined
  }

  /**
   * Who registered this entry, also after it was withdrawn.
   *
   * @example
   * await kernel.modprobe('hello')
   * const greeters = kernel.point('greeter')
   * for (const greet of greeters) console.log(greeters.owner(greet)?.module) // hello
   */
  owner(entry: T): Owner | undefined {
    return isObject(entry) ? this.#owners.get(entry) : undefined
  }

  /**
   * Hears of entries that come or go. At a replace the old ones go, and then the new ones come, when all are in place.
   *
   * @throws ModuleError EINVAL for an event that never comes
   * @example
   * kernel.point('greeter').on('add', (_, { module, generation }) => console.log(`${module}#${generation} greets`))
   * await kernel.modprobe('hello') // hello#1 greets
   */
  on(event: 'add' | 'remove', listener: (entry: T, owner: Owner) => void): this {
    checkEvent('on', event)
    this.#events.on(event, listener)
    return this
  }

  off(event: 'add' | 'remove', listener: (entry: T, owner: Owner) => void): this {
    checkEvent('off', event)
    this.#events.off(event, listener)
    return this
  }

  /**
   * Puts an entry behind the others. Whoever has noted the slot calls `tell`: a listener may take the entry away at once.
   *
   * @internal
   */
  add(entry: Entry): Slot {
    const slot: Slot = { entry }
    this.#tidied().push(slot)
    this.#size++
    this.#own(entry)
    this.#untold.add(slot)
    return slot
  }

  /**
   * Tells listeners of an entry that was put there, unless it is gone already.
   *
   * @internal
   */
  tell(slot: Slot): void {
    if (this.#untold.delete(slot)) this.#tell('add', slot.entry!)
  }

  /** @internal */
  remove(slot: Slot): void {
    const { entry } = slot
    if (!entry) return
    slot.entry = undefined
    this.#size--
    if (!this.#untold.delete(slot)) this.#tell('remove', entry)
  }

  /**
   * Puts `entries` into the places of `slots`: one for one, further ones behind the last, places without a successor vanish.
   * Listeners are told by the function returned, once everything is in place everywhere.
   *
   * @internal
   */
  swap(slots: readonly Slot[], entries: readonly Entry[]): { slots: Slot[]; tell: () => void } {
    const removed: Entry[] = []
    const placed: Slot[] = []
    for (const [index, slot] of slots.entries()) {
      if (slot.entry) removed.push(slot.entry)
      slot.entry = entries[index]
      if (slot.entry) placed.push(slot)
    }
    const extra = entries.slice(slots.length).map(entry => ({ entry }))
    if (extra.length > 0) {
      const last = slots.length === 0 ? this.#slots.length : this.#slots.indexOf(slots[slots.length - 1]!) + 1
      this.#slots = [...this.#slots.slice(0, last), ...extra, ...this.#slots.slice(last)].filter(isTaken)
    }
    this.#size += entries.length - removed.length
    for (const entry of entries) this.#own(entry)
    const taken = [...placed, ...extra]
    for (const slot of taken) this.#untold.add(slot)
    return {
      slots: taken,
      tell: () => {
        for (const entry of removed) this.#tell('remove', entry)
        for (const slot of taken) this.tell(slot)
      },
    }
  }

  #own(entry: Entry): void {
    if (isObject(entry.face)) this.#owners.set(entry.face, entry.owner)
  }

  #tell(event: 'add' | 'remove', entry: Entry): void {
    for (const listener of this.#events.listeners(event)) {
      try {
        listener.call(this, entry.face, entry.owner)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
  }
}

function checkEvent(operation: string, event: unknown): void {
  if (event === 'add' || event === 'remove') return
  throw new ModuleError('EINVAL', {
    reason: `${operation}: a point has no event '${shortly(textOf(event))}'; there are add, remove`,
  })
}

const isTaken = ({ entry }: Slot): boolean => entry !== undefined

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
