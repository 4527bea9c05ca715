import { Alike } from './alike.ts'
import { type Anchor, isGone, rankOf } from './anchor.ts'
import { Anchors } from './anchors.ts'
import { type HoldGraph, NO_EDGE } from './hold_graph.ts'
import type { CodeOfOthers, ImageInHeap } from './image_nodes.ts'
import { Leads } from './leads.ts'
import type { Labels } from './names.ts'
import type { Places } from './places.ts'
import { SearchBack, type SearchSpace } from './search_back.ts'
import { CLOSURE, type HeapSnapshot, NO_NODE } from './snapshot.ts'

/** One way in which an image is kept: an anchor, and the edges from there to a piece of the image's code. */
export interface Path {
  readonly anchor: Anchor
  /** The first comes from what is named by the anchor, the last leads into the image's code. */
  readonly edges: readonly number[]
  /** Other names of the same thing, or of what leads to it. */
  readonly also: readonly Anchor[]
  /** The pieces of the image that are held in this very way, by the same thing. */
  readonly targets: ReadonlySet<number>
}

const standing = (anchor: Anchor): number => (isGone(anchor) ? 2 : anchor.record ? 1 : 0)

/** Classes that are looked into: a bound for heaps in which everything holds everything. */
const CLASS_LIMIT = 400
/** All searches together look at as many edges as the heap has; in a small one, at as many as this. */
const EDGES_OF_SMALL_HEAPS = 2_000_000

/**
 * Finds what keeps an image: every edge that leads into its code from something that would be alive without it, and for each sort of
 * these every anchor from which it is reached.
 */
export class Retainers {
  readonly #graph: HoldGraph
  readonly #snapshot: HeapSnapshot
  readonly #labels: Labels
  readonly #places: Places
  readonly #anchors: Anchors
  readonly #image: ImageInHeap
  readonly #others: CodeOfOthers
  /** 1 for what is alive without the image. */
  readonly #outside: Uint8Array
  /** The edge by which each node was first reached from the root, for paths without an anchor. */
  readonly #tree: Uint32Array

  constructor(graph: HoldGraph, labels: Labels, places: Places, image: ImageInHeap, others: CodeOfOthers) {
    this.#graph = graph
    this.#snapshot = graph.snapshot
    this.#labels = labels
    this.#places = places
    this.#image = image
    this.#others = others
    this.#anchors = new Anchors(graph, labels, places, others)
    this.#tree = new Uint32Array(graph.snapshot.nodeCount)
    this.#outside = graph.reachFromRoot(image.code, this.#tree)
  }

  get outside(): Uint8Array {
    return this.#outside
  }

  /** What keeps the removed images that hold this one. */
  leads(): Leads {
    const isFromOutside = (edge: number): boolean => this.#isFromOutside(edge)
    return new Leads({ graph: this.#graph, anchors: this.#anchors, isFromOutside }, this.#others)
  }

  /** @param onProgress told the share of the work that is done */
  paths(onProgress: (share: number) => void): Path[] {
    const paths: Path[] = []
    const space: SearchSpace = {
      graph: this.#graph,
      anchors: this.#anchors,
      code: this.#image.code,
      isFromOutside: edge => this.#isFromOutside(edge),
      metIn: new Uint32Array(this.#snapshot.nodeCount),
      metBy: new Uint32Array(this.#snapshot.nodeCount),
      edgesLeft: Math.max(this.#snapshot.edgeCount, EDGES_OF_SMALL_HEAPS),
    }
    const classes = [...this.#entryClasses().values()].slice(0, CLASS_LIMIT)
    for (const [index, entries] of classes.entries()) {
      const search = new SearchBack(space, index + 1)
      const alike = new Alike(this.#graph, entries)
      for (const { endings } of search.run(entries)) {
        endings.sort(
          (a, b) =>
            standing(a.anchor) - standing(b.anchor) ||
            Number(b.direct) - Number(a.direct) ||
            rankOf(a.anchor) - rankOf(b.anchor),
        )
        const { anchor, edge } = endings[0]!
        const edges = search.pathFrom(edge)
        const also = endings
          .slice(1)
          .flatMap(other => (standing(other.anchor) > standing(anchor) ? [] : [other.anchor]))
        paths.push({ anchor, edges, also, targets: alike.heldLike(edges) })
      }
      onProgress((index + 1) / classes.length)
    }
    if (paths.length === 0) for (const entries of classes.slice(0, 4)) paths.push(this.#withoutAnchor(entries))
    return paths
  }

  /** Edges into the image's code from outside, by label, sort of origin, and function or class. */
  #entryClasses(): Map<string, number[]> {
    const snapshot = this.#snapshot
    const classes = new Map<string, number[]>()
    const meaningless: number[] = []
    for (const node of this.#image.code)
      for (const edge of this.#graph.holding(node)) {
        const from = snapshot.edgeFrom(edge)
        if (!this.#isFromOutside(edge)) continue
        if (this.#anchors.meaning(edge).is === 'nothing') {
          meaningless.push(edge)
          continue
        }
        const label = String(snapshot.edgeLabel(edge)).replace(/^\d+( \/ .*)?$/s, '[]')
        const key = `${snapshot.nodeKind[from]} ${snapshot.name(from)} ${label} ${this.#sortOf(node)}`
        const found = classes.get(key)
        if (found) found.push(edge)
        else classes.set(key, [edge])
      }
    if (classes.size === 0 && meaningless.length > 0) classes.set('', meaningless)
    return classes
  }

  /** Whether it comes from something that is alive without the image; of an entry of a WeakMap, both its table and its key. */
  #isFromOutside(edge: number): boolean {
    if (this.#outside[this.#snapshot.edgeFrom(edge)] !== 1) return false
    const required = this.#graph.requires(edge)
    return required === NO_NODE || this.#outside[required] === 1
  }

  /** What function a closure is an instance of, what class an object. */
  #sortOf(node: number): string {
    const snapshot = this.#snapshot
    const closure = snapshot.nodeKind[node] === CLOSURE ? node : this.#places.constructorOf(node)
    const shared = closure === NO_NODE ? NO_NODE : snapshot.follow(closure, this.#labels.shared)
    return `${snapshot.nodeKind[node]} ${shared === NO_NODE ? snapshot.name(node) : shared}`
  }

  /** The shortest path from the root, as it is. */
  #withoutAnchor(entries: readonly number[]): Path {
    const snapshot = this.#snapshot
    const edges = [entries[0]!]
    for (;;) {
      const edge = this.#tree[snapshot.edgeFrom(edges[0]!)]!
      if (edge === NO_EDGE) break
      edges.unshift(edge)
    }
    return {
      anchor: { kind: 'unknown', noun: '', name: 'something without a name', where: undefined, place: undefined },
      edges,
      also: [],
      targets: new Set([snapshot.edgeTo[edges.at(-1)!]!]),
    }
  }
}
