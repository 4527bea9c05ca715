import type { IndirectExport, LocalExport, ModuleSource } from './module_source.ts'

type Exported = LocalExport | IndirectExport

/** Of most modules no more than the hooks are ever asked for, and an index costs as much as many searches. */
const FEW_SEARCHES = 8

interface Asked {
  searches: number
  index: ReadonlyMap<string, Exported> | undefined
}

const asked = new WeakMap<ModuleSource, Asked>()

/** What a module says itself of an exported name. Each is asked for by many importers, and of large modules by each of many names. */
export function exportEntry(source: ModuleSource, name: string): Exported | undefined {
  let known = asked.get(source)
  if (!known) {
    known = { searches: 0, index: undefined }
    asked.set(source, known)
  }
  if (known.searches++ < FEW_SEARCHES) {
    const isIt = (entry: Exported): boolean => entry.exportName === name
    return source.localExports.find(isIt) ?? source.indirectExports.find(isIt)
  }
  known.index ??= new Map([...source.localExports, ...source.indirectExports].map(entry => [entry.exportName, entry]))
  return known.index.get(name)
}
