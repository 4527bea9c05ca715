import type { ConfigFile, ConfigValue, Hook } from './config.ts'
import type { Softdeps } from './dependency_order.ts'
import { fnmatch, fold } from './glob.ts'
import type { Candidate } from './lookup.ts'
import { mergeParams } from './merge_params.ts'

/**
 * What the configuration says of a module, with kmod's rules of precedence. Several configurations are read as one, in
 * the order given: of softdeps and hooks the first that fits counts, options add up and the last value of one counts.
 */
export class Policy {
  /** Configured aliases, for `lookup`. */
  readonly aliases: readonly (readonly [pattern: string, modules: readonly string[]])[]
  readonly #options: readonly (readonly [name: string, params: Readonly<Record<string, ConfigValue>>])[]
  readonly #blacklist: ReadonlySet<string>
  readonly #softdeps: readonly (readonly [pattern: string, softdeps: Softdeps])[]
  readonly #install: readonly (readonly [pattern: string, hook: Hook])[]
  readonly #remove: readonly (readonly [pattern: string, hook: Hook])[]

  constructor(...configs: readonly ConfigFile[]) {
    const keyed = <Value>(pick: (config: ConfigFile) => Readonly<Record<string, Value>> | undefined) =>
      configs.flatMap(config => Object.entries(pick(config) ?? {}).map(([key, value]) => [fold(key), value] as const))
    this.aliases = keyed(config => config.aliases).map(
      ([pattern, modules]) => [pattern, typeof modules === 'string' ? [modules] : modules] as const,
    )
    this.#options = keyed(config => config.options)
    this.#blacklist = new Set(configs.flatMap(config => config.blacklist ?? []).map(fold))
    this.#softdeps = keyed(config => config.softdeps).map(
      ([pattern, { pre = [], post = [] }]) => [pattern, { pre, post }] as const,
    )
    this.#install = keyed(config => config.install)
    this.#remove = keyed(config => config.remove)
  }

  /**
   * May this not be loaded? A blacklisted module is not found by its aliases any more. By its own name it is, unless
   * `byName` (`modprobe -b`) asks otherwise. This is for what the user wants, never for what that depends on.
   */
  isBlacklisted({ module, alias }: Candidate, { byName = false } = {}): boolean {
    return (byName || alias !== undefined) && this.#blacklist.has(module)
  }

  /** Parameters configured for the module or for the alias by which it was found. */
  options({ module, alias }: Candidate): Record<string, ConfigValue> {
    const fitting = this.#options.filter(([name]) => name === module || name === alias)
    return mergeParams(...fitting.map(([, params]) => params))
  }

  softdeps(module: string): Softdeps | undefined {
    return firstFitting(this.#softdeps, module)
  }

  installHook(module: string): Hook | undefined {
    return firstFitting(this.#install, module)
  }

  removeHook(module: string): Hook | undefined {
    return firstFitting(this.#remove, module)
  }

  /** Is there a hook of exactly this name? Then the name is known, whether there is such a module or not. */
  hasHook(name: string): boolean {
    const folded = fold(name)
    return [...this.#install, ...this.#remove].some(([pattern]) => pattern === folded)
  }
}

function firstFitting<Value>(rules: readonly (readonly [string, Value])[], module: string): Value | undefined {
  const folded = fold(module)
  return rules.find(([pattern]) => fnmatch(pattern, folded))?.[1]
}
