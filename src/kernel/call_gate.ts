import { ModuleError } from './errno.ts'
import { Flight, Flights } from './flights.ts'
import { type AnyFunction, Cell, type EntryGate, type Member, makeEntry } from './gate_entry.ts'
import { type CallSite, captureCallSite } from './leftovers/call_site.ts'
import { Operations, type Severable } from './operations.ts'
import type { KernelLog } from './printk.ts'
import type { Seam } from './seam.ts'
import { isStreaming, StreamCall } from './streams.ts'
import { ReferenceCount } from './unload/reference_count.ts'
import type { UnloadScheme } from './unload/scheme.ts'

/** What a call does that comes through an old pointer after its module was removed. */
export type LateCallPolicy = 'run' | 'forward' | 'fail'

type GateState =
  | { readonly is: 'open' }
  | { readonly is: 'withdrawn'; readonly at: Date }
  | { readonly is: 'cut'; readonly at: Date; readonly how: string }

/**
 * A class is made instances of by `new` of its entry, and not called. Nobody can write to the `prototype` of one. The text is asked first: a function has no `prototype` before
 * somebody asks for it.
 */
const isClass = (target: AnyFunction): boolean =>
  Function.prototype.toString.call(target).startsWith('class') &&
  Object.getOwnPropertyDescriptor(target, 'prototype')?.writable === false

function likeness(target: AnyFunction, called: AnyFunction): AnyFunction {
  for (const key of ['name', 'length'] as const)
    Object.defineProperty(called, key, { value: target[key], configurable: true })
  return called
}

/** The same for all gates of a kernel. */
export interface GateOptions {
  readonly log: KernelLog
  readonly lateCalls: LateCallPolicy
  /** @param label of the image, `hello#3` */
  onFirstLateCall(label: string, name: string, site: CallSite): void
}

/**
 * Stands between the host's pointers and one image. Tracks asynchronous calls in flight (a synchronous call needs no count, since nothing can be
 * unloaded while it runs), in `refcount` takes and puts for the host, and after removal decides about late calls. Holds what it guards weakly:
 * the kernel may keep a gate without keeping code.
 */
export class CallGate implements EntryGate {
  /** `hello#3` */
  readonly label: string
  lateCalls = 0
  #count: ReferenceCount | undefined
  readonly #options: GateOptions
  #severables: WeakRef<Severable>[] | undefined
  #flights: Flights | undefined
  #counts = false
  #refusesLateCalls = false
  #state: GateState = { is: 'open' }
  /** Open, and the scheme does not count. */
  isStraight = true

  constructor(label: string, options: GateOptions) {
    this.label = label
    this.#options = options
  }

  /** Counts references, and calls when the scheme does. Made when it is first needed: most modules are never counted. */
  get count(): ReferenceCount {
    this.#count ??= new ReferenceCount(this.label, this.#options.log)
    return this.#count
  }

  /** What the count is, without making one. */
  get references(): number {
    return this.#count?.count ?? 0
  }

  /** Asynchronous calls that have not settled yet. */
  get inFlight(): number {
    return this.#flights?.count ?? 0
  }

  #enter(state: GateState): void {
    this.#state = state
    this.isStraight = state.is === 'open' && !this.#counts
  }

  /** Settled once the module's own wish is known, before anything is guarded. */
  useScheme(scheme: UnloadScheme): void {
    this.#counts = scheme.counts
    this.#refusesLateCalls = scheme.refusesLateCalls
    this.#enter(this.#state)
  }

  /** The operations from here on are let go when the image is cut off. */
  operations(source: object): Operations {
    const operations = new Operations(source)
    this.#remember(operations)
    return operations
  }

  #remember(severable: Severable): void {
    const reference = new WeakRef(severable)
    // The first in a list of just its length: a list that grows takes room for many, and most modules register one function.
    if (this.#severables) this.#severables.push(reference)
    else this.#severables = [reference]
  }

  /** Reads a member of operations that is no function. @throws ModuleError ESTALE once the image is cut off */
  read({ source }: Operations, key: string | symbol, name: string): unknown {
    if (source === undefined) throw this.#stale(name)
    return (source as Record<string | symbol, unknown>)[key]
  }

  /** Puts the gate in front of `target`, a function by itself or a method of operations. */
  guard(
    target: AnyFunction,
    name: string,
    self: Operations | undefined,
    successor: Cell['successor'],
    member?: Member,
  ): AnyFunction {
    const cell = new Cell(this.#called(target, name), name, self, successor, member)
    this.#remember(cell)
    return makeEntry(this, cell)
  }

  /** A call while the gate counts, or is not open. */
  detour(cell: Cell, entry: AnyFunction, receiver: unknown, args: ArrayLike<unknown>): unknown {
    return this.#state.is === 'open' ? this.#counted(cell, receiver, args) : this.#late(cell, entry, receiver, args)
  }

  /**
   * What the caller gets in place of `result`. When the image is cut off, what the call waits for may never come: then it is refused, so there is a promise between that
   * can be. It is settled by nothing but `result`, and handled by nothing but the end of the call, for two reasons: the engine follows such a chain,
   * so that stack traces stay whole, and a rejection is reported as unhandled when, and only when, the caller does not handle it.
   */
  track(result: Promise<unknown>, name: string): Promise<unknown> {
    let refuse!: (reason: Error) => void
    const between = new Promise<unknown>((resolve, reject) => {
      refuse = reject
      result.then(resolve, reject)
    })
    const flight = new Flight(name, refuse)
    this.#flights ??= new Flights()
    const flights = this.#flights
    flights.begin(flight)
    return between.then(
      value => {
        flights.end(flight)
        return value
      },
      error => {
        flights.end(flight)
        throw error
      },
    )
  }

  /** What a call of the entry calls, where that is not the function itself. */
  #called(target: AnyFunction, name: string): AnyFunction {
    if (isStreaming(target)) return likeness(target, this.#streaming(target, name))
    if (isClass(target)) return likeness(target, (...args) => Reflect.construct(target, args))
    return target
  }

  /** A function that gives a stream has returned before the stream has begun: the call lasts until the stream has ended. */
  #streaming(target: AnyFunction, name: string): AnyFunction {
    const gate = this
    return function (this: unknown, ...args) {
      const stream = Reflect.apply(target, this, args) as object
      gate.#streamCall(name).follow(stream)
      return stream
    }
  }

  #streamCall(name: string): StreamCall {
    this.#flights ??= new Flights()
    const flights = this.#flights
    const call = new StreamCall(name, flight => {
      if (this.#counts) this.count.leave(name)
      flights.end(flight)
    })
    if (this.#counts) this.count.enter(name)
    flights.begin(call.flight)
    return call
  }

  /** try_module_get and module_put around a call, on the host's behalf. */
  #counted(cell: Cell, self: unknown, args: ArrayLike<unknown>): unknown {
    const { count } = this
    count.enter(cell.name)
    let result: unknown
    try {
      result = Reflect.apply(cell.target!, self, args)
    } catch (error) {
      count.leave(cell.name)
      throw error
    }
    if (!(result instanceof Promise)) {
      count.leave(cell.name)
      return result
    }
    return this.track(result, cell.name).finally(() => count.leave(cell.name))
  }

  #late(cell: Cell, entry: AnyFunction, self: unknown, args: ArrayLike<unknown>): unknown {
    if (this.lateCalls++ === 0) this.#options.onFirstLateCall(this.label, cell.name, captureCallSite(entry))
    if (!cell.target || this.#refusesLateCalls || this.#options.lateCalls === 'fail') throw this.#stale(cell.name)
    const successor = this.#options.lateCalls === 'forward' ? cell.successor(cell.member) : undefined
    if (successor) return Reflect.apply(successor, self, args)
    const result = Reflect.apply(cell.target, self, args)
    return result instanceof Promise ? this.track(result, cell.name) : result
  }

  #stale(name: string): ModuleError {
    const state = this.#state
    const time = (state.is === 'open' ? new Date() : state.at).toISOString()
    return new ModuleError('ESTALE', {
      image: this.label,
      export: name,
      time,
      how: state.is === 'cut' ? state.how : 'removed',
    })
  }

  /** From here calls are late. */
  withdraw(): void {
    if (this.#state.is === 'open') this.#enter({ is: 'withdrawn', at: new Date() })
  }

  /** Takes a withdrawal back: the removal was cancelled. */
  reopen(): void {
    if (this.#state.is === 'withdrawn') this.#enter({ is: 'open' })
  }

  /** From here calls fail, those in flight included, and no pointer that the host holds leads to the code. */
  cut(how: string): void {
    this.#enter({ is: 'cut', at: new Date(), how })
    for (const reference of this.#severables ?? []) reference.deref()?.sever()
    this.#severables = undefined
    for (const { refuse, name } of this.#flights ?? []) refuse(this.#stale(name))
  }

  /** As `Flights.drained`. */
  drained(ms: number, seam: Seam): Promise<boolean> {
    return this.#flights?.drained(ms, seam) ?? Promise.resolve(true)
  }
}
