import type { EventEmitter } from 'node:events'
import { resolve } from 'node:path'
import { noteAddon } from './addons.ts'
import { type CallSite, captureCallSite } from './call_site.ts'
import { noteEmitterView, viewEmitter, viewListenerMethods } from './emitter_listeners.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { defineMethods, viewFunction } from './view_object.ts'

type CaptureCallback = ((error: Error) => void) | null

/**
 * The image's own view of `process`: everything is read from the real one, at the cost of any property, and the methods that add
 * listeners remember whose they are.
 *
 * @param builtin the image's view of a builtin, for `process.getBuiltinModule`
 */
export function viewProcess(leftovers: Leftovers, builtin: (name: string) => unknown): NodeJS.Process {
  const view = noteEmitterView(Object.create(forwarding()) as NodeJS.Process)
  for (const [name, descriptor] of ownProperties()) Object.defineProperty(view, name, descriptor)
  const shared = { emitter: process as unknown as EventEmitter, label: 'process' }
  defineMethods(
    view,
    viewListenerMethods(shared, leftovers, () => view),
  )
  defineMethods(view, {
    setUncaughtExceptionCaptureCallback: captureCallback(leftovers),
    dlopen: viewFunction(process.dlopen, args => {
      Reflect.apply(process.dlopen, process, args)
      noteAddon(leftovers, resolve(String(args[1])))
    }),
  })
  if ('getBuiltinModule' in process)
    defineMethods(view, {
      getBuiltinModule: (name: string) => (process.getBuiltinModule(name) === undefined ? undefined : builtin(name)),
    })
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    let stream: NodeJS.Process[typeof name] | undefined
    Object.defineProperty(view, name, {
      get: () => (stream ??= viewStream(name, leftovers)),
      configurable: true,
      enumerable: true,
    })
  }
  return view
}

type Property = readonly [name: string, descriptor: PropertyDescriptor]

let own: readonly Property[] | undefined

/** What copies a builtin property by property, as compilers do for `import * as process`, asks for those that it has itself. Made once for all images. */
function ownProperties(): readonly Property[] {
  own ??= Object.entries(Object.getOwnPropertyDescriptors(process))
    .filter(([name]) => !name.startsWith('_'))
    .map(([name, descriptor]) => [name, readFromReal(name, descriptor)])
  return own
}

function readFromReal(name: string, { enumerable = false, writable, set }: PropertyDescriptor): PropertyDescriptor {
  const base = forwarding()
  const get = () => Reflect.get(base, name) as unknown
  if (set || ASSIGNED.includes(name))
    return { get, set: value => Reflect.set(process, name, value), enumerable, configurable: true }
  if (writable !== true) return { get, enumerable, configurable: true }
  return {
    get,
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, enumerable, configurable: true })
    },
    enumerable,
    configurable: true,
  }
}

/** Fields that a module may assign for the whole process. */
const ASSIGNED = ['title', 'debugPort', 'noDeprecation', 'throwDeprecation', 'traceDeprecation', 'domain']

/** What inheriting alone would get wrong: fields that a module may assign, and methods that assign to `this`. Made once for all images. */
let base: object | undefined
function forwarding(): object {
  if (base) return base
  base = Object.create(process) as object
  for (const name of ASSIGNED)
    Object.defineProperty(base, name, {
      get: () => Reflect.get(process, name) as unknown,
      set: value => Reflect.set(process, name, value),
      configurable: true,
    })
  for (const name of ['setMaxListeners', 'send', 'disconnect'] as const) {
    const method = process[name] as ((...args: unknown[]) => unknown) | undefined
    if (method) defineMethods(base, { [name]: (...args: unknown[]) => Reflect.apply(method, process, args) as unknown })
  }
  return base
}

/** Reading one of the standard streams opens it, so its view is made when it is read. */
function viewStream<N extends 'stdin' | 'stdout' | 'stderr'>(name: N, leftovers: Leftovers): NodeJS.Process[N] {
  const stream = process[name]
  if (!stream) return stream
  const released = (): void => {
    // A stream that flows with nobody to read it would keep the process alive and lose what the host reads later.
    if (name === 'stdin' && READERS.every(event => stream.listenerCount(event) === 0)) process.stdin.pause()
  }
  return viewEmitter(
    { emitter: stream as unknown as EventEmitter, label: `process.${name}`, released },
    leftovers,
  ) as unknown as NodeJS.Process[N]
}

const READERS = ['data', 'readable']

/** There is one such callback in a process; a module that is gone must not go on deciding about the host's errors. */
function captureCallback(leftovers: Leftovers): (callback: CaptureCallback) => void {
  let resource: Resource | undefined
  const set = (callback: CaptureCallback): void => {
    process.setUncaughtExceptionCaptureCallback(callback)
    if (resource) leftovers.remove(resource)
    resource = callback === null ? undefined : captured(captureCallSite(set))
    if (resource) leftovers.add(resource)
  }
  return set
}

const captured = (site: CallSite): Resource => ({
  kind: 'hook',
  site,
  what: () => 'uncaught exception capture callback',
  isOpen: () => process.hasUncaughtExceptionCaptureCallback(),
  close: () => process.setUncaughtExceptionCaptureCallback(null),
})
