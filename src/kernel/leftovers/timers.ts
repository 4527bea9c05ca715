import nodeTimers from 'node:timers'
import { type CallSite, captureCallSite, FEW_FRAMES } from './call_site.ts'
import type { LeftoverKind } from './kinds.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { PROMISIFIED } from './view_object.ts'
import { TIMER_FUNCTIONS } from './viewed.ts'

type Callback = (...args: unknown[]) => void
type Start<T> = (callback: Callback, ...rest: unknown[]) => T
type Handle = NodeJS.Timeout | NodeJS.Immediate
/** What Node itself reads of a timer. A timer that is refreshed while it fires is back in a list. */
type TimerFields = { readonly _destroyed?: boolean; readonly _idleNext?: unknown }

/** The image's own view of the timer functions: the host's, which also remember what is pending. */
export type TimerView = Readonly<Record<(typeof TIMER_FUNCTIONS)[number], unknown>>

type TimerKind = LeftoverKind & ('timeout' | 'interval' | 'immediate')

class Timer implements Resource {
  readonly kind: TimerKind
  readonly site: CallSite
  readonly #pending: Map<unknown, Timer>
  readonly #handle: Handle
  readonly #delay: unknown
  readonly #stop: (handle: never) => void

  constructor(
    pending: Map<unknown, Timer>,
    kind: TimerKind,
    site: CallSite,
    handle: Handle,
    delay: unknown,
    stop: (handle: never) => void,
  ) {
    this.#pending = pending
    this.kind = kind
    this.site = site
    this.#handle = handle
    this.#delay = delay
    this.#stop = stop
  }

  what(): string {
    return this.kind === 'immediate' ? 'immediate' : `${this.kind} of ${Number(this.#delay ?? 1)} ms`
  }

  isOpen(): boolean {
    return (this.#handle as TimerFields)._destroyed !== true
  }

  isOver(): boolean {
    if (this.isOpen()) return false
    this.#pending.delete(this.#handle)
    return true
  }

  close(): void {
    this.#pending.delete(this.#handle)
    this.#stop(this.#handle as never)
  }
}

/** The timers of one image that are pending, by what the host's functions gave for them. */
class PendingTimers {
  readonly #leftovers: Leftovers
  readonly #timers = new Map<unknown, Timer>()

  constructor(leftovers: Leftovers) {
    this.#leftovers = leftovers
  }

  #forget(handle: unknown): void {
    const timer = this.#timers.get(handle)
    if (!timer) return
    this.#timers.delete(handle)
    this.#leftovers.remove(timer)
  }

  /** `setTimeout` and its like, remembering what they start until it has fired. */
  opener<T extends Handle>(kind: TimerKind, start: Start<T>, stop: (handle: T) => void): Start<T> {
    const forget = (handle: unknown): void => this.#forget(handle)
    const open = (callback: Callback, ...rest: unknown[]): T => {
      // The host's function says what is wrong with a callback that is none.
      if (typeof callback !== 'function') return start(callback, ...rest)
      const handle: T = start(kind === 'interval' ? callback : fired, ...rest)
      function fired(this: unknown, ...args: unknown[]): void {
        if (kind === 'immediate') forget(handle)
        Reflect.apply(callback, this, args)
        // One that its callback refreshed is back in a list.
        if (kind === 'timeout' && !(handle as TimerFields)._idleNext) forget(handle)
      }
      const timer = new Timer(this.#timers, kind, captureCallSite(open, FEW_FRAMES), handle, rest[0], stop)
      this.#timers.set(handle, timer)
      this.#leftovers.add(timer)
      return handle
    }
    return open
  }

  /** `clearTimeout` and its like. */
  closer(stop: (handle: never) => void) {
    return (handle?: unknown): void => {
      // A timer may also be named by its number, which is what it turns into as a key.
      if (!this.#timers.has(handle) && (typeof handle === 'number' || typeof handle === 'string'))
        for (const known of this.#timers.keys()) if (Number(known) === Number(handle)) this.#forget(known)
      this.#forget(handle)
      stop(handle as never)
    }
  }
}

/** @param promised the promise forms, for `promisify` */
export function viewTimers(leftovers: Leftovers, promised: () => Record<string, unknown>): TimerView {
  const pending = new PendingTimers(leftovers)
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = nodeTimers
  const view = {
    setTimeout: pending.opener('timeout', setTimeout as unknown as Start<NodeJS.Timeout>, clearTimeout),
    setInterval: pending.opener('interval', setInterval as unknown as Start<NodeJS.Timeout>, clearInterval),
    setImmediate: pending.opener('immediate', setImmediate as unknown as Start<NodeJS.Immediate>, clearImmediate),
    clearTimeout: pending.closer(clearTimeout),
    clearInterval: pending.closer(clearInterval),
    clearImmediate: pending.closer(clearImmediate),
  }
  for (const name of ['setTimeout', 'setImmediate'] as const)
    Object.defineProperty(view[name], PROMISIFIED, { get: () => promised()[name], enumerable: true })
  for (const name of TIMER_FUNCTIONS)
    Object.defineProperties(view[name], { name: { value: name }, length: { value: nodeTimers[name].length } })
  return view
}
