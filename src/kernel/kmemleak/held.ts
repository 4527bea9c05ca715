import type { ImageInHeap } from './image_nodes.ts'
import type { Labels } from './names.ts'
import type { Places } from './places.ts'
import { CLOSURE, type HeapSnapshot, INTERNAL, NO_NODE, PROPERTY } from './snapshot.ts'

/** A piece of an image that somebody holds, as its author would call it. */
export interface Held {
  /** `closure handler`, `instance of Widget`. */
  readonly name: string
  readonly place?: string
}

const KINDS: Readonly<Record<string, string>> = {
  AsyncFunction: 'async function',
  AsyncGeneratorFunction: 'async generator',
  GeneratorFunction: 'generator',
}

/** Names pieces of an image's code. */
export class HeldPieces {
  readonly #snapshot: HeapSnapshot
  readonly #labels: Labels
  readonly #places: Places
  readonly #image: ImageInHeap

  constructor(snapshot: HeapSnapshot, labels: Labels, places: Places, image: ImageInHeap) {
    this.#snapshot = snapshot
    this.#labels = labels
    this.#places = places
    this.#image = image
  }

  describe(node: number): Held {
    const snapshot = this.#snapshot
    if (node === this.#image.node) return { name: 'the image itself' }
    const running = this.#runningIn(node)
    if (running !== NO_NODE) {
      const proto = snapshot.follow(running, this.#labels.proto, PROPERTY)
      const kind = (proto === NO_NODE ? undefined : KINDS[snapshot.name(proto)]) ?? 'function'
      return this.#placed(`suspended ${kind} ${snapshot.name(running) || '(anonymous)'}`, running)
    }
    if (snapshot.nodeKind[node] === CLOSURE)
      return this.#placed(`closure ${snapshot.name(node) || '(anonymous)'}`, node)
    if (snapshot.name(node) === 'SourceModule') return { name: 'its exports' }
    const own = snapshot.follow(node, this.#labels.maker, PROPERTY)
    if (own !== NO_NODE && this.#image.code.has(own)) return this.#placed(`${snapshot.name(own)}.prototype`, own)
    const maker = this.#places.constructorOf(node)
    if (maker !== NO_NODE) return this.#placed(`instance of ${snapshot.name(maker)}`, maker)
    return { name: snapshot.name(node).replace('system / ', '') }
  }

  /** The function that a generator runs, also when the node is one of the closures by which V8 goes on after an `await`. */
  #runningIn(node: number): number {
    const snapshot = this.#snapshot
    const direct = this.#functionOf(node)
    if (direct !== NO_NODE) return direct
    const context = snapshot.nodeKind[node] === CLOSURE ? snapshot.follow(node, this.#labels.context, INTERNAL) : node
    if (context === NO_NODE) return NO_NODE
    const generator = snapshot.follow(context, this.#labels.extension, INTERNAL)
    return generator === NO_NODE ? NO_NODE : this.#functionOf(generator)
  }

  #functionOf(generator: number): number {
    const closure = this.#snapshot.follow(generator, this.#labels.function, INTERNAL)
    return closure !== NO_NODE && this.#snapshot.nodeKind[closure] === CLOSURE ? closure : NO_NODE
  }

  #placed(name: string, closure: number): Held {
    const place = this.#places.placeOf(closure)
    return place === undefined ? { name } : { name, place }
  }
}
