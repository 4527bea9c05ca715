import type { ExportIndex } from './export_index.ts'
import type { ModuleRecord, Resolution, ResolvedBinding, ResolveSet } from './module_record.ts'
import type { ModuleSource } from './module_source.ts'

/** A Source Text Module Record, as far as its exports go. */
interface Exporter extends ModuleRecord {
  readonly source: ModuleSource
  readonly exportIndex: ExportIndex
}

/** GetExportedNames (ECMA-262, 16.2.1.7.2.1). */
export function exportNamesOf(module: Exporter, seen: Set<ModuleRecord> = new Set()): readonly string[] {
  if (seen.has(module)) return []
  seen.add(module)
  const { source, requested } = module
  const names = new Set<string>()
  for (const entry of source.localExports) names.add(entry.exportName)
  for (const entry of source.indirectExports) names.add(entry.exportName)
  for (const request of source.starExports)
    for (const name of requested[request]!.exportNames(seen)) if (name !== 'default') names.add(name)
  return [...names]
}

/** ResolveExport (ECMA-262, 16.2.1.7.2.2). */
export function resolveExportOf(module: Exporter, name: string, seen?: ResolveSet): Resolution {
  const { source, requested, exportIndex } = module
  const entry = exportIndex.get(name)
  if (entry && !('request' in entry)) return { module, bindingName: entry.localName }
  // Most modules that an `export *` leads to end here, for most names.
  if (!entry && (name === 'default' || source.starExports.length === 0)) return undefined
  seen ??= new Map()
  const names = seen.get(module)
  if (names?.has(name)) return undefined
  if (names) names.add(name)
  else seen.set(module, new Set([name]))
  if (entry) {
    const from = requested[entry.request]!
    return entry.importName === undefined
      ? { module: from, bindingName: undefined }
      : from.resolveExport(entry.importName, seen)
  }
  return resolveStars(module, name, seen)
}

/** By `export *`: what two of them lead to is ambiguous, unless it is one binding. */
function resolveStars({ source, requested }: Exporter, name: string, seen: ResolveSet): Resolution {
  let found: ResolvedBinding | undefined
  for (const request of source.starExports) {
    const resolution = requested[request]!.resolveExport(name, seen)
    if (resolution === 'ambiguous') return resolution
    if (!resolution) continue
    if (found && (found.module !== resolution.module || found.bindingName !== resolution.bindingName))
      return 'ambiguous'
    found = resolution
  }
  return found
}
