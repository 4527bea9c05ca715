import type { LoadedModules, ProbeSource, Softdeps } from '../modprobe/dependency_order.ts'
import { type Candidate, lookup } from '../modprobe/lookup.ts'
import type { Policy } from '../modprobe/policy.ts'
import { DependencyLoopError, needsOf } from '../modprobe/sort_dependencies.ts'
import type { Core } from './core.ts'
import type { Catalogue } from './depmod/catalogue.ts'
import { ModuleError } from './errno.ts'
import { foldName, withoutScope } from './module.ts'

const NONE = { lookup: (): readonly string[] => [] }

/** For who loads this late: a class cannot be stood in for. */
export const sourceOf = (catalogue: Catalogue, policy: Policy): CatalogueSource =>
  new CatalogueSource(catalogue, policy)

/** The catalogue of the module folders as modprobe asks for it, with the configuration before what modules say of themselves. */
export class CatalogueSource implements ProbeSource {
  readonly catalogue: Catalogue
  readonly policy: Policy

  constructor(catalogue: Catalogue, policy: Policy) {
    this.catalogue = catalogue
    this.policy = policy
  }

  /** @throws ModuleError ELOOP */
  needs(module: string): readonly string[] {
    try {
      return this.catalogue.relations.needs(module)
    } catch (error) {
      if (!(error instanceof DependencyLoopError)) throw error
      throw new ModuleError('ELOOP', { module, loop: error.path }, { cause: error })
    }
  }

  softdeps(module: string): Softdeps | undefined {
    return this.policy.softdeps(module) ?? this.catalogue.record(module)?.info.softdeps
  }

  /** A package's name with its scope is a module's name too, unless it is an alias. */
  lookup(name: string): readonly Candidate[] {
    const found = this.#lookup(name)
    return found.length > 0 || withoutScope(name) === name ? found : this.#lookup(withoutScope(name))
  }

  /** Those that the blacklist lets through. */
  allowed(
    candidates: readonly Candidate[],
    { useBlacklist = false }: { readonly useBlacklist?: boolean },
  ): Candidate[] {
    return candidates.filter(candidate => !this.policy.isBlacklisted(candidate, { byName: useBlacklist }))
  }

  #lookup(name: string): readonly Candidate[] {
    const { catalogue, policy } = this
    return lookup(name, {
      configured: policy.aliases,
      hasModule: module => catalogue.location(module) !== undefined,
      symbols: name.startsWith('symbol:') ? catalogue.relations.symbols : NONE,
      hasHook: module => policy.hasHook(module),
      aliases: { lookup: alias => catalogue.aliases.lookup(alias) },
    })
  }
}

/** The same, but of a module that is loaded what it really imports from counts: its file may have changed since. */
export class LoadedSource implements ProbeSource {
  readonly #core: Core
  readonly #source: CatalogueSource

  constructor(core: Core, source: CatalogueSource) {
    this.#core = core
    this.#source = source
  }

  needs(module: string): readonly string[] {
    const root = this.#core.modules.get(module)
    if (!root) return this.#source.needs(module)
    const direct = new Map([[module, [...root.uses]]])
    for (const uses of direct.values()) for (const used of uses) direct.set(used.name, [...used.uses])
    return needsOf(module, new Map([...direct].map(([name, uses]) => [name, uses.map(used => used.name)])))
  }

  softdeps(module: string): Softdeps | undefined {
    return this.#source.softdeps(module)
  }

  lookup(name: string): readonly Candidate[] {
    return this.#source.lookup(name)
  }
}

export const loadedModules = ({ modules }: Core): LoadedModules => ({
  has: name => modules.get(name)?.state.is === 'LIVE',
  holders: name => [...(modules.get(name)?.holders ?? [])].map(holder => holder.name),
})

/** That no module of the folders has this name. */
export function notFound(core: Core, name: string): ModuleError {
  const directory = core.folders.folders.join(':')
  return new ModuleError('ENOENT', { module: name, directory: directory === '' ? '(none)' : directory })
}

/** The catalogue and the configuration, true for `name`: a module's own files are looked at, for an alias, and without a name, everybody's. */
export function probeSource(core: Core, name?: string): Promise<CatalogueSource> {
  return core.seam.step(`${name ?? 'every module'}: the catalogue is current`, readSource(core, name))
}

async function readSource(core: Core, name: string | undefined): Promise<CatalogueSource> {
  const policy = await core.policy.current()
  if (name === undefined) await core.catalogue.refresh()
  else await core.catalogue.refreshFor(foldName(name), module => policy.softdeps(module))
  return new CatalogueSource(core.catalogue, policy)
}
