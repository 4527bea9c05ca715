import type { Image } from '../images/image.ts'
import type { CallGate } from './call_gate.ts'
import type { ModuleContextImplementation } from './context.ts'
import { labelOf } from './image_label.ts'
import type { ModuleInfo } from './info.ts'
import type { Leftovers } from './leftovers/leftovers.ts'
import type { ReferenceCount } from './unload/reference_count.ts'
import type { SchemeName } from './unload/scheme.ts'

/** The optional exports that the kernel calls. */
export interface ModuleHooks {
  readonly info: ModuleInfo
  readonly exit: ((context: ModuleContextImplementation) => unknown) | undefined
  readonly handoff: (() => unknown) | undefined
}

/** The code and what belongs to it, from the moment it is linked until it is gone. */
export interface Loaded {
  readonly image: Image
  readonly hooks: ModuleHooks
  readonly context: ModuleContextImplementation
}

/** A tagged union: each state carries what is known in it and nothing else. GONE holds no code, so that a record never keeps an image. */
export type ModuleState =
  | { readonly is: 'UNFORMED' }
  | { readonly is: 'COMING'; readonly loaded: Loaded }
  | { readonly is: 'LIVE'; readonly loaded: Loaded; readonly since: number }
  /** `waiting`: `rmmod --wait` waits for the count, and may yet be cancelled. `leaving`: nothing stops it any more. */
  | {
      readonly is: 'GOING'
      readonly phase: 'waiting' | 'leaving'
      readonly loaded: Loaded | undefined
      readonly since: number
    }
  | { readonly is: 'GONE'; readonly since: number }

const NEXT: Readonly<Record<ModuleState['is'], readonly ModuleState['is'][]>> = {
  UNFORMED: ['COMING', 'GOING'],
  COMING: ['LIVE', 'GOING'],
  LIVE: ['GOING'],
  GOING: ['GONE'],
  GONE: [],
}

const NONE: ReadonlySet<Module> = new Set()

/** One insertion of a module: `hello#3`. */
export class Module {
  readonly name: string
  readonly generation: number
  /** The entry file, symbolic links followed. */
  readonly file: string
  /** The folder that belongs to the module, when it is one. */
  readonly root: string | undefined
  /** Where it was found, if that may lead to another file one day. */
  readonly placed: string | undefined
  /** The kernel's, or a stricter one that the module asked for; settled before it is COMING. */
  scheme: SchemeName
  readonly gate: CallGate
  readonly leftovers: Leftovers
  // Made when they are first needed: most modules import from none.
  #uses: Set<Module> | undefined
  #holders: Set<Module> | undefined
  /** Parameters as they were given, for the next image. */
  readonly given: Readonly<Record<string, unknown>>
  #state: ModuleState = { is: 'UNFORMED' }
  readonly #observe: (module: Module) => void

  constructor(options: {
    name: string
    generation: number
    file: string
    root: string | undefined
    placed?: string | undefined
    scheme: SchemeName
    gate: CallGate
    leftovers: Leftovers
    given: Readonly<Record<string, unknown>>
    observe: (module: Module) => void
  }) {
    this.name = options.name
    this.generation = options.generation
    this.file = options.file
    this.root = options.root
    this.placed = options.placed
    this.scheme = options.scheme
    this.gate = options.gate
    this.leftovers = options.leftovers
    this.given = options.given
    this.#observe = options.observe
  }

  get label(): string {
    return labelOf(this)
  }

  /** Modules that this one imports from. They stay at least as long as it does. */
  get uses(): ReadonlySet<Module> {
    return this.#uses ?? NONE
  }

  /** Modules that import from this one. */
  get holders(): ReadonlySet<Module> {
    return this.#holders ?? NONE
  }

  /** From here `dependency` stays at least as long as this one does. */
  hold(dependency: Module): void {
    this.#uses ??= new Set()
    this.#uses.add(dependency)
    dependency.#holders ??= new Set()
    dependency.#holders.add(this)
  }

  letGo(dependency: Module): void {
    this.#uses?.delete(dependency)
    dependency.#holders?.delete(this)
  }

  get count(): ReferenceCount {
    return this.gate.count
  }

  get state(): ModuleState {
    return this.#state
  }

  /**
   * The only way to another state: checks the step, then tells the notifiers.
   *
   * @param taken what has to be done before they are told. Code that it calls finds the module in its new state already
   */
  transition(to: ModuleState, taken?: () => void): void {
    const from = this.#state
    // Only a removal that still waits can go on to leave, or be called off.
    const allowed = from.is === 'GOING' && to.is !== 'GONE' ? from.phase === 'waiting' : NEXT[from.is].includes(to.is)
    if (!allowed) throw new TypeError(`${this.label} cannot go from ${from.is} to ${to.is}`)
    this.#state = to
    taken?.()
    if (from.is !== to.is) this.#observe(this)
  }
}

/** kmod folds the two: `usb-storage` and `usb_storage` are one name. */
export const foldName = (name: string): string => (/[@-]/.test(name) ? withoutScope(name).replaceAll('-', '_') : name)

/** A folder's package may have a scope, which is no part of the module's name. */
export const withoutScope = (name: string): string => name.replace(/^@[^/]*\//, '')
