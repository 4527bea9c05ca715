import { type Anchor, INTERNAL_KINDS, isGone, rankOf } from './anchor.ts'
import type { CodeOfOthers } from './image_nodes.ts'
import type { SearchSpace } from './search_back.ts'

/** What keeps a removed image, and the way from there to a piece of it. */
export interface Lead {
  readonly anchor: Anchor
  readonly edges: readonly number[]
}

/** Edges that the way to one piece may be looked for at, and all ways together. */
const EDGES_OF_ONE = 200_000
const EDGES_OF_ALL = 1_000_000

/**
 * Who is held by a removed image learns little by that: nobody can change anything there. This finds what can be changed, such as the global
 * in which that image put its first instance of something.
 */
export class Leads {
  readonly #space: Pick<SearchSpace, 'graph' | 'anchors' | 'isFromOutside'>
  readonly #others: CodeOfOthers
  readonly #found = new Map<number, Lead | undefined>()
  #edgesLeft = EDGES_OF_ALL

  constructor(space: Pick<SearchSpace, 'graph' | 'anchors' | 'isFromOutside'>, others: CodeOfOthers) {
    this.#space = space
    this.#others = others
  }

  /** The nearest thing of the program that keeps a piece of a removed image, by way of any removed images. */
  to(piece: number): Lead | undefined {
    if (!this.#found.has(piece)) this.#found.set(piece, this.#search(piece))
    return this.#found.get(piece)
  }

  /** The part of the way that is outside of removed images. */
  upToImage({ edges }: Lead): readonly number[] {
    const into = edges.findIndex(edge => this.#isGone(this.#space.graph.snapshot.edgeTo[edge]!))
    return into === -1 ? edges : edges.slice(0, into + 1)
  }

  #isGone(node: number): boolean {
    return this.#others(node)?.isGone === true
  }

  #search(piece: number): Lead | undefined {
    const { graph, anchors, isFromOutside } = this.#space
    const { snapshot } = graph
    const metBy = new Map<number, number | undefined>([[piece, undefined]])
    const allowed = Math.min(EDGES_OF_ONE, this.#edgesLeft)
    let looked = 0
    for (let nodes = [piece]; nodes.length > 0 && looked < allowed; ) {
      const next: number[] = []
      let best: { readonly anchor: Anchor; readonly edge: number } | undefined
      for (const node of nodes)
        for (const edge of graph.holding(node)) {
          if (looked++ >= allowed) break
          const meaning = isFromOutside(edge) ? anchors.meaning(edge) : undefined
          if (!meaning || meaning.is === 'nothing') continue
          if (meaning.is === 'anchor' && !isGone(meaning.anchor)) {
            const { anchor } = meaning
            if (!INTERNAL_KINDS.has(anchor.kind) && (!best || rankOf(anchor) < rankOf(best.anchor)))
              best = { anchor, edge }
            continue
          }
          const from = snapshot.edgeFrom(edge)
          if (metBy.has(from)) continue
          metBy.set(from, edge)
          next.push(from)
        }
      if (best) {
        this.#edgesLeft -= looked
        return { anchor: best.anchor, edges: this.#way(best.edge, metBy) }
      }
      nodes = next
    }
    this.#edgesLeft -= looked
    return undefined
  }

  #way(first: number, metBy: ReadonlyMap<number, number | undefined>): number[] {
    const edges: number[] = []
    for (let edge: number | undefined = first; edge !== undefined; ) {
      edges.push(edge)
      edge = metBy.get(this.#space.graph.snapshot.edgeTo[edge]!)
    }
    return edges
  }
}
