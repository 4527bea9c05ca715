import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Attributes } from './attributes.ts'
import { SyntheticModule } from './module_record.ts'
import { util } from './node_parts.ts'
import { type HostTarget, keyOf } from './resolve.ts'

const nativeRequire = createRequire(import.meta.url)

/** Loaded by Node's own loader, which keeps it: once for the host and all its modules. */
export const hostNamespace = (target: HostTarget, attributes: Attributes): Promise<object> =>
  import(target.owner === 'url' ? target.url : pathToFileURL(target.file).href, { with: attributes }) as Promise<object>

export async function hostModule(target: HostTarget, attributes: Attributes): Promise<SyntheticModule> {
  return recordOf(target, await hostNamespace(target, attributes))
}

/** As `require` finds it, at once. */
export function requireHostModule(target: HostTarget): SyntheticModule {
  const exports: unknown = nativeRequire(target.owner === 'url' ? target.url : target.file)
  if (util().types.isModuleNamespaceObject(exports)) return recordOf(target, exports as object)
  const names = typeof exports === 'object' && exports !== null ? Object.keys(exports) : []
  return new SyntheticModule(keyOf(target), [...new Set(['default', ...names])], name =>
    name === 'default' ? exports : (exports as Record<string, unknown>)[name],
  )
}

/** The namespace that importers see is the host's own. */
function recordOf(target: HostTarget, namespace: object): SyntheticModule {
  const values = namespace as Record<string, unknown>
  const record = new SyntheticModule(keyOf(target), Object.keys(values), name => values[name])
  Object.defineProperty(record, 'namespace', { value: namespace })
  return record
}
