import { viewAbortSignal } from './abort_signals.ts'
import { viewFetch } from './fetch.ts'
import type { Leftovers } from './leftovers.ts'
import { lazyClass } from './view_object.ts'
import { viewWebSockets } from './web_sockets.ts'

/** Globals that are members of a builtin too. They are slow to load, and an image that uses none of them must not wait for them. */
const IN_BUILTINS = {
  MessageChannel: 'worker_threads',
  BroadcastChannel: 'worker_threads',
  PerformanceObserver: 'perf_hooks',
} as const

/** The image's own views of globals, by name. Each becomes a variable around the image's files. */
export function viewGlobals(
  leftovers: Leftovers,
  builtin: (name: string) => unknown,
  views: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const replaced: Replaced = new Map()
  const real = (name: string): unknown => (replaced.has(name) ? replaced.get(name) : Reflect.get(globalThis, name))
  const globals: Record<string, unknown> = {
    ...views,
    fetch: viewFetch(leftovers, () => real('fetch') as typeof globalThis.fetch),
    AbortSignal: viewAbortSignal(leftovers),
    ...viewWebSockets(leftovers, real),
  }
  for (const [name, module] of Object.entries(IN_BUILTINS))
    globals[name] = lazyClass(() => (builtin(module) as Record<string, Function>)[name]!)
  const view = viewGlobalObject(globals, replaced)
  return Object.assign(globals, { globalThis: view, global: view })
}

/** What stood in the places of globals in which the module has put something of its own: its views, which that may call, lead there. */
type Replaced = Map<string, unknown>

/**
 * The global object as the image's files name it. Everything that is not one of the views above is read from the real one, and every assignment
 * goes there, but for a view in its own place: the host gets back the real thing there. It is not the same object, which only a function in sloppy mode can notice, by its `this`.
 */
function viewGlobalObject(globals: Readonly<Record<string, unknown>>, replaced: Replaced): object {
  const isView = (key: string | symbol): key is string => typeof key === 'string' && Object.hasOwn(globals, key)
  const putting = (key: string | symbol, value: unknown): unknown => {
    if (!isView(key)) return value
    const there: unknown = replaced.has(key) ? replaced.get(key) : Reflect.get(globalThis, key)
    if (value === globals[key]) replaced.delete(key)
    else replaced.set(key, there)
    return value === globals[key] ? there : value
  }
  const view: object = new Proxy(globalThis, {
    get: (target, key) =>
      isView(key) && !replaced.has(key) ? globals[key] : (Reflect.get(target, key, target) as unknown),
    // An object that inherits from the global one gets a property of its own, unless the global one has a setter.
    set(target, key, value, receiver) {
      const there = receiver === view || Object.getOwnPropertyDescriptor(target, key)?.set !== undefined
      return Reflect.set(target, key, there ? putting(key, value) : value, receiver === view ? target : receiver)
    },
    defineProperty: (target, key, descriptor) =>
      Reflect.defineProperty(
        target,
        key,
        'value' in descriptor ? { ...descriptor, value: putting(key, descriptor.value) } : descriptor,
      ),
  })
  return view
}
