import realTimers from 'node:timers'
import realPromises from 'node:timers/promises'
import { type CallSite, captureCallSite, FEW_FRAMES } from './call_site.ts'
import type { LeftoverKind } from './kinds.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { stoppable } from './stoppable.ts'
import { viewOf } from './view_object.ts'

interface TimerOptions {
  readonly signal?: AbortSignal
  readonly ref?: boolean
}

type PromiseTimers = typeof realPromises

/** A promise of a timer that is asked for. */
interface Wanted<V> {
  readonly kind: LeftoverKind
  readonly what: string
  readonly site: CallSite
  readonly value: V
  readonly options: TimerOptions
  /** Starts a timer that calls `done`. */
  start(done: () => void): { readonly timer: { unref(): unknown }; stop(): void }
  /** Node's own of the same kind: given a signal that is aborted, it rejects in its own words. */
  real(): Promise<V>
}

/**
 * The image's own view of `node:timers/promises`. A pending promise whose timer is stopped at unload never settles, as a callback whose timer is cleared
 * is never called: nobody but the module waits for it, and a rejection that nobody there handles would take the host down.
 */
export function viewPromiseTimers(leftovers: Leftovers): PromiseTimers {
  const setTimeout = timeoutsOf(leftovers)
  const setImmediate = immediatesOf(leftovers)
  const { scheduler } = realPromises
  return viewOf(realPromises, {
    setTimeout,
    setImmediate,
    setInterval: intervalsOf(leftovers),
    scheduler: Object.create(scheduler, {
      wait: { value: (delay: number, options?: TimerOptions) => setTimeout(delay, undefined, options), writable: true },
      yield: { value: () => setImmediate(), writable: true },
    }),
  })
}

function timeoutsOf(leftovers: Leftovers) {
  return function setTimeout<V>(delay?: number, value?: V, options: TimerOptions = {}): Promise<V> {
    const real = () => realPromises.setTimeout(delay, value as V, options)
    if (!isPlain(delay, options)) return real()
    const start = (done: () => void) => {
      const timer = realTimers.setTimeout(done, delay)
      return { timer, stop: () => realTimers.clearTimeout(timer) }
    }
    const site = captureCallSite(setTimeout, FEW_FRAMES)
    return wait(leftovers, {
      kind: 'timeout',
      what: `timeout of ${delay ?? 1} ms`,
      site,
      value: value as V,
      options,
      start,
      real,
    })
  }
}

function immediatesOf(leftovers: Leftovers) {
  return function setImmediate<V>(value?: V, options: TimerOptions = {}): Promise<V> {
    const real = () => realPromises.setImmediate(value as V, options)
    if (!isPlain(undefined, options)) return real()
    const start = (done: () => void) => {
      const timer = realTimers.setImmediate(done)
      return { timer, stop: () => realTimers.clearImmediate(timer) }
    }
    const site = captureCallSite(setImmediate, FEW_FRAMES)
    return wait(leftovers, { kind: 'immediate', what: 'immediate', site, value: value as V, options, start, real })
  }
}

function intervalsOf(leftovers: Leftovers) {
  return function setInterval<V>(delay?: number, value?: V, options: TimerOptions = {}): AsyncIterator<V> {
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
}

function wait<V>(leftovers: Leftovers, { kind, what, site, value, options, start, real }: Wanted<V>): Promise<V> {
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
    const close = (): void => {
      stop()
      end()
    }
    const abort = (): void => {
      close()
      real().then(resolve, reject)
    }
    signal?.addEventListener('abort', abort, { once: true })
    const resource: Resource = { kind, site, what: () => what, close }
    leftovers.add(resource)
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
