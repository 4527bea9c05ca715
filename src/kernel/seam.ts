import { monotonicNow } from '../images/node_parts.ts'
import { collectGarbage } from './gc.ts'

/**
 * The one place where the kernel waits. Everything asynchronous that the kernel itself does goes through here, so that a test can decide
 * what happens next.
 */
export interface Seam {
  /** Goes on as `work` did once that has settled; when exactly is the seam's to say. `what` names it for people. */
  step<T>(what: string, work: Promise<T>): Promise<T>
  /** Settles after one turn of the event loop, when what closes at once has said so. */
  loopTurn(): Promise<void>
  /** Calls `done` after `ms` milliseconds unless cancelled before. */
  after(ms: number, done: () => void): () => void
  /** Milliseconds on a clock that never goes back. */
  now(): number
  /** Has the collector take what it can. */
  collect(): Promise<void>
}

/** A timer that is set for longer fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** That of Node, taken before a test puts another in its place: no fake clock makes the event loop turn. */
const { setImmediate: nextTurn } = globalThis

export const realTime: Seam = {
  step: (_what, work) => work,
  after(ms, done) {
    const timer = setTimeout(done, Math.min(ms, LONGEST_TIMER))
    return () => clearTimeout(timer)
  },
  loopTurn: () => new Promise(resolve => void nextTurn(resolve)),
  now: monotonicNow,
  collect: collectGarbage,
}

/** Something of a module took longer than it may. */
export class TimedOut extends Error {
  constructor(what: string, limit: number) {
    super(`${what} took longer than ${limit} ms`)
    this.name = 'Error'
  }
}

/** Settles as `work` does, or rejects with `onTimeout()` after `ms`; 0 waits for ever. */
export function within<T>(seam: Seam, ms: number, work: Promise<T>, onTimeout: () => Error): Promise<T> {
  if (ms <= 0 || ms === Number.POSITIVE_INFINITY) return work
  return new Promise<T>((resolve, reject) => {
    const cancel = seam.after(ms, () => reject(onTimeout()))
    work.then(
      value => {
        cancel()
        resolve(value)
      },
      error => {
        cancel()
        reject(error)
      },
    )
  })
}

/** Does it have to be waited for? */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'

/** Settles after `ms` milliseconds. */
export const pause = (seam: Seam, ms: number): Promise<void> => new Promise(resolve => void seam.after(ms, resolve))
