import { type AsyncLocalStorage, executionAsyncResource } from 'node:async_hooks'
import { type CallSite, captureCallSite } from './call_site.ts'
import { trackHandle } from './handle.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { standFor } from './view_object.ts'

type Storage = AsyncLocalStorage<unknown>
type StorageClass = new (...args: unknown[]) => Storage
type AnyFunction = (...args: unknown[]) => unknown

/** What `withScope` gives, where Node has it: left when it is disposed. */
interface Scope {
  dispose(): void
}
type StorageWithScopes = Storage & { withScope(store: unknown): Scope }

/** The storages of one image that were entered and not left again. */
class EnteredStorages {
  readonly #leftovers: Leftovers
  readonly #resources = new WeakMap<Storage, Resource>()

  constructor(leftovers: Leftovers) {
    this.#leftovers = leftovers
  }

  add(storage: Storage, method: string, site: CallSite): void {
    this.forget(storage)
    const resource = enteredStorage(storage, method, site)
    this.#resources.set(storage, resource)
    this.#leftovers.add(resource)
  }

  forget(storage: Storage): void {
    const resource = this.#resources.get(storage)
    if (resource) this.#leftovers.remove(resource)
    this.#resources.delete(storage)
  }
}

/**
 * A storage that was used by `run` is clean, but Node keeps it in a list for ever unless it is disabled. One that was entered by `enterWith`, or by `withScope` whose scope was not disposed, is left
 * behind: its store goes on with whatever was begun there.
 */
export function viewStorage(real: Function, leftovers: Leftovers): Function {
  const Real = real as StorageClass
  const entered = new EnteredStorages(leftovers)

  class View extends Real {
    static {
      if (!('withScope' in Real.prototype)) Reflect.deleteProperty(View.prototype, 'withScope')
    }

    /** Node's own methods enter, and leave again, by `enterWith`. */
    #isOfNode = false

    constructor(...args: unknown[]) {
      super(...args)
      trackHandle(leftovers, this, DISABLED_AT_UNLOAD, undefined)
    }

    override enterWith(store: unknown): void {
      if (!this.#isOfNode) entered.add(this, 'enterWith', captureCallSite(View.prototype.enterWith))
      super.enterWith(store)
      if (!this.#isOfNode) noteCarrier(this)
    }

    override run(store: unknown, callback: AnyFunction, ...args: unknown[]): unknown {
      const before = this.#isOfNode
      this.#isOfNode = true
      try {
        return super.run(store, View.#runInside, this, callback, args)
      } finally {
        this.#isOfNode = before
      }
    }

    /** No closure: this is called for each request of a busy host. */
    static #runInside(view: View, callback: AnyFunction, args: unknown[]): unknown {
      view.#isOfNode = false
      try {
        return Reflect.apply(callback, null, args)
      } finally {
        view.#isOfNode = true
      }
    }

    withScope(store: unknown): Scope {
      entered.add(this, 'withScope', captureCallSite(View.prototype.withScope))
      const scope = this.#quietly(() => (Real.prototype as StorageWithScopes).withScope.call(this, store))
      const { dispose } = scope
      const leave = (): void => {
        entered.forget(this)
        this.#quietly(() => dispose.call(scope))
      }
      return Object.defineProperty(scope, 'dispose', { value: leave, writable: true, configurable: true })
    }

    #quietly<T>(work: () => T): T {
      this.#isOfNode = true
      try {
        return work()
      } finally {
        this.#isOfNode = false
      }
    }

    override disable(): void {
      entered.forget(this)
      super.disable()
      dropStores(this)
    }
  }
  return standFor(View, Real)
}

const DISABLED_AT_UNLOAD = {
  kind: 'hook',
  silent: true,
  what: () => 'AsyncLocalStorage',
  isOpen: (storage: Storage) => (storage as { enabled?: boolean }).enabled !== false,
  close: (storage: Storage) => storage.disable(),
} as const

/** The first and the last execution that a storage was entered in. */
const carriers = new WeakMap<Storage, [first: WeakRef<object>, last: WeakRef<object>]>()

/** Where a store is a property of the resource of an execution (Node 20 and 22), that of the main program keeps it for ever, also once the storage is disabled. */
function noteCarrier(storage: Storage): void {
  if (!('kResourceStore' in storage)) return
  const carrier = new WeakRef(executionAsyncResource())
  carriers.set(storage, [carriers.get(storage)?.[0] ?? carrier, carrier])
}

function dropStores(storage: Storage): void {
  for (const carrier of carriers.get(storage) ?? [])
    Reflect.deleteProperty(carrier.deref() ?? {}, (storage as { kResourceStore?: symbol }).kResourceStore!)
}

/** Weak: what was entered may be collected with whoever knew it. */
function enteredStorage(storage: Storage, method: string, site: CallSite): Resource {
  const reference = new WeakRef(storage)
  return {
    kind: 'hook',
    site,
    what: () => `AsyncLocalStorage entered with ${method}()`,
    isOpen: () => reference.deref() !== undefined,
    isOver: () => reference.deref() === undefined,
    close: () => reference.deref()?.disable(),
  }
}
