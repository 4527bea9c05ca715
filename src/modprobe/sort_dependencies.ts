/** Modules that need each other cannot be ordered. `path` starts and ends with the same module. */
export class DependencyLoopError extends Error {
  override readonly name = 'DependencyLoopError'
  readonly path: readonly string[]

  constructor(path: readonly string[]) {
    super(`circular dependency: ${path.join(' -> ')}`)
    this.path = path
  }
}

/** By module, what it imports from itself. What is not a key of the map is taken to need nothing. */
type DirectDependencies = ReadonlyMap<string, readonly string[]>

/** What depmod finds out about the modules of a folder. */
export interface SortedDependencies {
  /**
   * By module: all that it needs, directly or not, nearest first. This is a line of `modules.dep`; read backwards it is
   * an order of insertion. Modules that need a loop are not in it.
   */
  readonly needs: ReadonlyMap<string, readonly string[]>
  /** At least one path through every set of modules that need each other. */
  readonly loops: readonly (readonly string[])[]
}

/** Sorts modules so that each stands before all that it needs. */
export function sortDependencies(direct: DirectDependencies): SortedDependencies {
  const loops = findLoops(direct)
  const looped = new Set(loops.flat())
  const closures = new Map<string, string[]>()
  for (const module of direct.keys()) {
    const closure = closureOf(module, direct)
    if (!looped.has(module) && !closure.some(needed => looped.has(needed))) closures.set(module, closure)
  }
  const places = topologicalPlaces(new Map([...closures.keys()].map(module => [module, direct.get(module)!])))
  for (const closure of closures.values()) closure.sort((a, b) => places.get(a)! - places.get(b)!)
  return { needs: closures, loops }
}

/** All that one module needs, nearest first, where only this one is asked for; throws when a loop is among it. */
export function needsOf(module: string, direct: DirectDependencies): readonly string[] {
  const part = new Map([module, ...closureOf(module, direct)].map(needed => [needed, direct.get(needed) ?? []]))
  const { needs, loops } = sortDependencies(part)
  const found = needs.get(module)
  if (found === undefined) throw new DependencyLoopError(loops[0]!)
  return found
}

/** Kahn's algorithm, depth first. There must be no loops. */
function topologicalPlaces(direct: DirectDependencies): Map<string, number> {
  const users = new Map<string, number>([...direct.keys()].map(module => [module, 0]))
  for (const imports of direct.values()) {
    for (const needed of new Set(imports)) users.set(needed, (users.get(needed) ?? 0) + 1)
  }
  const unused = [...users].filter(([, count]) => count === 0).map(([module]) => module)
  const places = new Map<string, number>()
  for (let module = unused.pop(); module !== undefined; module = unused.pop()) {
    places.set(module, places.size)
    for (const needed of new Set(direct.get(module))) {
      const left = users.get(needed)! - 1
      users.set(needed, left)
      if (left === 0) unused.push(needed)
    }
  }
  return places
}

/** All that can be reached from `module`. */
function closureOf(module: string, direct: DirectDependencies): string[] {
  const reached = new Set<string>(direct.get(module))
  // A set is iterated in the order of insertion, what is added on the way included.
  for (const needed of reached) for (const further of direct.get(needed) ?? []) reached.add(further)
  return [...reached]
}

/** Walks the graph depth first, without recursion: whoever is met again while still on the path closes a loop. */
function findLoops(direct: DirectDependencies): string[][] {
  const loops: string[][] = []
  const looped = new Set<string>()
  const done = new Set<string>()
  for (const root of direct.keys()) {
    const path = new Map<string, Iterator<string>>()
    const stack: string[] = []
    const enter = (module: string): void => {
      path.set(module, (direct.get(module) ?? []).values())
      stack.push(module)
    }
    if (!done.has(root)) enter(root)
    while (stack.length > 0) {
      const module = stack.at(-1)!
      const { value: needed, done: last } = path.get(module)!.next()
      if (last) {
        stack.pop()
        path.delete(module)
        done.add(module)
      } else if (path.has(needed)) {
        const loop = stack.slice(stack.indexOf(needed))
        if (loop.some(member => looped.has(member))) continue
        for (const member of loop) looped.add(member)
        loops.push([...loop, needed])
      } else if (!done.has(needed)) enter(needed)
    }
  }
  return loops
}
