import { viewAbortSignal } from './abort_signals.ts'
import { viewFetch } from './fetch.ts'
import type { Leftovers } from './leftovers.ts'
import { viewProcess } from './process.ts'
import { beneath, type ImageName, isOverBy, noteStandIn } from './stand_ins.ts'
import { type TimerView, viewTimers } from './timers.ts'
import { lazyClass } from './view_object.ts'
import { IN_BUILTINS, membersOfBuiltins, TIMER_FUNCTIONS, type ViewedGlobal, WEB_SOCKETS } from './viewed.ts'
import { viewWebSocket } from './web_sockets.ts'

type Makers<Name extends string> = Readonly<Record<Name, (views: GlobalViews) => unknown>>

const makersOf = <Name extends string>(
  names: readonly Name[],
  make: (name: Name, views: GlobalViews) => unknown,
): Makers<Name> =>
  Object.fromEntries(names.map(name => [name, (views: GlobalViews) => make(name, views)])) as Makers<Name>

const MAKERS: Makers<ViewedGlobal> = {
  ...makersOf(TIMER_FUNCTIONS, (name, { timers }) => timers[name]),
  ...makersOf(WEB_SOCKETS, (name, views) => viewWebSocket(views.leftovers, name, () => views.real(name) as Function)),
  ...makersOf(membersOfBuiltins, (name, { builtin }) =>
    lazyClass(() => (builtin(IN_BUILTINS[name]) as Record<string, Function>)[name]!),
  ),
  process: ({ leftovers, builtin }) => viewProcess(leftovers, builtin),
  fetch: views => viewFetch(views.leftovers, () => views.real('fetch') as typeof fetch),
  AbortSignal: ({ leftovers }) => viewAbortSignal(leftovers),
  ...makersOf(['globalThis', 'global'], (_, { object }) => object),
}

/** One image's own views of globals. Each becomes a variable around the files that name it, and is made for the first of them. */
export class GlobalViews {
  readonly leftovers: Leftovers
  /** The image's view of a builtin. */
  readonly builtin: (name: string) => unknown
  readonly #image: ImageName
  readonly #made = new Map<string, unknown>()
  /** What stood in the places of globals in which the module has put something of its own: its views, which that may call, lead there. */
  readonly #replaced = new Map<string, unknown>()
  #timers: TimerView | undefined
  #object: object | undefined

  constructor(leftovers: Leftovers, builtin: (name: string) => unknown, image: ImageName) {
    this.leftovers = leftovers
    this.builtin = builtin
    this.#image = image
  }

  of(name: string): unknown {
    if (!this.#made.has(name)) this.#made.set(name, isView(name) ? MAKERS[name](this) : undefined)
    return this.#made.get(name)
  }

  get timers(): TimerView {
    this.#timers ??= viewTimers(this.leftovers, () => this.builtin('timers/promises') as Record<string, unknown>)
    return this.#timers
  }

  get object(): object {
    this.#object ??= viewGlobalObject(this)
    return this.#object
  }

  /** What stands in the global's place, or stood there before the module put something of its own into it. */
  real(name: string): unknown {
    return this.isReplaced(name) ? this.#replaced.get(name) : this.found(name)
  }

  /** What stands in the global's place, but for what older images of this module have put there. */
  found(name: string | symbol): unknown {
    if (name === DISPATCHER) loadDispatcher()
    return beneath(Reflect.get(globalThis, name), this.#image)
  }

  isReplaced(name: string): boolean {
    return this.#replaced.has(name)
  }

  /** @returns what the host gets when the module puts `value` into the global's place: for the module's own view what the host had there */
  #put(name: string, value: unknown): unknown {
    const real = this.real(name)
    const isOwn = value === this.of(name)
    if (isOwn) this.#replaced.delete(name)
    else this.#replaced.set(name, real)
    return isOwn ? real : value
  }

  /** @returns what the host gets when the module puts `value` anywhere into the global object */
  put(key: string | symbol, value: unknown): unknown {
    const given = isView(key) ? this.#put(key, value) : value
    // Asking for some globals loads much, or warns.
    if (typeof value !== 'function') return given
    const current: unknown = Reflect.get(globalThis, key)
    if (isOverBy(given, current, this.#image)) return current
    noteStandIn(given, beneath(current, this.#image), this.#image, key)
    return given
  }
}

/**
 * Where Node's fetch has what sends its requests, from when it is first loaded, and the package undici too: whichever comes first puts it there for both. A module's would send everybody's
 * requests, those of its next image included, by connections that are closed when the module goes.
 */
const DISPATCHER = Symbol.for('undici.globalDispatcher.1')

function loadDispatcher(): void {
  // Reading the class loads what belongs to fetch.
  if (Reflect.get(globalThis, DISPATCHER) === undefined) Reflect.get(globalThis, 'Response')
}

const isView = (key: string | symbol): key is ViewedGlobal => typeof key === 'string' && Object.hasOwn(MAKERS, key)

/**
 * The global object as the image's files name it. Everything that is not one of the views above is read from the real one, and every assignment
 * goes there, but for a view in its own place: the host gets back the real thing there. It is not the same object, which only a function in sloppy mode can notice, by its `this`.
 */
function viewGlobalObject(views: GlobalViews): object {
  const view: object = new Proxy(globalThis, {
    get: (_, key) => (isView(key) && !views.isReplaced(key) ? views.of(key) : views.found(key)),
    // An object that inherits from the global one gets a property of its own, unless the global one has a setter.
    set(target, key, value, receiver) {
      const there = receiver === view || Object.getOwnPropertyDescriptor(target, key)?.set !== undefined
      return Reflect.set(target, key, there ? views.put(key, value) : value, receiver === view ? target : receiver)
    },
    defineProperty: (target, key, descriptor) =>
      Reflect.defineProperty(
        target,
        key,
        'value' in descriptor ? { ...descriptor, value: views.put(key, descriptor.value) } : descriptor,
      ),
  })
  return view
}
