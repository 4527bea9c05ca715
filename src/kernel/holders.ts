import type { Module } from './module.ts'

/** Lets go of everything that this module imports from. */
export function release(module: Module): void {
  for (const dependency of [...module.uses]) module.letGo(dependency)
}

/** The names on the way from `module` to `wanted`, if it imports from it, however indirectly. */
export function pathOfImports(module: Module, wanted: Module): string[] | undefined {
  if (module === wanted) return [module.name]
  for (const used of module.uses) {
    const path = pathOfImports(used, wanted)
    if (path) return [module.name, ...path]
  }
  return undefined
}
