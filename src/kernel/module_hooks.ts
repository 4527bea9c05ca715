import type { Image } from '../images/image.ts'
import { type ModuleRecord, readResolved, SyntheticModule } from '../images/module_record.ts'
import type { Module } from './module.ts'

type Hook = (...args: unknown[]) => unknown

/** What a module exports for the kernel to call, if it does. */
export function hookOf(
  module: Module,
  { entryRecord }: Image,
  name: 'init' | 'exit' | 'handoff' | 'probe',
): Hook | undefined {
  // What CommonJS exports is an object, and its hooks are methods of that. Names that are found by a look at the text miss `module.exports = new Plugin()`.
  if (entryRecord instanceof SyntheticModule) {
    const exported = entryRecord.readBinding('default') as Record<string, unknown> | null | undefined
    const method = functionOf(exported?.[name])
    if (method) return method.bind(exported)
  }
  const resolution = entryRecord.resolveExport(name)
  // By `export *` a module passes on what another exports, but the other's hooks are run once, for the other.
  if (!resolution || resolution === 'ambiguous') return undefined
  // What the entry declares is the module's own; what it exports again may be that of a module it imports from.
  if (resolution.module !== entryRecord && isOfDependency(module, resolution.module)) return undefined
  return functionOf(readResolved(resolution))
}

const functionOf = (value: unknown): Hook | undefined => (typeof value === 'function' ? (value as Hook) : undefined)

function isOfDependency(module: Module, { file }: ModuleRecord): boolean {
  const dependencies = new Set(module.uses)
  for (const { state, uses } of dependencies) {
    if (state.is === 'LIVE' && state.loaded.image.files.includes(file)) return true
    for (const used of uses) dependencies.add(used)
  }
  return false
}
