import type { IndirectExport, LocalExport, ModuleSource } from './module_source.ts'

const indexes = new WeakMap<ModuleSource, ReadonlyMap<string, LocalExport | IndirectExport>>()

/** What a module says itself of an exported name. Each is asked for by many importers, and of large modules by each of many names. */
export function exportEntry(source: ModuleSource, name: string): LocalExport | IndirectExport | undefined {
  let index = indexes.get(source)
  if (!index) {
    index = new Map([...source.localExports, ...source.indirectExports].map(entry => [entry.exportName, entry]))
    indexes.set(source, index)
  }
  return index.get(name)
}
