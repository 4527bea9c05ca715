import realTimers from 'node:timers'
import realPromises from 'node:timers/promises'
import { type CallSite, captureCallSite, FEW_FRAMES } from './call_site.ts'
import type { LeftoverKind, Leftovers, Resource } from './leftovers.ts'
import { stoppable } from './stoppable.ts'
import { viewOf } from './view_object.ts'

interface TimerOptions {
  readonly signal?: AbortSignal
  readonly ref?: boolean
}

type PromiseTimers = typeof realPromises

/**
 * The image's own view of `node:timers/promises`. A pending promise whose timer is stopped at unload never settles, as a callback whose timer is cleared
 * is never called: nobody but the module waits for it, and a rejection that nobody there handles would take the host down.
 */
export function viewPromiseTimers(leftovers: Leftovers): PromiseTimers {
  const remember = (kind: LeftoverKind, what: string, site: CallSite, stop: () => void): Resource => {
    const resource: Resource = { kind, site, what: () => what, close: stop }
    leftovers.add(resource)
    return resource
  }

  const wait = <V>(
    real: () => Promise<V>,
    start: (done: () => void) => { timer: { unref(): unknown }; stop: () => void },
    what: [LeftoverKind, string],
    value: V,
    options: TimerOptions,
    below: Function,
  ): Promise<V> => {
    const { signal, ref } = options
    return new Promise<V>((resolve, reject) => {
      const end = (): void => {
        leftovers.remove(resource)
        signal?.removeEventListener('abort', abort)
      }
      const { timer, stop } = start(() => {
        end()
        resolve(value)
      })
      if (ref === false) timer.unref()
      const stopAll = (): void => {
        stop()
        end()
      }
      const abort = (): void => {
        stopAll()
        // Node's own, given a signal that is aborted, rejects in its own words.
        real().then(resolve, reject)
      }
      signal?.addEventListener('abort', abort, { once: true })
      const resource = remember(...what, captureCallSite(below, FEW_FRAMES), stopAll)
    })
  }

  const setTimeout = <V>(delay?: number, value?: V, options: TimerOptions = {}): Promise<V> => {
    const real = () => realPromises.setTimeout(delay, value as V, options)
    if (!isPlain(delay, options)) return real()
    const start = (done: () => void) => {
      const timer = realTimers.setTimeout(done, delay)
      return { timer, stop: () => realTimers.clearTimeout(timer) }
    }
    return wait(real, start, ['timeout', `timeout of ${delay ?? 1} ms`], value as V, options, setTimeout)
  }

  const setImmediate = <V>(value?: V, options: TimerOptions = {}): Promise<V> => {
    const real = () => realPromises.setImmediate(value as V, options)
    if (!isPlain(undefined, options)) return real()
    const start = (done: () => void) => {
      const timer = realTimers.setImmediate(done)
      return { timer, stop: () => realTimers.clearImmediate(timer) }
    }
    return wait(real, start, ['immediate', 'immediate'], value as V, options, setImmediate)
  }

  const setInterval = <V>(delay?: number, value?: V, options: TimerOptions = {}): AsyncIterator<V> => {
    if (!isPlain(delay, options)) return realPromises.setInterval(delay, value as V, options)[Symbol.asyncIterator]()
    const label = {
      kind: 'interval',
      what: `interval of ${delay ?? 1} ms`,
      site: captureCallSite(setInterval, FEW_FRAMES),
    } as const
    return stoppable(leftovers, label, options.signal, signal =>
      realPromises.setInterval(delay, value as V, { ...options, signal }),
    )
  }

  const { scheduler } = realPromises
  return viewOf(realPromises, {
    setTimeout,
    setImmediate,
    setInterval,
    scheduler: Object.create(scheduler, {
      wait: { value: (delay: number, options?: TimerOptions) => setTimeout(delay, undefined, options), writable: true },
      yield: { value: () => setImmediate(), writable: true },
    }),
  })
}

/** Whatever Node would refuse is left to Node. */
const isPlain = (delay: unknown, options: unknown): boolean => {
  if (delay !== undefined && typeof delay !== 'number') return false
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return false
  const { signal, ref } = options as { signal?: unknown; ref?: unknown }
  if (ref !== undefined && typeof ref !== 'boolean') return false
  return signal === undefined || (signal instanceof AbortSignal && !signal.aborted)
}
