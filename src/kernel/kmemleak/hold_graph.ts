import { type HeapSnapshot, INTERNAL, NO_NODE, ROOT, WEAK } from './snapshot.ts'

export const NO_EDGE = 0xffff_ffff

/** What an edge means for the life of the node that it leads to. */
const HOLDS = 0
const HOLDS_NOT = 1
/** Holds while another node is alive too. */
const HOLDS_IF = 2

/**
 * What in a heap holds what: the edges of a snapshot without the weak ones.
 *
 * An entry of a WeakMap is an ephemeron: the value is held while both the table and the key are alive. V8 writes two edges for it, from the
 * table to the value and from the key to the value, and each counts only while the other's origin is alive.
 */
export class HoldGraph {
  readonly snapshot: HeapSnapshot
  readonly #meaning: Uint8Array
  readonly #required = new Map<number, number>()
  #incomingStart: Uint32Array | undefined
  #incoming: Uint32Array | undefined

  constructor(snapshot: HeapSnapshot) {
    this.snapshot = snapshot
    this.#meaning = new Uint8Array(snapshot.edgeCount)
    const { edgeKind, edgeCount } = snapshot
    for (let edge = 0; edge < edgeCount; edge++) if (edgeKind[edge] === WEAK) this.#meaning[edge] = HOLDS_NOT
    this.#findEphemerons()
    this.#findFalseEdges()
  }

  holds(edge: number): boolean {
    return this.#meaning[edge] !== HOLDS_NOT
  }

  /** The node whose life the edge depends on besides that of the node it comes from, or NO_NODE. */
  requires(edge: number): number {
    return this.#meaning[edge] === HOLDS_IF ? this.#required.get(edge)! : NO_NODE
  }

  /** Finds WeakMap entries by the name that V8 gives their edges: `7 / part of key (A @1) -> value (B @3) pair in WeakMap (table @5)`. */
  #findEphemerons(): void {
    const { snapshot } = this
    const { edgeKind, edgeName, edgeCount, nodeId, nodeCount } = snapshot
    const names = snapshot.stringsWith(') pair in WeakMap (table @')
    if (names.size === 0) return
    const named = new Uint8Array(snapshot.stringCount)
    const pairs = new Map<number, { readonly table: number; readonly key: number }>()
    const nodes = new Map<number, number>()
    for (const name of names) {
      const match = /.* @(\d+)\) -> value \(.*\(table @(\d+)\)$/s.exec(snapshot.string(name))
      if (!match) continue
      const pair = { table: Number(match[2]), key: Number(match[1]) }
      named[name] = 1
      pairs.set(name, pair)
      nodes.set(pair.table, NO_NODE).set(pair.key, NO_NODE)
    }
    for (let node = 0; node < nodeCount; node++) if (nodes.has(nodeId[node]!)) nodes.set(nodeId[node]!, node)
    for (let edge = 0; edge < edgeCount; edge++) {
      if (edgeKind[edge] !== INTERNAL || named[edgeName[edge]!] !== 1) continue
      const { table, key } = pairs.get(edgeName[edge]!)!
      const required = nodes.get(nodeId[snapshot.edgeFrom(edge)] === table ? key : table)!
      this.#meaning[edge] = HOLDS_IF
      this.#required.set(edge, required)
    }
  }

  /**
   * Finds edges that V8 draws though they hold nothing: from a native object to a wrapper that the native side holds weakly. Such a
   * wrapper has a weak edge from the global handles and no other.
   */
  #findFalseEdges(): void {
    const { snapshot } = this
    const { edgeKind, edgeName, edgeTo, edgeCount, firstEdge } = snapshot
    const [nativeToJavaScript] = snapshot.find(['native_to_javascript'])
    if (nativeToJavaScript === -1) return
    const strongly = new Map<number, boolean>()
    const root = this.#rootNamed('(Global handles)')
    if (root === NO_NODE) return
    for (let edge = firstEdge[root]!; edge < firstEdge[root + 1]!; edge++) {
      const to = edgeTo[edge]!
      strongly.set(to, strongly.get(to) === true || edgeKind[edge] !== WEAK)
    }
    for (let edge = 0; edge < edgeCount; edge++)
      if (edgeName[edge] === nativeToJavaScript && edgeKind[edge] === INTERNAL && strongly.get(edgeTo[edge]!) === false)
        this.#meaning[edge] = HOLDS_NOT
  }

  #rootNamed(name: string): number {
    for (let node = 0; node < Math.min(64, this.snapshot.nodeCount); node++)
      if (this.snapshot.name(node) === name) return node
    return NO_NODE
  }

  /** Edges that hold `node`, some of them conditionally. */
  *holding(node: number): Generator<number> {
    if (!this.#incomingStart || !this.#incoming) this.#index()
    const incoming = this.#incoming!
    const end = this.#incomingStart![node + 1]!
    for (let at = this.#incomingStart![node]!; at < end; at++) yield incoming[at]!
  }

  /** Sorts edges by the node that they lead to: a counting sort. */
  #index(): void {
    const { edgeTo, edgeCount, nodeCount } = this.snapshot
    const start = new Uint32Array(nodeCount + 1)
    for (let edge = 0; edge < edgeCount; edge++) if (this.#meaning[edge] !== HOLDS_NOT) start[edgeTo[edge]! + 1]!++
    for (let node = 0; node < nodeCount; node++) start[node + 1]! += start[node]!
    const incoming = new Uint32Array(start[nodeCount]!)
    const next = start.slice(0, nodeCount)
    for (let edge = 0; edge < edgeCount; edge++)
      if (this.#meaning[edge] !== HOLDS_NOT) incoming[next[edgeTo[edge]!]!++] = edge
    this.#incomingStart = start
    this.#incoming = incoming
  }

  /**
   * All nodes that stay alive from `from` on when those of `without` are gone: 1 for each in the result.
   *
   * @param options.tree the edge by which each node was reached first is put there; following these back is a shortest path
   * @param options.alive 1 for nodes that are alive whatever happens, though nothing is reached from them
   */
  reach(
    from: Iterable<number>,
    without: { has(node: number): boolean },
    options: { readonly tree?: Uint32Array; readonly alive?: Uint8Array } = {},
  ): Uint8Array {
    const { tree, alive } = options
    const { firstEdge, edgeTo, nodeCount } = this.snapshot
    const meaning = this.#meaning
    const reached = new Uint8Array(nodeCount)
    const queue = new Uint32Array(nodeCount)
    const waiting = new Map<number, number[]>()
    let length = 0
    const visit = (node: number, edge: number): void => {
      if (reached[node] === 1 || without.has(node)) return
      reached[node] = 1
      if (tree) tree[node] = edge
      queue[length++] = node
    }
    for (const node of from) visit(node, NO_EDGE)
    for (let at = 0; at < length; at++) {
      const node = queue[at]!
      const end = firstEdge[node + 1]!
      for (let edge = firstEdge[node]!; edge < end; edge++) {
        if (meaning[edge] === HOLDS) visit(edgeTo[edge]!, edge)
        else if (meaning[edge] === HOLDS_IF) {
          const required = this.#required.get(edge)!
          if (required === NO_NODE || reached[required] === 1 || alive?.[required] === 1) visit(edgeTo[edge]!, edge)
          else if (waiting.has(required)) waiting.get(required)!.push(edge)
          else waiting.set(required, [edge])
        }
      }
      for (const edge of waiting.get(node) ?? []) visit(edgeTo[edge]!, edge)
    }
    return reached
  }

  reachFromRoot(without: { has(node: number): boolean }, tree?: Uint32Array): Uint8Array {
    return this.reach([ROOT], without, tree ? { tree } : {})
  }
}
