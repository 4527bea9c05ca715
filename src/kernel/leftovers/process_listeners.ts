import { captureCallSite } from './call_site.ts'
import type { Leftovers, Resource } from './leftovers.ts'

type Listener = (...args: unknown[]) => void
type EventName = string | symbol

/**
 * The image's own view of `process`: everything is inherited from the real one, and the methods that add listeners remember whose they are.
 */
export function viewProcess(leftovers: Leftovers): NodeJS.Process {
  const added: { event: EventName; listener: Listener; resource: Resource }[] = []

  const forget = (event: EventName | undefined, listener?: Listener): void => {
    for (let index = added.length - 1; index >= 0; index--) {
      const entry = added[index]!
      if (event !== undefined && (entry.event !== event || (listener && entry.listener !== listener))) continue
      added.splice(index, 1)
      leftovers.remove(entry.resource)
      if (listener) return
    }
  }

  const adder = (method: 'on' | 'once' | 'prependListener' | 'prependOnceListener') => {
    const once = method === 'once' || method === 'prependOnceListener'
    const add = (event: EventName, listener: Listener): NodeJS.Process => {
      if (typeof listener !== 'function') {
        process[method](event as 'exit', listener as never)
        return view
      }
      const attached: Listener = once
        ? Object.assign(
            function (this: unknown, ...args: unknown[]) {
              forget(event, listener)
              Reflect.apply(listener, this, args)
            },
            // EventEmitter finds a wrapped listener by this property, in removeListener and in listeners().
            { listener },
          )
        : listener
      process[method](event as 'exit', attached as never)
      const resource: Resource = {
        kind: 'listener',
        what: () => `process '${String(event)}'`,
        close: () => {
          forget(event, listener)
          process.removeListener(event as 'exit', attached as never)
        },
      }
      added.push({ event, listener, resource })
      leftovers.add(resource, captureCallSite(add))
      return view
    }
    return add
  }

  const remove = (event: EventName, listener: Listener): NodeJS.Process => {
    forget(event, listener)
    process.removeListener(event as 'exit', listener as never)
    return view
  }

  const methods: Record<string, Function> = {
    on: adder('on'),
    addListener: adder('on'),
    once: adder('once'),
    prependListener: adder('prependListener'),
    prependOnceListener: adder('prependOnceListener'),
    removeListener: remove,
    off: remove,
    removeAllListeners: (...events: EventName[]) => {
      // Of a module's own: it has no business with the host's.
      for (const entry of [...added])
        if (events.length === 0 || entry.event === events[0]) remove(entry.event, entry.listener)
      return view
    },
  }
  const view = Object.create(process) as NodeJS.Process
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(view, name, { value, writable: true, configurable: true })
  return view
}
