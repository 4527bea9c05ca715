import type { Module } from './module.ts'

/** Lets go of everything that this module imports from. */
export function release(module: Module): void {
  for (const dependency of [...module.uses]) module.letGo(dependency)
}

/**
 * The names on the shortest way from `module` to `wanted`, if it imports from it, however indirectly.
 *
 * @param standIn what is looked at in the place of a module that is imported
 */
export function pathOfImports(
  module: Module,
  wanted: Module,
  standIn: (used: Module) => Module = used => used,
): string[] | undefined {
  // Each is looked at once: in layers of modules that all import from each other there are more ways than anybody can go.
  const importers = new Map<Module, Module | undefined>([[module, undefined]])
  for (const [reached] of importers) {
    if (reached === wanted) return wayTo(wanted, importers)
    for (const used of reached.uses) {
      const looked = standIn(used)
      if (!importers.has(looked)) importers.set(looked, reached)
    }
  }
  return undefined
}

function wayTo(wanted: Module, importers: ReadonlyMap<Module, Module | undefined>): string[] {
  const way: string[] = []
  for (let module: Module | undefined = wanted; module; module = importers.get(module)) way.unshift(module.name)
  return way
}
