import { createNamespace, type ModuleNamespace, type NamespaceBinding } from './namespace.ts'

/** Where an exported name leads: a binding of a module, or (undefined) that module's namespace. ResolvedBinding Record of ECMA-262, 16.2.1.5. */
export interface ResolvedBinding {
  readonly module: ModuleRecord
  readonly bindingName: string | undefined
}

export type Resolution = ResolvedBinding | 'ambiguous' | undefined

/** Modules and names already on the way, so that circular re-exports end. */
export type ResolveSet = Map<ModuleRecord, Set<string>>

/** What importers need of a module, whatever it was written in. */
export interface ModuleRecord {
  readonly file: string
  exportNames(seen?: Set<ModuleRecord>): readonly string[]
  resolveExport(name: string, seen?: ResolveSet): Resolution
  /** @throws ReferenceError while the binding is in its temporal dead zone */
  readBinding(bindingName: string): unknown
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

/** A Synthetic Module Record: JSON, a CommonJS file, a builtin, or a package that the host owns. */
export class SyntheticModule implements ModuleRecord {
  readonly file: string
  readonly requested: readonly ModuleRecord[] = []
  readonly #names: readonly string[]
  readonly #read: (name: string) => unknown
  readonly #evaluate: (() => void) | undefined
  #evaluated = false
  #failed: { readonly error: unknown } | undefined
  #waiting: (() => void)[] = []
  #namespace: ModuleNamespace | undefined

  /** @param evaluate makes the values; without it they are there, and made when they are read, which nobody does just for show */
  constructor(file: string, names: readonly string[], read: (name: string) => unknown, evaluate?: () => void) {
    this.file = file
    this.#names = names
    this.#read = read
    this.#evaluate = evaluate
  }

  /** Runs the module when its turn comes in the order of evaluation. What it throws once it throws always. */
  evaluateOnce(): void {
    if (this.#failed) throw this.#failed.error
    if (this.#evaluated) return
    try {
      this.#evaluate?.()
      this.#evaluated = true
      this.#fill()
      for (const tell of this.#waiting.splice(0)) tell()
    } catch (error) {
      this.#failed = { error }
      throw error
    }
  }

  /** Calls back when the values are there, in case that it is imported by way of a cycle and runs after its importer. */
  whenEvaluated(tell: () => void): void {
    this.#waiting.push(tell)
  }

  exportNames(): readonly string[] {
    return this.#names
  }

  resolveExport(name: string): Resolution {
    return this.#names.includes(name) ? { module: this, bindingName: name } : undefined
  }

  /** Undefined before its turn: there is no temporal dead zone. */
  readBinding(bindingName: string): unknown {
    return this.#evaluate && !this.#evaluated ? undefined : this.#read(bindingName)
  }

  get namespace(): object {
    if (!this.#namespace) {
      this.#namespace = makeNamespace(this, () => true)
      this.#fill()
    }
    return this.#namespace.object
  }

  #fill(): void {
    if (this.#evaluated && this.#evaluate) this.#namespace?.fill()
  }
}
