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
  const globals: Record<string, unknown> = {
    ...views,
    fetch: viewFetch(leftovers),
    AbortSignal: viewAbortSignal(leftovers),
    ...viewWebSockets(leftovers),
  }
  for (const [name, module] of Object.entries(IN_BUILTINS))
    globals[name] = lazyClass(() => (builtin(module) as Record<string, Function>)[name]!)
  const view = viewGlobalObject(globals)
  return Object.assign(globals, { globalThis: view, global: view })
}

/**
 * The global object as the image's files name it. Everything that is not one of the views above is read from the real one, and every assignment
 * goes there, but for a view in its own place: the host has the real thing there. It is not the same object, which only a function in sloppy mode can notice, by its `this`.
 */
function viewGlobalObject(globals: Readonly<Record<string, unknown>>): object {
  const real = (key: string | symbol, value: unknown): unknown =>
    typeof key === 'string' && Object.hasOwn(globals, key) && value === globals[key]
      ? (Reflect.get(globalThis, key) as unknown)
      : value
  const view: object = new Proxy(globalThis, {
    get(target, key) {
      // What a program has put into a global's place is what the whole program sees.
      if (typeof key === 'string' && Object.hasOwn(globals, key)) return globals[key]
      return Reflect.get(target, key, target) as unknown
    },
    // An object that inherits from the global one gets a property of its own, unless the global one has a setter.
    set(target, key, value, receiver) {
      const there = receiver === view || Object.getOwnPropertyDescriptor(target, key)?.set !== undefined
      return Reflect.set(target, key, there ? real(key, value) : value, receiver === view ? target : receiver)
    },
    defineProperty: (target, key, descriptor) =>
      Reflect.defineProperty(
        target,
        key,
        'value' in descriptor ? { ...descriptor, value: real(key, descriptor.value) } : descriptor,
      ),
  })
  return view
}
