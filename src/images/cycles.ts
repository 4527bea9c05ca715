import { SourceModule } from './source_module.ts'

/** The strongly connected components of a graph that are true cycles, by member. Tarjan's algorithm, without recursion: chains of files may be long. */
export function findCycles(modules: readonly SourceModule[]): Map<SourceModule, ReadonlySet<SourceModule>> {
  const found = new Map<SourceModule, ReadonlySet<SourceModule>>()
  const indexes = new Map<SourceModule, { index: number; low: number; open: boolean }>()
  const stack: SourceModule[] = []
  for (const start of modules) {
    if (indexes.has(start)) continue
    const path: { module: SourceModule; next: number }[] = [{ module: start, next: 0 }]
    while (path.length > 0) {
      const frame = path[path.length - 1]!
      const { module } = frame
      let own = indexes.get(module)
      if (!own) {
        own = { index: indexes.size, low: indexes.size, open: true }
        indexes.set(module, own)
        stack.push(module)
      }
      const requested = module.requested[frame.next++]
      if (requested !== undefined) {
        // Only files that are being linked now can be in a cycle with each other.
        if (!(requested instanceof SourceModule) || requested.status.is !== 'unlinked') continue
        const other = indexes.get(requested)
        if (!other) path.push({ module: requested, next: 0 })
        else if (other.open) own.low = Math.min(own.low, other.index)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent) {
        const above = indexes.get(parent.module)!
        above.low = Math.min(above.low, own.low)
      }
      if (own.low !== own.index) continue
      const members = new Set<SourceModule>()
      for (let member: SourceModule; ; ) {
        member = stack.pop()!
        indexes.get(member)!.open = false
        members.add(member)
        if (member === module) break
      }
      if (members.size > 1 || module.requested.includes(module))
        for (const member of members) found.set(member, members)
    }
  }
  return found
}
