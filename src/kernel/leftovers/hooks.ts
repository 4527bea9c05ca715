import type { AsyncHook } from 'node:async_hooks'
import { captureCallSite } from './call_site.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { viewStorage } from './storages.ts'
import { defineMethods, viewFunction } from './view_object.ts'

/** `AsyncLocalStorage` and `createHook` of `node:async_hooks`. */
export const viewAsyncHooks = (
  real: { AsyncLocalStorage: Function; createHook: (callbacks: never) => AsyncHook },
  leftovers: Leftovers,
): object => ({
  AsyncLocalStorage: viewStorage(real.AsyncLocalStorage, leftovers),
  createHook: viewFunction(real.createHook, ([callbacks]) => trackHook(real.createHook(callbacks as never), leftovers)),
})

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
  defineMethods(hook, { enable, disable })
  return hook
}
