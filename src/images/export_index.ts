import type { IndirectExport, LocalExport, ModuleSource } from './module_source.ts'

type Exported = LocalExport | IndirectExport

/** Of most modules no more than the hooks are ever asked for, and an index costs as much as many searches. */
const FEW_SEARCHES = 8

/** What a module says itself of its exported names. Each is asked for by many importers, and of large modules by each of many names. */
export class ExportIndex {
  readonly source: ModuleSource
  #searches = 0
  #entries: ReadonlyMap<string, Exported> | undefined

  constructor(source: ModuleSource) {
    this.source = source
  }

  get(name: string): Exported | undefined {
    const { localExports, indirectExports } = this.source
    if (this.#searches++ < FEW_SEARCHES) return entryOf(name, localExports) ?? entryOf(name, indirectExports)
    this.#entries ??= new Map([...localExports, ...indirectExports].map(entry => [entry.exportName, entry]))
    return this.#entries.get(name)
  }
}

const entryOf = <T extends Exported>(name: string, entries: readonly T[]): T | undefined =>
  entries.find(entry => entry.exportName === name)
