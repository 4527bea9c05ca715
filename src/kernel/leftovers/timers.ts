import nodeTimers from 'node:timers'
import { promisify } from 'node:util'
import { captureCallSite } from './call_site.ts'
import type { LeftoverKind, Leftovers, Resource } from './leftovers.ts'

type Callback = (...args: unknown[]) => void
type Start<T> = (callback: Callback, ...rest: unknown[]) => T
type Handle = NodeJS.Timeout | NodeJS.Immediate

/** The image's own view of the timer functions: the host's, which also remember what is pending. */
export interface TimerView {
  readonly setTimeout: unknown
  readonly setInterval: unknown
  readonly setImmediate: unknown
  readonly clearTimeout: unknown
  readonly clearInterval: unknown
  readonly clearImmediate: unknown
}

export function viewTimers(leftovers: Leftovers): TimerView {
  const pending = new Map<unknown, Resource>()

  const forget = (handle: unknown): void => {
    const resource = pending.get(handle)
    if (!resource) return
    pending.delete(handle)
    leftovers.remove(resource)
  }

  const opener = <T extends Handle>(kind: LeftoverKind, start: Start<T>, stop: (handle: T) => void) => {
    const once = kind !== 'interval'
    const open = (callback: Callback, ...rest: unknown[]): T => {
      // The host's function says what is wrong with a callback that is none.
      if (typeof callback !== 'function') return start(callback, ...rest)
      const handle: T = start(
        once
          ? function (this: unknown, ...args: unknown[]) {
              forget(handle)
              Reflect.apply(callback, this, args)
            }
          : callback,
        ...rest,
      )
      const resource: Resource = {
        kind,
        what: () => (kind === 'immediate' ? 'immediate' : `${kind} of ${Number(rest[0] ?? 1)} ms`),
        close: () => {
          pending.delete(handle)
          stop(handle)
        },
      }
      pending.set(handle, resource)
      leftovers.add(resource, captureCallSite(open))
      return handle
    }
    return open
  }

  const closer = (stop: (handle: never) => void) => (handle: unknown) => {
    // A timer may also be named by its number, which is what it turns into as a key.
    if (!pending.has(handle) && (typeof handle === 'number' || typeof handle === 'string'))
      for (const known of pending.keys()) if (Number(known) === Number(handle)) forget(known)
    forget(handle)
    stop(handle as never)
  }

  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = nodeTimers
  return {
    setTimeout: withPromisify(
      opener('timeout', setTimeout as unknown as Start<NodeJS.Timeout>, clearTimeout),
      setTimeout,
    ),
    setInterval: opener('interval', setInterval as unknown as Start<NodeJS.Timeout>, clearInterval),
    setImmediate: withPromisify(
      opener('immediate', setImmediate as unknown as Start<NodeJS.Immediate>, clearImmediate),
      setImmediate,
    ),
    clearTimeout: closer(clearTimeout),
    clearInterval: closer(clearInterval),
    clearImmediate: closer(clearImmediate),
  }
}

const withPromisify = (view: Function, real: Function): Function =>
  Object.defineProperty(view, promisify.custom, {
    value: (real as unknown as Record<symbol, unknown>)[promisify.custom],
  })
