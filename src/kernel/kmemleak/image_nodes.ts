import type { HoldGraph } from './hold_graph.ts'
import type { Labels } from './names.ts'
import { CLOSURE, CONTEXT, type HeapSnapshot, INTERNAL, NO_NODE, OBJECT, PROPERTY } from './snapshot.ts'
import { textOf } from './text.ts'

/** An image in a snapshot, and the nodes that are its code. */
export interface ImageInHeap {
  readonly label: string
  readonly node: number
  /** It was removed, and lingers. */
  readonly isGone: boolean
  /**
   * The image itself, the records of its files, their scopes, functions, classes, prototypes and instances, and generators that run in
   * them. Whoever holds one of these holds the image.
   */
  readonly code: Set<number>
}

/** The image, other than the one that is asked about, whose code a node is. */
export type CodeOfOthers = (node: number) => ImageInHeap | undefined

/** Finds images and what belongs to them. */
export class ImageFinder {
  readonly #graph: HoldGraph
  readonly #snapshot: HeapSnapshot
  readonly #labels: Labels

  constructor(graph: HoldGraph, labels: Labels) {
    this.#graph = graph
    this.#snapshot = graph.snapshot
    this.#labels = labels
  }

  /**
   * Every image of the heap: what owns the files whose scopes bind the name that only the code of images has. Two kernels in one process may have
   * images of one label; `kernel` is the mark of the one that it is of, where that can be seen.
   */
  all(): { label: string; node: number; kernel: string | undefined }[] {
    const snapshot = this.#snapshot
    const { edgeKind, edgeName, edgeTo, edgeCount } = snapshot
    const { bindsFile, owner, privateOwner, label } = this.#labels
    const images = new Map<number, string>()
    for (let edge = 0; edge < edgeCount; edge++) {
      if (edgeName[edge] !== bindsFile || edgeKind[edge] !== CONTEXT) continue
      for (const name of [owner, privateOwner]) {
        const node = snapshot.follow(edgeTo[edge]!, name, PROPERTY)
        if (node === NO_NODE || images.has(node)) continue
        const text = textOf(snapshot, this.#labels, snapshot.follow(node, label, PROPERTY))
        if (text !== undefined) images.set(node, text)
      }
    }
    return [...images].map(([node, text]) => ({ label: text, node, kernel: this.#kernelOf(node) }))
  }

  #kernelOf(image: number): string | undefined {
    const { environment, core, mark } = this.#labels
    return this.#textAt(image, [environment, core, mark])
  }

  #isGone(image: number): boolean {
    const { environment, privateModule, privateState, is } = this.#labels
    const state = this.#textAt(image, [environment, privateModule, privateState, is])
    return state === 'GOING' || state === 'GONE'
  }

  #textAt(start: number, path: readonly number[]): string | undefined {
    let node = start
    for (const label of path) {
      node = this.#snapshot.follow(node, label, PROPERTY)
      if (node === NO_NODE) return undefined
    }
    return textOf(this.#snapshot, this.#labels, node)
  }

  /**
   * The code of an image, found from the image outwards, against the direction in which things hold each other: files hold their image,
   * scopes their file, inner scopes outer ones, functions their scope, prototypes their constructor, instances their prototype.
   */
  codeOf(image: { label: string; node: number }): ImageInHeap {
    const snapshot = this.#snapshot
    const { edgeKind, edgeName, nodeKind } = snapshot
    const labels = this.#labels
    const code = new Set([image.node])
    const pending: number[] = []
    const add = (node: number): void => {
      if (code.has(node)) return
      code.add(node)
      pending.push(node)
    }
    for (const edge of this.#graph.holding(image.node))
      if (edgeKind[edge] === PROPERTY && (edgeName[edge] === labels.owner || edgeName[edge] === labels.privateOwner))
        this.#addScopes(snapshot.edgeFrom(edge), code, add)
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (nodeKind[node] === CLOSURE) this.#addPrototype(node, add)
      for (const edge of this.#graph.holding(node)) {
        const kind = edgeKind[edge]
        const name = edgeName[edge]
        if (kind === INTERNAL && (name === labels.context || name === labels.previous)) {
          const from = snapshot.edgeFrom(edge)
          if (isScoped(snapshot, from)) add(from)
        } else if (kind === PROPERTY && name === labels.proto && nodeKind[node] === OBJECT) {
          const from = snapshot.edgeFrom(edge)
          // A prototype that inherits from this one belongs to whoever wrote that class.
          if (nodeKind[from] === OBJECT && snapshot.follow(from, labels.maker, PROPERTY) === NO_NODE) add(from)
        }
      }
    }
    return { ...image, isGone: this.#isGone(image.node), code }
  }

  #addScopes(record: number, code: Set<number>, add: (node: number) => void): void {
    code.add(record)
    const { edgeKind, edgeName } = this.#snapshot
    for (const edge of this.#graph.holding(record))
      if (edgeKind[edge] === CONTEXT && edgeName[edge] === this.#labels.bindsFile) add(this.#snapshot.edgeFrom(edge))
  }

  #addPrototype(closure: number, add: (node: number) => void): void {
    const prototype = this.#snapshot.follow(closure, this.#labels.prototype, PROPERTY)
    if (prototype !== NO_NODE && this.#snapshot.follow(prototype, this.#labels.maker, PROPERTY) === closure)
      add(prototype)
  }
}

/** Scopes, functions, and generators with the await that they are in. */
const isScoped = (snapshot: HeapSnapshot, node: number): boolean =>
  snapshot.nodeKind[node] === CLOSURE ||
  (snapshot.nodeKind[node] === OBJECT && !snapshot.name(node).startsWith('system / Native'))
