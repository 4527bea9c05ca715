import { fnmatch, fold, hasLooseBracket } from './glob.ts'

/** A module that a name or an alias leads to. */
export interface Candidate {
  readonly module: string
  /** The alias that led to it; undefined when the module was asked for by its own name. */
  readonly alias: string | undefined
}

/** What an alias index looks like from here. */
export interface Aliases {
  /** The modules that have an alias matching `name`, which is folded already. */
  lookup(name: string): readonly string[]
}

/** Where names and aliases are looked up. */
export interface LookupSources {
  /** Aliases from the configuration, in its order. What they name is a module, not a further alias. */
  readonly configured?: readonly (readonly [pattern: string, modules: readonly string[]])[]
  /** Is there a module file of this name? */
  hasModule(name: string): boolean
  /** `symbol:NAME`, for every symbol that a module exports. */
  readonly symbols?: Aliases
  /** Does an install or remove hook go by this name? It makes a name known that no module has. */
  hasHook?(name: string): boolean
  readonly aliases: Aliases
  readonly builtinAliases?: Aliases
  /** Is it part of the host, so that there is nothing to load? */
  isBuiltin?(name: string): boolean
}

/**
 * Everything that a name or alias stands for. The first source that knows it answers alone, in kmod's order: the
 * configuration (which thus can take a module's name away), module names, symbols, hooks, aliases, builtins.
 */
export function lookup(name: string, sources: LookupSources): Candidate[] {
  // kmod takes no such name, whatever pattern would match it.
  if (hasLooseBracket(name)) return []
  const folded = fold(name)
  const byAlias = (modules: readonly string[] = []): Candidate[] => modules.map(module => ({ module, alias: folded }))
  const byName = (): Candidate[] => [{ module: folded, alias: undefined }]

  const configured: Candidate[] = []
  for (const [pattern, modules] of sources.configured ?? []) {
    const alias = fold(pattern)
    if (!hasLooseBracket(pattern) && fnmatch(alias, folded))
      for (const module of modules) configured.push({ module: fold(module), alias })
  }
  if (configured.length > 0) return configured
  if (sources.hasModule(folded)) return byName()
  const exporters = byAlias(sources.symbols?.lookup(folded))
  if (exporters.length > 0) return exporters
  if (sources.hasHook?.(folded)) return byName()
  const aliased = byAlias(sources.aliases.lookup(folded))
  if (aliased.length > 0) return aliased
  const builtin = byAlias(sources.builtinAliases?.lookup(folded))
  if (builtin.length > 0) return builtin
  return sources.isBuiltin?.(folded) ? byName() : []
}
