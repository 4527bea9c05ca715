import { type Anchor, Anchors } from './anchors.ts'
import { type HoldGraph, NO_EDGE } from './hold_graph.ts'
import type { ImageInHeap } from './image_nodes.ts'
import type { Labels } from './names.ts'
import type { Places } from './places.ts'
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

/** A way back that ended at something with a name. `direct` when it is the anchored thing itself rather than what leads to it. */
interface Ending {
  readonly anchor: Anchor
  readonly edges: readonly number[]
  readonly direct: boolean
}

/** A thing on the way to an image that has names, and the scope of a call that the way leads through. */
interface Found {
  readonly endings: Ending[]
  readonly call: number | undefined
}

/** These live as long as the process: what leads to them is of no interest. */
const FOR_GOOD: ReadonlySet<Anchor['kind']> = new Set<Anchor['kind']>(['timer', 'global', 'prototype'])

const RANK: Readonly<Record<Anchor['kind'], number>> = {
  timer: 0,
  listener: 1,
  global: 2,
  prototype: 3,
  package: 4,
  variable: 5,
  module: 6,
  promise: 7,
  suspended: 8,
  native: 9,
  node: 10,
  unknown: 11,
  outlive: 12,
  microtask: 13,
  stack: 14,
  engine: 15,
}

export const rankOf = (anchor: { readonly kind: Anchor['kind'] }): number => RANK[anchor.kind]

/** What a removed image has is kept by something else in turn, often by the very thing that keeps this one: it is the last to be named. */
export const isGone = ({ of }: Anchor): boolean => of?.isGone === true

const standing = (anchor: Anchor): number => (isGone(anchor) ? 2 : anchor.record ? 1 : 0)

/** Nodes that one search may visit, and classes that are looked into: a bound for heaps in which everything holds everything. */
const SEARCH_LIMIT = 300_000
const CLASS_LIMIT = 400
/** A variable of a call that this many things keep is told as the variable rather than as each of them. */
const KEEPERS_LIMIT = 4

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
  /** 1 for what is alive without the image. */
  readonly #outside: Uint8Array
  /** The edge by which each node was first reached from the root, for paths without an anchor. */
  readonly #tree: Uint32Array
  readonly #seen: Uint32Array
  readonly #next: Uint32Array
  #search = 0

  constructor(
    graph: HoldGraph,
    labels: Labels,
    places: Places,
    image: ImageInHeap,
    others: ReadonlyMap<number, ImageInHeap>,
  ) {
    this.#graph = graph
    this.#snapshot = graph.snapshot
    this.#labels = labels
    this.#places = places
    this.#image = image
    this.#anchors = new Anchors(graph, labels, places, others)
    this.#tree = new Uint32Array(graph.snapshot.nodeCount)
    this.#outside = graph.reachFromRoot(image.code, this.#tree)
    this.#seen = new Uint32Array(graph.snapshot.nodeCount)
    this.#next = new Uint32Array(graph.snapshot.nodeCount)
  }

  get outside(): Uint8Array {
    return this.#outside
  }

  paths(): Path[] {
    const paths: Path[] = []
    const classes = [...this.#entryClasses().values()].slice(0, CLASS_LIMIT)
    for (const entries of classes)
      for (const { endings } of this.#searchBack(entries)) {
        endings.sort(
          (a, b) =>
            standing(a.anchor) - standing(b.anchor) ||
            Number(b.direct) - Number(a.direct) ||
            rankOf(a.anchor) - rankOf(b.anchor),
        )
        const { anchor, edges } = endings[0]!
        const also = endings
          .slice(1)
          .flatMap(other => (standing(other.anchor) > standing(anchor) ? [] : [other.anchor]))
        paths.push({ anchor, edges, also, targets: this.#alike(entries, edges) })
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
        if (this.#outside[from] !== 1 || !this.#isAlive(edge)) continue
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

  /** What else of the class is held by the same thing: in the same object or table, or in things that one table holds. */
  #alike(entries: readonly number[], path: readonly number[]): Set<number> {
    const snapshot = this.#snapshot
    const last = path.at(-1)!
    const from = snapshot.edgeFrom(last)
    const targets = new Set([snapshot.edgeTo[last]!])
    const holder = path.length > 1 ? snapshot.edgeFrom(path.at(-2)!) : NO_NODE
    const siblings = new Set<number>([from])
    if (holder !== NO_NODE && entries.length > 1)
      for (let edge = snapshot.firstEdge[holder]!; edge < snapshot.firstEdge[holder + 1]!; edge++)
        if (this.#graph.holds(edge)) siblings.add(snapshot.edgeTo[edge]!)
    for (const entry of entries) if (siblings.has(snapshot.edgeFrom(entry))) targets.add(snapshot.edgeTo[entry]!)
    return targets
  }

  #isAlive(edge: number): boolean {
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

  /** Breadth first from the image outwards, never through the image, and not past an anchor. */
  #searchBack(entries: readonly number[]): Found[] {
    const snapshot = this.#snapshot
    const search = ++this.#search
    const queue: number[] = []
    const found = new Map<number, Found>()
    /** For each node the nearest thing to the image, on the way there, that has a name; and the variable of a call. */
    const pivotOf = new Map<number, number>()
    const callOf = new Map<number, number>()
    const variables = new Map<number, { anchor: Anchor; edges: readonly number[]; keepers: Set<number> }>()

    const pathFrom = (edge: number): number[] => {
      const edges = [edge]
      for (let node = snapshot.edgeTo[edge]!; !this.#image.code.has(node); node = snapshot.edgeTo[edges.at(-1)!]!)
        edges.push(this.#next[node]!)
      return edges
    }
    const end = (edge: number, anchor: Anchor): void => {
      const to = snapshot.edgeTo[edge]!
      const call = callOf.get(to)
      if (call !== undefined) variables.get(call)!.keepers.add(to)
      // Whatever has a piece of the image's code itself is a holder of its own.
      const isCode = this.#image.code.has(to)
      const pivot = isCode ? -1 - edge : (pivotOf.get(to) ?? to)
      const ending = { anchor, edges: pathFrom(edge), direct: isCode || pivot === to }
      const known = found.get(pivot)
      if (known) known.endings.push(ending)
      else found.set(pivot, { endings: [ending], call })
      if (!isCode) pivotOf.set(to, pivot)
    }
    const goOn = (edge: number, variable: Anchor | undefined): void => {
      const from = snapshot.edgeFrom(edge)
      const to = snapshot.edgeTo[edge]!
      if (this.#seen[from] === search || queue.length >= SEARCH_LIMIT) return
      this.#seen[from] = search
      this.#next[from] = edge
      const pivot = pivotOf.get(to)
      if (pivot !== undefined) pivotOf.set(from, pivot)
      const call = callOf.get(to)
      if (call !== undefined) callOf.set(from, call)
      else if (variable) {
        variables.set(from, { anchor: variable, edges: pathFrom(edge), keepers: new Set() })
        callOf.set(from, from)
      }
      queue.push(from)
    }
    const visit = (edges: Iterable<number>): void => {
      const ways: [number, Anchor | undefined][] = []
      let forGood = false
      for (const edge of edges) {
        if (this.#outside[snapshot.edgeFrom(edge)] !== 1 || !this.#isAlive(edge)) continue
        const meaning = this.#anchors.meaning(edge)
        if (meaning.is === 'anchor') {
          end(edge, meaning.anchor)
          forGood ||= FOR_GOOD.has(meaning.anchor.kind) && !this.#image.code.has(snapshot.edgeTo[edge]!)
        } else if (meaning.is === 'way') ways.push([edge, undefined])
        else if (meaning.is === 'variable of a call') ways.push([edge, meaning.anchor])
      }
      // What is anchored here has its name before anything beyond it is looked at.
      if (!forGood) for (const [edge, variable] of ways) goOn(edge, variable)
    }

    visit(entries)
    for (let at = 0; at < queue.length; at++) visit(this.#graph.holding(queue[at]!))

    const kept = [...found.values()].filter(({ call }) => {
      const variable = call === undefined ? undefined : variables.get(call)
      return !variable || variable.keepers.size <= KEEPERS_LIMIT
    })
    for (const { anchor, edges, keepers } of variables.values())
      if (keepers.size === 0 || keepers.size > KEEPERS_LIMIT)
        kept.push({ endings: [{ anchor, edges, direct: true }], call: undefined })
    return kept
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
