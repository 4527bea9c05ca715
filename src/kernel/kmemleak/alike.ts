import type { HoldGraph } from './hold_graph.ts'

/** Entries of one class by what they come from: which of them are held by the same thing. */
export class Alike {
  readonly #graph: HoldGraph
  /** Pieces of the image by the node that holds them. */
  readonly #targets = new Map<number, Set<number>>()
  /** The same by what holds that node in turn: many ways may lead through one collection, and all of them have one answer. */
  readonly #found = new Map<number, ReadonlySet<number>>()

  constructor(graph: HoldGraph, entries: readonly number[]) {
    this.#graph = graph
    const { snapshot } = graph
    for (const entry of entries) {
      const from = snapshot.edgeFrom(entry)
      const to = snapshot.edgeTo[entry]!
      const known = this.#targets.get(from)
      if (known) known.add(to)
      else this.#targets.set(from, new Set([to]))
    }
  }

  /** What else of the class the last thing on the path holds, and what the things hold that the same thing holds with it. */
  heldLike(path: readonly number[]): ReadonlySet<number> {
    const { snapshot } = this.#graph
    if (path.length === 1) return this.#targets.get(snapshot.edgeFrom(path[0]!))!
    const holder = snapshot.edgeFrom(path.at(-2)!)
    let targets = this.#found.get(holder)
    if (!targets) {
      targets = this.#heldBy(holder)
      this.#found.set(holder, targets)
    }
    return targets
  }

  #heldBy(holder: number): Set<number> {
    const { firstEdge, edgeTo } = this.#graph.snapshot
    const targets = new Set<number>()
    for (let edge = firstEdge[holder]!; edge < firstEdge[holder + 1]!; edge++) {
      if (!this.#graph.holds(edge)) continue
      for (const target of this.#targets.get(edgeTo[edge]!) ?? []) targets.add(target)
    }
    return targets
  }
}
