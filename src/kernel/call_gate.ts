import { ModuleError } from './errno.ts'
import type { Seam } from './seam.ts'

/** What a call does that comes through an old pointer after its module was removed. */
export type LateCallPolicy = 'run' | 'forward' | 'fail'

type AnyFunction = (...args: unknown[]) => unknown

/** One function of a module as the host holds it. Letting go of `target` cuts the host off from the code. */
export interface Cell {
  target: AnyFunction | undefined
  readonly name: string
  /** The function that stands in this one's place now, if a later image registered one. */
  successor(): AnyFunction | undefined
}

type GateState =
  | { readonly is: 'open' }
  | { readonly is: 'withdrawn'; readonly at: Date }
  | { readonly is: 'cut'; readonly at: Date; readonly how: string }

/**
 * Stands between the host's pointers and one image: counts asynchronous calls in flight, and after removal the late ones. A synchronous call needs no
 * count, since nothing can be unloaded while it runs. Holds its cells weakly: the kernel may keep a gate without keeping code.
 */
export class CallGate {
  readonly label: string
  inFlight = 0
  lateCalls = 0
  readonly #policy: LateCallPolicy
  readonly #cells = new Set<WeakRef<Cell>>()
  readonly #idle = new Set<() => void>()
  readonly #onFirstLateCall: (name: string, place: string | undefined) => void
  #state: GateState = { is: 'open' }

  constructor(
    label: string,
    policy: LateCallPolicy,
    onFirstLateCall: (name: string, place: string | undefined) => void,
  ) {
    this.label = label
    this.#policy = policy
    this.#onFirstLateCall = onFirstLateCall
  }

  /** Puts the gate in front of `target`. `self` is what the function sees as `this` when it is a method of registered operations. */
  guard(target: AnyFunction, name: string, self: object | undefined, successor: Cell['successor']): AnyFunction {
    const cell: Cell = { target, name, successor }
    this.#cells.add(new WeakRef(cell))
    const gate = this
    const entry = function (this: unknown, ...args: unknown[]): unknown {
      const result =
        gate.#state.is === 'open' ? cell.target!.apply(self ?? this, args) : gate.#late(cell, entry, self ?? this, args)
      return result instanceof Promise ? gate.#track(result) : result
    }
    Object.defineProperty(entry, 'name', { value: target.name, configurable: true })
    Object.defineProperty(entry, 'length', { value: target.length, configurable: true })
    return entry
  }

  /** Awaits in the caller's place, so that a rejection nobody handles is still reported as such, and stack traces stay whole. */
  async #track(result: Promise<unknown>): Promise<unknown> {
    this.inFlight++
    try {
      return await result
    } finally {
      if (--this.inFlight === 0) {
        for (const resolve of this.#idle) resolve()
        this.#idle.clear()
      }
    }
  }

  #late(cell: Cell, entry: AnyFunction, self: unknown, args: unknown[]): unknown {
    if (this.lateCalls++ === 0) this.#onFirstLateCall(cell.name, callerOf(entry))
    if (this.#policy === 'forward') {
      const successor = cell.successor()
      if (successor) return successor.apply(self, args)
    }
    if (!cell.target || this.#policy === 'fail') throw this.#stale(cell)
    return cell.target.apply(self, args)
  }

  #stale(cell: Cell): ModuleError {
    const state = this.#state
    const time = state.is === 'open' ? undefined : state.at.toISOString()
    return new ModuleError('ESTALE', {
      image: this.label,
      export: cell.name,
      time,
      how: state.is === 'cut' ? state.how : 'removed',
    })
  }

  /** From here calls are late. */
  withdraw(): void {
    if (this.#state.is === 'open') this.#state = { is: 'withdrawn', at: new Date() }
  }

  /** From here calls fail, and no pointer that the host holds leads to the code. */
  cut(how: string): void {
    this.#state = { is: 'cut', at: new Date(), how }
    for (const reference of this.#cells) {
      const cell = reference.deref()
      if (cell) cell.target = undefined
    }
    this.#cells.clear()
  }

  /** Resolves to true once no call is in flight, or to false after `ms`. */
  drained(ms: number, seam: Seam): Promise<boolean> {
    if (this.inFlight === 0) return Promise.resolve(true)
    if (ms <= 0) return Promise.resolve(false)
    return new Promise(resolve => {
      const idle = () => {
        cancel()
        resolve(true)
      }
      this.#idle.add(idle)
      const cancel = seam.after(ms, () => {
        this.#idle.delete(idle)
        resolve(false)
      })
    })
  }
}

/** The line that called `entry`, as a stack trace words it. */
function callerOf(entry: AnyFunction): string | undefined {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, entry)
  const line = String(holder.stack).split('\n')[1]
  return line === undefined
    ? undefined
    : /\(?((?:file:\/\/)?\/[^)]+:\d+:\d+)\)?$/.exec(line)?.[1]?.replace('file://', '')
}
