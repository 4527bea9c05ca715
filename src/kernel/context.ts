import type { ParamsOf } from './declared_params.ts'
import { ModuleError } from './errno.ts'
import type { Entry, Registration, Slot } from './extension.ts'
import { labelOf } from './image_label.ts'
import { isThenable, type Seam, TimedOut, within } from './seam.ts'
import { messageOf } from './thrown.ts'

/** The log as a module sees it: each entry carries the module's name. What is logged becomes one text, as `console` would print it. */
export interface ModuleLog {
  debug(...what: unknown[]): void
  info(...what: unknown[]): void
  warn(...what: unknown[]): void
  error(...what: unknown[]): void
}

/**
 * What `init`, `exit` and `probe` are given. With the type of the module's `info` its parameters have theirs.
 *
 * @example
 * export const info = { params: { port: { type: 'int', default: 8080 } } }
 * export function init(k: ModuleContext<typeof info>) {
 *   const port: number = k.params.port
 * }
 */
export interface ModuleContext<Info = unknown> {
  /** Parameters, converted and with defaults, as `info.params` declares them. */
  readonly params: ParamsOf<Info>
  /**
   * Offers operations (a function, or an object of functions) to the host at an extension point. What `init` registers is seen once
   * `init` has succeeded; at a replace it takes the places of the old image's entries.
   *
   * @throws ModuleError ESTALE once the module is being unloaded, EINVAL for operations that are neither
   */
  register(point: string, ops: unknown): Registration
  readonly log: ModuleLog
  /** Aborted when `exit` starts. */
  readonly signal: AbortSignal
  /** Runs `fn` after `exit`, last deferred first. */
  defer(fn: () => unknown): void
  /** Disposes of `resource` after `exit`, last used first; returns it. */
  use<R extends Disposable | AsyncDisposable>(resource: R): R
  /** At a replace: what the old image's `handoff` returned. */
  readonly inherited: unknown
  readonly module: { readonly name: string; readonly generation: number; readonly file: string }
  readonly kernel: {
    /** Loads what provides `alias`, unless it is there already; false when nothing does. */
    request(alias: string): Promise<boolean>
  }
}

/** The kernel's side of a registration: held back until the module is LIVE, then in a slot of its point. */
export interface Registered {
  readonly point: string
  readonly entry: Entry
  slot: Slot | undefined
}

/** What a context asks of its kernel. */
export interface ContextHost {
  entryOf(point: string, ops: unknown): Entry
  /** Gives it a slot. */
  place(registered: Registered): void
  /** Tells others of an entry that was placed, unless it is gone already. */
  tell(registered: Registered): void
  retract(point: string, slot: Slot): void
  request(alias: string): Promise<boolean>
  createLog(): ModuleLog
}

export class ModuleContextImplementation implements ModuleContext {
  readonly params: Readonly<Record<string, unknown>>
  readonly inherited: unknown
  readonly module: { readonly name: string; readonly generation: number; readonly file: string }
  #log: ModuleLog | undefined
  #kernel: { request(alias: string): Promise<boolean> } | undefined
  /** In order. A list, since most modules have one or two, for which a set takes as much memory as all else here. */
  readonly registered: Registered[] = []
  readonly #host: ContextHost
  /** Made when it is first asked for: most modules never do, and it costs more than all else here. */
  #controller: AbortController | undefined
  #isAborted = false
  #disposers: (() => unknown)[] | undefined
  #disposed = false
  #phase: 'held back' | 'published' | 'withdrawn' = 'held back'

  constructor(
    host: ContextHost,
    module: { name: string; generation: number; file: string },
    params: Readonly<Record<string, unknown>>,
    inherited: unknown,
  ) {
    this.#host = host
    this.module = module
    this.params = params
    this.inherited = inherited
  }

  get log(): ModuleLog {
    this.#log ??= this.#host.createLog()
    return this.#log
  }

  get kernel(): { request(alias: string): Promise<boolean> } {
    const host = this.#host
    this.#kernel ??= { request: alias => host.request(alias) }
    return this.#kernel
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#isAborted) this.#controller.abort(this.#abortReason())
    }
    return this.#controller.signal
  }

  // Modules take their context apart, `init({ register, defer })`. Made when they are asked for: three functions a module would be memory for nothing.
  get register(): ModuleContext['register'] {
    return (point, ops) => this.#register(point, ops)
  }

  get defer(): ModuleContext['defer'] {
    return fn => this.#defer(fn)
  }

  get use(): ModuleContext['use'] {
    return resource => this.#use(resource)
  }

  #register(point: string, ops: unknown): Registration {
    if (this.#phase === 'withdrawn') throw this.#gone(`register('${point}')`)
    if (typeof point !== 'string' || point === '')
      throw new ModuleError('EINVAL', { reason: 'register() needs the name of an extension point' })
    if (typeof ops !== 'function' && (typeof ops !== 'object' || ops === null))
      throw new ModuleError('EINVAL', {
        reason: `register('${point}') needs a function or an object of functions, got ${ops === null ? 'null' : typeof ops}`,
      })
    const registered: Registered = { point, entry: this.#host.entryOf(point, ops), slot: undefined }
    this.registered.push(registered)
    if (this.#phase === 'published') {
      this.#host.place(registered)
      this.#host.tell(registered)
    }
    const unregister = (): void => {
      const place = this.registered.indexOf(registered)
      if (place === -1) return
      this.registered.splice(place, 1)
      if (!registered.slot) return
      this.#host.retract(point, registered.slot)
      registered.slot = undefined
    }
    return { point, unregister, [Symbol.dispose]: unregister }
  }

  #defer(fn: () => unknown): void {
    if (typeof fn !== 'function')
      throw new ModuleError('EINVAL', { reason: `defer() needs a function, got ${fn === null ? 'null' : typeof fn}` })
    this.#onDispose(fn, 'defer()')
  }

  #use<R extends Disposable | AsyncDisposable>(resource: R): R {
    const disposable = resource as Partial<Disposable & AsyncDisposable> | null | undefined
    const dispose = disposable?.[Symbol.asyncDispose] ?? disposable?.[Symbol.dispose]
    if (typeof dispose !== 'function')
      throw new ModuleError('EINVAL', { reason: 'use() needs something with Symbol.dispose or Symbol.asyncDispose' })
    this.#onDispose(() => dispose.call(resource), 'use()')
    return resource
  }

  /** An init that was given up may come here when everything is over: what it opened is closed at once, and it is told. */
  #onDispose(dispose: () => unknown, name: string): void {
    if (!this.#disposed) {
      this.#disposers ??= []
      this.#disposers.push(dispose)
      return
    }
    Promise.resolve()
      .then(dispose)
      .catch((error: unknown) => this.log.error(`a deferred function threw: ${messageOf(error)}`))
    throw this.#gone(name)
  }

  /**
   * Lets the host see everything that was registered so far, and from now on at once.
   *
   * @returns tells of these entries. To be called once the module is LIVE: who hears of one may take a reference to its module, or remove it.
   */
  publish(): () => void {
    this.#phase = 'published'
    const placed = this.registered.filter(({ slot }) => !slot)
    for (const registered of placed) this.#host.place(registered)
    return () => {
      for (const registered of placed) this.#host.tell(registered)
    }
  }

  /** As `publish`, when the entries have been put into their slots already. */
  markPublished(): void {
    this.#phase = 'published'
  }

  /** Takes every registration away at once. */
  withdraw(): void {
    this.#phase = 'withdrawn'
    // Who hears of it may call a function that unregisters others: they are on the list no more.
    for (const { point, slot } of this.registered.splice(0)) if (slot) this.#host.retract(point, slot)
  }

  /** Takes every registration away for now; `publish` brings them back, at the end of their points. */
  suspend(): void {
    this.#phase = 'held back'
    for (const registered of [...this.registered]) {
      const { point, slot } = registered
      registered.slot = undefined
      if (slot) this.#host.retract(point, slot)
    }
  }

  /** As `withdraw`, when a successor has taken the slots. */
  markWithdrawn(): void {
    this.#phase = 'withdrawn'
    this.registered.length = 0
  }

  abort(): void {
    this.#isAborted = true
    this.#controller?.abort(this.#abortReason())
  }

  /** By its name, as that of any signal: a `fetch` that the module calls off so rejects with it, and authors look for `AbortError`. */
  #abortReason(): DOMException {
    return new DOMException(`${labelOf(this.module)} is being unloaded`, 'AbortError')
  }

  #gone(name: string): ModuleError {
    return new ModuleError('ESTALE', { image: labelOf(this.module), export: name, time: new Date().toISOString() })
  }

  /**
   * Deferred functions and used resources, last first; one that throws, or takes longer than `limit` milliseconds, stops none of the others. Undefined when
   * there are none.
   */
  dispose(seam: Seam, limit: number, onError: (error: unknown) => void): Promise<void> | undefined {
    if (this.#disposers && this.#disposers.length > 0) return this.#disposeAll(seam, limit, onError)
    this.#disposed = true
    return undefined
  }

  async #disposeAll(seam: Seam, limit: number, onError: (error: unknown) => void): Promise<void> {
    const { name } = this.module
    const late = (): Error => new TimedOut('a deferred function', limit)
    for (let disposer = this.#disposers?.pop(); disposer; disposer = this.#disposers?.pop()) {
      try {
        const ended = disposer()
        if (isThenable(ended)) {
          const settled = within(seam, limit, Promise.resolve(ended), late)
          await seam.step(`${name}: a deferred function has ended`, settled)
        }
      } catch (error) {
        onError(error)
      }
    }
    this.#disposed = true
  }
}
