import { AliasIndex } from '../../modprobe/alias_index.ts'
import type { Softdeps } from '../../modprobe/dependency_order.ts'
import { needsOf, type SortedDependencies, sortDependencies } from '../../modprobe/sort_dependencies.ts'
import { foldName } from '../module.ts'
import type { ModuleRecord } from './record.ts'
import type { RecordStore } from './record_store.ts'

/** How modules belong together, by what their records say: who needs whom, and who answers to which alias. */
export class Relations {
  readonly #records: RecordStore
  #aliases: AliasIndex | undefined
  #symbols: AliasIndex | undefined

  /** @param records nothing is added to these any more */
  constructor(records: RecordStore) {
    this.#records = records
  }

  /** All aliases. */
  get aliases(): AliasIndex {
    this.#aliases ??= this.aliasesOf(this.#records.names())
    return this.#aliases
  }

  /** The aliases of some of the modules. */
  aliasesOf(names: Iterable<string>): AliasIndex {
    return this.#indexOf(names, ({ info }) => info.aliases)
  }

  /** `symbol:NAME`, for every symbol. */
  get symbols(): AliasIndex {
    this.#symbols ??= this.#indexOf(this.#records.names(), ({ symbols }) => symbols.map(symbol => `symbol:${symbol}`))
    return this.#symbols
  }

  #indexOf(names: Iterable<string>, aliasesOf: (record: ModuleRecord) => readonly string[]): AliasIndex {
    const index = new AliasIndex()
    for (const name of names) for (const alias of aliasesOf(this.#records.get(name)!)) index.add(alias, name)
    return index
  }

  /**
   * All that a module needs, nearest first.
   *
   * @throws DependencyLoopError
   */
  needs(module: string): readonly string[] {
    const direct = new Map<string, readonly string[]>()
    const pending = [module]
    for (const next of pending) {
      if (direct.has(next)) continue
      direct.set(next, this.#uses(next))
      pending.push(...direct.get(next)!)
    }
    return needsOf(module, direct)
  }

  /** The same of every module, and who needs each other. */
  sorted(): SortedDependencies {
    return sortDependencies(new Map([...this.#records.names()].map(name => [name, this.#uses(name)])))
  }

  /**
   * A module, and all that it needs or wishes for.
   *
   * @param configured the wishes that count instead of a module's own
   */
  chain(name: string, configured: (module: string) => Softdeps | undefined): readonly string[] {
    const chain = new Set([name])
    for (const module of chain) {
      for (const used of this.#uses(module)) chain.add(used)
      const { pre = [], post = [] } = configured(module) ?? this.#records.get(module)?.info.softdeps ?? {}
      for (const wish of [...pre, ...post]) chain.add(foldName(wish))
    }
    return [...chain]
  }

  #uses(name: string): string[] {
    return [...new Set(this.#records.get(name)?.uses.map(({ module }) => module))]
  }
}
