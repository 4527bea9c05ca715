import { createNamespace, type ModuleNamespace, type NamespaceBinding } from './namespace.ts'

/** Where an exported name leads: a binding of a module, or (undefined) that module's namespace. ResolvedBinding Record of ECMA-262, 16.2.1.5. */
export interface ResolvedBinding {
  readonly module: ModuleRecord
  readonly bindingName: string | undefined
}

export type Resolution = ResolvedBinding | 'ambiguous' | undefined

/** Modules and names already on the way, so that circular re-exports end. */
export type ResolveSet = Map<ModuleRecord, Set<string>>

/** What has imported something, and takes over what becomes of it. Held weakly: an importer is not kept by what it imports. */
export interface Dependent {
  readonly reference: WeakRef<Dependent>
  /** An export of `exporter` has changed, or is initialised. */
  refresh(exporter: ModuleRecord): void
}

/** What importers need of a module, whatever it was written in. */
export interface ModuleRecord {
  readonly file: string
  exportNames(seen?: Set<ModuleRecord>): readonly string[]
  resolveExport(name: string, seen?: ResolveSet): Resolution
  /** @throws ReferenceError while the binding is in its temporal dead zone */
  readBinding(bindingName: string): unknown
  /** Are its bindings in their temporal dead zone, or can they still be? */
  readonly hasDeadZone: boolean
  /**
   * Tells an importer of changes, if there can be any.
   *
   * @param isEarly the importer has a binding that waits to be initialised
   */
  whenChanged(importer: Dependent, isEarly: boolean): void
  /** The one namespace object of this module. */
  readonly namespace: object
  /** Modules that have to be evaluated before this one. Empty for whatever is complete as it is. */
  readonly requested: readonly ModuleRecord[]
}

export const readResolved = ({ module, bindingName }: ResolvedBinding): unknown =>
  bindingName === undefined ? module.namespace : module.readBinding(bindingName)

/**
 * [[Exports]] of a module namespace: names that resolve to one binding, in code unit order.
 *
 * @param isOwn does this module belong to the same image?
 * @param more names with values that are there besides
 */
export function makeNamespace(
  module: ModuleRecord,
  isOwn: (module: ModuleRecord) => boolean,
  more: Readonly<Record<string, unknown>> = {},
): ModuleNamespace {
  const bindings = new Map<string, NamespaceBinding>()
  for (const [name, value] of Object.entries(more)) bindings.set(name, { read: () => value, isOwn: true })
  for (const name of module.exportNames()) {
    const resolution = module.resolveExport(name)
    if (resolution && resolution !== 'ambiguous')
      bindings.set(name, { read: () => readResolved(resolution), isOwn: isOwn(resolution.module) })
  }
  return createNamespace(bindings)
}

/** What becomes of the values of a Synthetic Module Record. */
type Evaluation =
  /** They are there, and made when they are read, which nobody does just for show. */
  | { readonly is: 'not needed' }
  | { readonly is: 'to come'; evaluate(): void; readonly waiting: WeakRef<Dependent>[] }
  | { readonly is: 'over' }
  | { readonly is: 'failed'; readonly error: unknown }

/** A Synthetic Module Record: JSON, a CommonJS file, a builtin, or a package that the host owns. */
export class SyntheticModule implements ModuleRecord {
  readonly file: string
  readonly requested: readonly ModuleRecord[] = []
  readonly hasDeadZone = false
  readonly #names: readonly string[]
  readonly #read: (name: string) => unknown
  #evaluation: Evaluation
  #namespace: ModuleNamespace | undefined

  /** @param evaluate makes the values; without it they are there */
  constructor(file: string, names: readonly string[], read: (name: string) => unknown, evaluate?: () => void) {
    this.file = file
    this.#names = names
    this.#read = read
    this.#evaluation = evaluate ? { is: 'to come', evaluate, waiting: [] } : { is: 'not needed' }
  }

  /** Runs the module when its turn comes in the order of evaluation. What it throws once it throws always. */
  evaluateOnce(): void {
    const evaluation = this.#evaluation
    if (evaluation.is === 'failed') throw evaluation.error
    if (evaluation.is !== 'to come') return
    try {
      evaluation.evaluate()
    } catch (error) {
      this.#evaluation = { is: 'failed', error }
      throw error
    }
    this.#evaluation = { is: 'over' }
    this.#namespace?.fill()
    for (const importer of evaluation.waiting) importer.deref()?.refresh(this)
  }

  /** It may be imported by way of a cycle and run after its importer; after that nothing changes. */
  whenChanged(importer: Dependent): void {
    if (this.#evaluation.is === 'to come') this.#evaluation.waiting.push(importer.reference)
  }

  exportNames(): readonly string[] {
    return this.#names
  }

  resolveExport(name: string): Resolution {
    return this.#names.includes(name) ? { module: this, bindingName: name } : undefined
  }

  /** Undefined before its turn: there is no temporal dead zone. */
  readBinding(bindingName: string): unknown {
    return this.#evaluation.is === 'to come' || this.#evaluation.is === 'failed' ? undefined : this.#read(bindingName)
  }

  get namespace(): object {
    if (!this.#namespace) {
      this.#namespace = makeNamespace(this, () => true)
      if (this.#evaluation.is === 'over') this.#namespace.fill()
    }
    return this.#namespace.object
  }
}
