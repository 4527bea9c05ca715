import { type Attributes, checkAttributes } from './attributes.ts'
import type { EarlyReads } from './compile.ts'
import { findCycles } from './cycles.ts'
import { faultAt, ImageFault } from './fault.ts'
import { hostModule, requireHostModule } from './host_modules.ts'
import type { ModuleRecord } from './module_record.ts'
import { parseModule } from './parse.ts'
import { type HostTarget, keyOf, type Loader, type Target } from './resolve.ts'
import { SourceModule } from './source_module.ts'
import { sourceTarget } from './wasm.ts'

/** What the graph asks of its image. */
export interface GraphOwner {
  resolve(specifier: string, from: string, loader: Loader): Target | undefined
  /** @throws ImageFault */
  readFile(file: string): ModuleRecord
  builtin(name: string): ModuleRecord
}

/** A module that was read and not linked yet. */
interface Draft {
  readonly module: SourceModule
  /** Where its requests lead, in their order. */
  readonly targets: readonly Target[]
}

interface Reached {
  readonly drafts: readonly Draft[]
  /** Packages of the host that are wanted and not there yet. */
  readonly packages: ReadonlyMap<string, { readonly target: HostTarget; readonly attributes: Attributes }>
}

/**
 * The modules of an image by file. A module is read, then linked together with all that it reaches, and only then can anybody find it here: a
 * load that fails leaves nothing behind, and loads that wait for the host do not disturb each other.
 */
export class ModuleGraph {
  readonly #owner: GraphOwner
  readonly #linked = new Map<string, ModuleRecord>()
  readonly #drafts = new Map<string, Draft>()

  constructor(owner: GraphOwner) {
    this.#owner = owner
  }

  get(file: string): ModuleRecord | undefined {
    return this.#linked.get(file) ?? this.#drafts.get(file)?.module
  }

  *sourceModules(): Generator<SourceModule> {
    for (const record of this.#linked.values()) if (record instanceof SourceModule) yield record
  }

  clear(): void {
    this.#linked.clear()
    this.#drafts.clear()
  }

  /**
   * Reads a file and everything that it imports, and loads the packages of the host among that.
   *
   * @throws ImageFault
   */
  async read(first: string): Promise<void> {
    // While the host loads packages, others may read and link what is also reached from here, so that is looked for again.
    for (;;) {
      const { packages } = this.#reach(first)
      if (packages.size === 0) return
      for (const [key, { target, attributes }] of packages)
        if (!this.#linked.has(key)) this.#linked.set(key, await hostModule(target, attributes))
    }
  }

  /** The same at once, as `require` needs it. */
  readNow(first: string): void {
    for (const [key, { target }] of this.#reach(first).packages) this.#linked.set(key, requireHostModule(target))
  }

  /** What `first` reaches and is not linked, with the targets of its requests. */
  unlinked(first: string): readonly Draft[] {
    return this.#reach(first).drafts
  }

  /**
   * Links all that `first` reaches: resolves imports and compiles. `modules` holds the entry records of other modules of the kernel.
   *
   * @throws ImageFault `symbol`, `syntax`; then none of it is linked
   */
  link(first: string, modules: ReadonlyMap<string, ModuleRecord>): void {
    const { drafts } = this.#reach(first)
    try {
      for (const { module, targets } of drafts)
        module.requested = targets.map(target =>
          target.owner === 'module' ? modules.get(target.file)! : this.get(keyOf(target))!,
        )
      for (const { module } of drafts) module.imports.resolve()
      const cycles = findCycles(drafts.map(draft => draft.module))
      const early = readEarly(cycles)
      for (const { module } of drafts) module.instantiate(cycles.get(module) ?? NO_CYCLE, early.get(module) ?? 'never')
      for (const module of early.keys()) module.imports.refreshAll()
    } catch (error) {
      for (const { module } of drafts) this.#drafts.delete(module.file)
      // A file that is no module may lack what others import from it: that it is none is the reason to tell.
      if (error instanceof ImageFault && error.fault.kind === 'symbol')
        for (const { module } of drafts) checkText(module)
      throw error
    }
    for (const { module } of drafts) {
      this.#linked.set(module.file, module)
      this.#drafts.delete(module.file)
    }
  }

  #reach(first: string): Reached {
    const drafts: Draft[] = []
    const packages = new Map<string, { target: HostTarget; attributes: Attributes }>()
    const files = new Set([first])
    // A set is walked in order of insertion, also over what is added on the way.
    for (const file of files) {
      const draft = this.#draft(file)
      if (!draft) continue
      drafts.push(draft)
      for (const [index, target] of draft.targets.entries()) {
        if (target.owner === 'image') files.add(target.file)
        else if ((target.owner === 'host' || target.owner === 'url') && !this.#linked.has(keyOf(target)))
          packages.set(keyOf(target), { target, attributes: draft.module.source.requests[index]!.attributes })
      }
    }
    return { drafts, packages }
  }

  #draft(file: string): Draft | undefined {
    const known = this.#drafts.get(file)
    if (known || this.#linked.has(file)) return known
    const record = this.#owner.readFile(file)
    if (!(record instanceof SourceModule)) {
      this.#linked.set(file, record)
      return undefined
    }
    const targets = record.source.requests.map(({ specifier, attributes, phase, offset }) => {
      const target = this.#owner.resolve(specifier, file, 'import')
      if (!target) {
        checkText(record)
        throw faultAt({ kind: 'unresolved', specifier }, file, record.text, offset)
      }
      checkAttributes(target, attributes, reason => faultAt({ kind: 'syntax', reason }, file, record.text, offset))
      if (phase === 'source')
        return sourceTarget(target, reason => faultAt({ kind: 'syntax', reason }, file, record.text, offset))
      if (target.owner === 'builtin' && !this.#linked.has(keyOf(target)))
        this.#linked.set(keyOf(target), this.#owner.builtin(target.name))
      return target
    })
    const draft = { module: record, targets }
    this.#drafts.set(file, draft)
    return draft
  }
}

/** @throws ImageFault `syntax`, where a text that no parser has read is no module */
const checkText = ({ source, file, text }: SourceModule): void => {
  if (source.unchecked) parseModule(file, text)
}

const NO_CYCLE: ReadonlySet<SourceModule> = new Set()

/**
 * What can be read before it has run, and how: what files of a cycle export, and by way of one of them what is exported below the cycle.
 */
function readEarly(cycles: ReadonlyMap<SourceModule, ReadonlySet<SourceModule>>): Map<SourceModule, EarlyReads> {
  const found = new Map<SourceModule, EarlyReads>()
  if (cycles.size === 0) return found
  const reached = new Set<ModuleRecord>(cycles.keys())
  for (const module of reached) {
    if (!(module instanceof SourceModule) || module.status.is !== 'unlinked') continue
    found.set(module, 'by namespaces')
    for (const requested of module.requested) reached.add(requested)
  }
  for (const [module, cycle] of cycles) {
    found.set(module, 'by imports')
    for (const target of importedThrough(module, cycle)) if (found.has(target)) found.set(target, 'by imports')
  }
  return found
}

/** The modules whose bindings `module` imports by way of a file of its own cycle, or that wait while others run: they may run after it. */
function importedThrough(
  { source, requested, imports }: SourceModule,
  cycle: ReadonlySet<SourceModule>,
): SourceModule[] {
  return source.imports.flatMap(({ request }, index) => {
    const { module, bindingName } = imports.leadsTo(index)
    if (!(module instanceof SourceModule) || bindingName === undefined) return []
    return cycle.has(requested[request] as SourceModule) || module.source.hasTopLevelAwait ? [module] : []
  })
}
