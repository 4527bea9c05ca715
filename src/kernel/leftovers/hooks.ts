import type { AsyncHook, AsyncLocalStorage } from 'node:async_hooks'
import { type CallSite, captureCallSite } from './call_site.ts'
import { trackHandle } from './handle.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { standFor, viewFunction } from './view_object.ts'

type Storage = AsyncLocalStorage<unknown>
type StorageClass = new (...args: unknown[]) => Storage

/** `AsyncLocalStorage` and `createHook` of `node:async_hooks`. */
export const viewAsyncHooks = (
  real: { AsyncLocalStorage: Function; createHook: (callbacks: never) => AsyncHook },
  leftovers: Leftovers,
): object => ({
  AsyncLocalStorage: viewStorage(real.AsyncLocalStorage as StorageClass, leftovers),
  createHook: viewFunction(real.createHook, ([callbacks]) => trackHook(real.createHook(callbacks as never), leftovers)),
})

/**
 * A storage that was used by `run` is clean, but Node keeps it in a list for ever unless it is disabled. One that was entered by `enterWith` is left
 * behind: its store goes on with whatever was begun there.
 */
function viewStorage(Real: StorageClass, leftovers: Leftovers): Function {
  const entered = new WeakMap<Storage, Resource>()
  const forget = (storage: Storage): void => {
    const resource = entered.get(storage)
    if (resource) leftovers.remove(resource)
    entered.delete(storage)
  }

  class View extends Real {
    constructor(...args: unknown[]) {
      super(...args)
      trackHandle(leftovers, this, DISABLED_AT_UNLOAD, undefined)
    }

    override enterWith(store: unknown): void {
      forget(this)
      const resource = enteredStorage(this, captureCallSite(View.prototype.enterWith))
      super.enterWith(store)
      entered.set(this, resource)
      leftovers.add(resource)
    }

    override disable(): void {
      forget(this)
      super.disable()
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

/** Weak: what was entered may be collected with whoever knew it. */
function enteredStorage(storage: Storage, site: CallSite): Resource {
  const reference = new WeakRef(storage)
  return {
    kind: 'hook',
    site,
    what: () => 'AsyncLocalStorage entered with enterWith()',
    isOpen: () => reference.deref() !== undefined,
    isOver: () => reference.deref() === undefined,
    close: () => reference.deref()?.disable(),
  }
}

/** A hook does not tell whether it is enabled, so its own two methods do. */
function trackHook(hook: AsyncHook, leftovers: Leftovers): AsyncHook {
  const prototype = Object.getPrototypeOf(hook) as AsyncHook
  let resource: Resource | undefined
  const disable = (): AsyncHook => {
    if (resource) leftovers.remove(resource)
    resource = undefined
    return prototype.disable.call(hook)
  }
  const enable = (): AsyncHook => {
    if (!resource) {
      resource = { kind: 'hook', site: captureCallSite(enable), what: () => 'async hook', close: disable }
      leftovers.add(resource)
    }
    return prototype.enable.call(hook)
  }
  for (const [name, value] of Object.entries({ enable, disable }))
    Object.defineProperty(hook, name, { value, writable: true, configurable: true })
  return hook
}
