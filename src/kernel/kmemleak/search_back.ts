import type { Anchor } from './anchor.ts'
import type { Anchors } from './anchors.ts'
import type { HoldGraph } from './hold_graph.ts'

/** A way back that ended at something with a name. `direct` when it is the anchored thing itself rather than what leads to it. */
interface Ending {
  readonly anchor: Anchor
  /** The last of the way back. The others are followed when the ending is told: there may be many, and long ones. */
  readonly edge: number
  readonly direct: boolean
}

/** A thing on the way to an image that has names, and the scope of a call that the way leads through. */
interface Found {
  readonly endings: Ending[]
  readonly call: number | undefined
}

/** A variable of a call: where it may end, and what it turns out that the call is kept by. */
interface CallVariable {
  readonly anchor: Anchor
  readonly edge: number
  readonly keepers: Set<number>
}

/** What all searches from one image share. */
export interface SearchSpace {
  readonly graph: HoldGraph
  readonly anchors: Pick<Anchors, 'meaning'>
  /** The image, through which no way leads. */
  readonly code: ReadonlySet<number>
  /** Does it come from something that would be alive without the image? */
  readonly isFromOutside: (edge: number) => boolean
  /** The search that met each node last, and the edge by which it did. Room for a whole heap, so it is made once. */
  readonly metIn: Uint32Array
  readonly metBy: Uint32Array
  /** Edges that all searches together may still look at, but for what each of them always may. */
  edgesLeft: number
}

/** These live as long as the process: what leads to them is of no interest. */
const FOR_GOOD: ReadonlySet<Anchor['kind']> = new Set<Anchor['kind']>(['timer', 'global', 'prototype'])

/** Nodes that one search may visit: a bound for heaps in which everything holds everything. */
const SEARCH_LIMIT = 300_000
/** Edges that a search looks at though those before it have looked at enough: what has a name is near. */
const EDGES_AT_LEAST = 10_000
/** A variable of a call that this many things keep is told as the variable rather than as each of them. */
const KEEPERS_LIMIT = 4

/** One search, breadth first from the image outwards, never through the image, and not past an anchor. */
export class SearchBack {
  readonly #space: SearchSpace
  /** Above 0, and another for each search. */
  readonly #number: number
  readonly #queue: number[] = []
  readonly #found = new Map<number, Found>()
  /** For each node the nearest thing to the image, on the way there, that has a name; and the variable of a call. */
  readonly #pivotOf = new Map<number, number>()
  readonly #callOf = new Map<number, number>()
  readonly #variables = new Map<number, CallVariable>()
  #looked = 0

  constructor(space: SearchSpace, number: number) {
    this.#space = space
    this.#number = number
  }

  run(entries: Iterable<number>): Found[] {
    this.#visit(entries)
    for (let at = 0; at < this.#queue.length && this.#mayGoOn(); at++)
      this.#visit(this.#space.graph.holding(this.#queue[at]!))
    this.#space.edgesLeft -= this.#looked

    const kept = [...this.#found.values()].filter(({ call }) => {
      const variable = call === undefined ? undefined : this.#variables.get(call)
      return !variable || variable.keepers.size <= KEEPERS_LIMIT
    })
    for (const { anchor, edge, keepers } of this.#variables.values())
      if (keepers.size === 0 || keepers.size > KEEPERS_LIMIT)
        kept.push({ endings: [{ anchor, edge, direct: true }], call: undefined })
    return kept
  }

  #mayGoOn(): boolean {
    return this.#looked < Math.max(EDGES_AT_LEAST, this.#space.edgesLeft)
  }

  /** @param edges all that lead to one thing */
  #visit(edges: Iterable<number>): void {
    const { graph, anchors, code, isFromOutside } = this.#space
    const ways: [number, Anchor | undefined][] = []
    let forGood = false
    for (const edge of edges) {
      this.#looked++
      if (!isFromOutside(edge)) continue
      const meaning = anchors.meaning(edge)
      if (meaning.is === 'anchor') {
        this.#end(edge, meaning.anchor)
        forGood ||= FOR_GOOD.has(meaning.anchor.kind) && !code.has(graph.snapshot.edgeTo[edge]!)
      } else if (meaning.is === 'way') ways.push([edge, undefined])
      else if (meaning.is === 'variable of a call') ways.push([edge, meaning.anchor])
    }
    // What is anchored here has its name before anything beyond it is looked at.
    if (!forGood) for (const [edge, variable] of ways) this.#goOn(edge, variable)
  }

  #end(edge: number, anchor: Anchor): void {
    const { graph, code } = this.#space
    const to = graph.snapshot.edgeTo[edge]!
    const call = this.#callOf.get(to)
    if (call !== undefined) this.#variables.get(call)!.keepers.add(to)
    // Whatever has a piece of the image's code itself is a holder of its own.
    const isCode = code.has(to)
    const pivot = isCode ? -1 - edge : (this.#pivotOf.get(to) ?? to)
    const ending = { anchor, edge, direct: isCode || pivot === to }
    const known = this.#found.get(pivot)
    if (known) known.endings.push(ending)
    else this.#found.set(pivot, { endings: [ending], call })
    if (!isCode) this.#pivotOf.set(to, pivot)
  }

  #goOn(edge: number, variable: Anchor | undefined): void {
    const { graph, metIn, metBy } = this.#space
    const from = graph.snapshot.edgeFrom(edge)
    const to = graph.snapshot.edgeTo[edge]!
    if (metIn[from] === this.#number || this.#queue.length >= SEARCH_LIMIT) return
    metIn[from] = this.#number
    metBy[from] = edge
    const pivot = this.#pivotOf.get(to)
    if (pivot !== undefined) this.#pivotOf.set(from, pivot)
    const call = this.#callOf.get(to)
    if (call !== undefined) this.#callOf.set(from, call)
    else if (variable) {
      this.#variables.set(from, { anchor: variable, edge, keepers: new Set() })
      this.#callOf.set(from, from)
    }
    this.#queue.push(from)
  }

  /** From `edge` to the image's code, until the next search begins. */
  pathFrom(edge: number): number[] {
    const { graph, code, metBy } = this.#space
    const { edgeTo } = graph.snapshot
    const edges = [edge]
    for (let node = edgeTo[edge]!; !code.has(node); node = edgeTo[edges.at(-1)!]!) edges.push(metBy[node]!)
    return edges
  }
}
