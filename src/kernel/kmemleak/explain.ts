import { relative, sep } from 'node:path'
import { type Anchor, type HolderKind, INTERNAL_KINDS, propertyName } from './anchors.ts'
import type { ImageInHeap } from './image_nodes.ts'
import type { Labels } from './names.ts'
import type { Places } from './places.ts'
import { type Path, rankOf } from './retainers.ts'
import { CLOSURE, CONTEXT, ELEMENT, type HeapSnapshot, HIDDEN, INTERNAL, NO_NODE, PROPERTY } from './snapshot.ts'
import { textOf } from './text.ts'

/** A thing on the way from a holder to an image. */
export interface PathStep {
  /** How it is reached from the one before: a property, an index, the name of a variable, or V8's word. */
  readonly edge: string
  /** A class, the name of a function, or V8's word for the thing. */
  readonly node: string
  readonly place?: string
}

/** One thing that keeps an image in memory. */
export interface Holder {
  readonly kind: HolderKind
  /** In words: from the name of what holds it to the function or object of the image. */
  readonly text: string
  /** Where that name is: `file:line:column`, or a file. */
  readonly place?: string
  /** The piece of the image that is held. */
  readonly held: { readonly name: string; readonly place?: string }
  readonly path: readonly PathStep[]
  /** How many things of this kind are held in this way. */
  readonly count: number
  /** Other names by which the same is kept. */
  readonly also: readonly string[]
}

/** What is said of one step: nothing, a name that goes with what stands before it, or a stop of its own. */
type Word = { readonly join: string } | { readonly stop: string } | undefined

/** Puts paths into words. */
export class Explainer {
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

  /** Best first: what its author can name and change before what he cannot, and short ways before long ones. Alike ones are one. */
  explain(paths: readonly Path[]): Holder[] {
    const merged = new Map<string, { holder: Holder; key: string; stops: number }>()
    for (const path of paths) {
      const { holder, key, stops } = this.#explainOne(path)
      const known = merged.get(key)
      if (!known) merged.set(key, { holder, key, stops })
      else
        merged.set(key, {
          ...(known.stops <= stops ? known : { holder, key, stops }),
          holder: { ...(known.stops <= stops ? known.holder : holder), count: known.holder.count + holder.count },
        })
    }
    return [...merged.values()]
      .sort((a, b) => rankOf(a.holder) - rankOf(b.holder) || a.stops - b.stops || b.holder.count - a.holder.count)
      .map(({ holder }) =>
        holder.count > 1 ? { ...holder, text: `${holder.text}, and ${holder.count - 1} more like this` } : holder,
      )
  }

  #explainOne(path: Path): { holder: Holder; key: string; stops: number } {
    const snapshot = this.#snapshot
    const target = snapshot.edgeTo[path.edges.at(-1)!]!
    const held = this.#held(target)
    const steps = this.#steps(path)
    const traits = this.#traits(path)
    let head = [path.anchor.noun, path.anchor.name].filter(Boolean).join(' ')
    let where = path.anchor.where === undefined ? '' : ` in ${shortPlace(path.anchor.where)}`
    const stops: string[] = []
    const flush = (): void => {
      stops.push(head + where)
      where = ''
    }
    for (const { word } of steps) {
      if (!word) continue
      if ('join' in word) head += word.join
      else {
        flush()
        head = word.stop
      }
    }
    flush()
    const stopsBefore = stops.length
    const last = `${held.name}${held.place === undefined ? '' : `, ${shortPlace(held.place)}`}`
    const kind = kindOf(path.anchor.kind, traits)
    const text = [...stops, last].join(' -> ')
    return {
      key: `${kind} ${path.anchor.name} ${path.anchor.where} ${steps.map(step => step.key).join(' ')}`,
      stops: stopsBefore,
      holder: {
        kind,
        text,
        ...(path.anchor.place === undefined ? {} : { place: path.anchor.place }),
        held,
        path: steps.map(({ step }) => step),
        count: path.count,
        also: [...new Set(path.also.filter(anchor => !INTERNAL_KINDS.has(anchor.kind)).map(nameOf))].filter(
          name => name !== nameOf(path.anchor),
        ),
      },
    }
  }

  #traits({ edges }: Path): { listener: boolean; promise: boolean } {
    const snapshot = this.#snapshot
    let listener = false
    let promise = false
    for (const edge of edges) {
      const label = snapshot.edgeKind[edge] === PROPERTY ? snapshot.edgeLabel(edge) : ''
      if (label === '_events' || label === '<symbol kEvents>' || label === '<symbol events>') listener = true
      if (snapshot.name(snapshot.edgeTo[edge]!) === 'system / PromiseReaction') promise = true
    }
    return { listener, promise }
  }

  #steps(path: Path): { step: PathStep; word: Word; key: string }[] {
    const snapshot = this.#snapshot
    return path.edges.map((edge, index) => {
      const to = snapshot.edgeTo[edge]!
      const isLast = index === path.edges.length - 1
      const place = snapshot.nodeKind[to] === CLOSURE ? this.#places.placeOf(to) : undefined
      const said =
        index === 0 && path.anchor.kind !== 'timer'
          ? this.#first(path, edge, to, isLast)
          : this.#say(path, index, isLast)
      const label = this.#plainLabel(edge)
      const variable = !/^\[.*\]$|^\d+$/.test(label) && !(said.word && 'stop' in said.word && said.key)
      return {
        step: { edge: label, node: this.#plainName(to), ...(place === undefined ? {} : { place }) },
        word: said.word,
        key: isLast && !variable ? '' : variable ? label : '*',
      }
    })
  }

  #plainLabel(edge: number): string {
    const kind = this.#snapshot.edgeKind[edge]!
    const label = this.#snapshot.edgeLabel(edge)
    if (kind === ELEMENT || kind === HIDDEN) return `[${label}]`
    return propertyName(String(label).replace(/^\d+ \/ part of key \((.*) @\d+\) -> value .*$/s, 'value of key $1'))
  }

  #plainName(node: number): string {
    const name = this.#snapshot.name(node)
    if (this.#snapshot.nodeKind[node] === CLOSURE) return `function ${name === '' ? '(anonymous)' : name}`
    return name.replace('system / ', '') || 'internal array'
  }

  /** The first edge is what the anchor's name stands for already, unless the anchor is an object of many properties. */
  #first(path: Path, edge: number, to: number, isLast: boolean): { word: Word; key: boolean } {
    const { name } = path.anchor
    const label = String(this.#snapshot.edgeLabel(edge))
    const kind = this.#snapshot.edgeKind[edge]!
    const suffix = isLast ? '' : this.#typeSuffix(to)
    const named =
      name === propertyName(label) ||
      kind === CONTEXT ||
      this.#snapshot.name(this.#snapshot.edgeFrom(edge)) === 'system / Cell'
    if (named || label === 'exports') return { word: suffix === '' ? undefined : { join: suffix }, key: false }
    if (kind === PROPERTY && !HIDDEN_PROPERTIES.has(label) && label !== '_events')
      return { word: { join: `${member(propertyName(label))}${suffix}` }, key: false }
    return { word: undefined, key: false }
  }

  #typeSuffix(node: number): string {
    const name = this.#snapshot.name(node)
    if (this.#snapshot.nodeKind[node] === CLOSURE || name === 'Object' || name === '' || name.startsWith('(')) return ''
    if (name === 'system / JSProxy') return ' (Proxy)'
    if (name.startsWith('system / ')) return ''
    return ` (${name === 'native_bind' ? 'bound function' : name})`
  }

  #say(path: Path, index: number, isLast: boolean): { word: Word; key: boolean } {
    const snapshot = this.#snapshot
    const edge = path.edges[index]!
    const from = snapshot.edgeFrom(edge)
    const to = snapshot.edgeTo[edge]!
    const kind = snapshot.edgeKind[edge]!
    const label = String(snapshot.edgeLabel(edge))
    const suffix = isLast ? '' : this.#typeSuffix(to)
    const before = index === 0 ? '' : this.#rawLabel(path.edges[index - 1]!)
    if (kind === CONTEXT) {
      const scope = this.#places.scopeOf(from)
      if (scope.author !== 'host') return { word: undefined, key: false }
      const place = this.#places.placeOfVariable(scope, label)
      return {
        word: { stop: `variable ${label}${suffix}${place === undefined ? '' : ` in ${shortPlace(place)}`}` },
        key: false,
      }
    }
    if (kind === PROPERTY)
      return { word: this.#property(from, to, label, before, suffix, isLast), key: before === '_events' }
    if (kind === ELEMENT) {
      const arrayOfListeners = index > 1 && this.#rawLabel(path.edges[index - 2]!) === '_events'
      return { word: arrayOfListeners ? undefined : { join: `[${label}]${suffix}` }, key: true }
    }
    if (snapshot.nodeKind[to] === CLOSURE && !isLast && this.#places.authorOf(to) === 'host')
      return { word: { stop: this.#function(to) }, key: false }
    if (kind === INTERNAL) return this.#internal(path, index, edge, from, label, suffix)
    return { word: this.#hidden(from, label), key: false }
  }

  #rawLabel(edge: number): string {
    return String(this.#snapshot.edgeLabel(edge))
  }

  #property(from: number, to: number, label: string, before: string, suffix: string, isLast: boolean): Word {
    if (before === '_events') return { stop: `listener of '${propertyName(label)}'` }
    if (HIDDEN_PROPERTIES.has(label))
      return !isLast && this.#isHostFunction(to) ? { stop: this.#function(to) } : undefined
    const owner = this.#snapshot.name(from)
    if (owner === 'Listener' || (owner === 'Object' && label === 'next')) return undefined
    if (this.#snapshot.nodeKind[from] === CLOSURE && label === 'listener') return undefined
    const text = member(propertyName(label))
    if (!isLast && this.#isHostFunction(to)) return { stop: `${text.replace(/^\./, '')}: ${this.#function(to)}` }
    return { join: `${text}${suffix}` }
  }

  #isHostFunction(node: number): boolean {
    return this.#snapshot.nodeKind[node] === CLOSURE && this.#places.authorOf(node) === 'host'
  }

  #internal(
    path: Path,
    index: number,
    edge: number,
    from: number,
    label: string,
    suffix: string,
  ): { word: Word; key: boolean } {
    const pair = /^\d+ \/ part of key \((.*) @\d+\) -> value/s.exec(label)
    if (pair) return { word: { stop: `value of key ${pair[1]}${suffix}` }, key: true }
    if (label === 'bound_function') return { word: undefined, key: false }
    if (label === 'reactions_or_result') {
      const pending = this.#snapshot.name(this.#snapshot.edgeTo[edge]!) === 'system / PromiseReaction'
      return { word: pending ? { stop: 'what waits for it' } : { stop: 'its value' }, key: false }
    }
    if (label === 'parameters_and_registers') return { word: { stop: 'a local variable' }, key: false }
    const owner = index === 0 ? NO_NODE : this.#snapshot.edgeFrom(path.edges[index - 1]!)
    if (/^\d+$/.test(label) && owner !== NO_NODE && this.#rawLabel(path.edges[index - 1]!) === 'table')
      return { word: this.#entry(path, index, owner, from, Number(label), suffix), key: true }
    return { word: undefined, key: false }
  }

  /**
   * An entry of a Map or a Set. Their tables are three numbers, a bucket for every two entries of room, and for each entry its
   * key, (in a Map) its value, and a link.
   */
  #entry(path: Path, index: number, owner: number, table: number, at: number, suffix: string): Word {
    const snapshot = this.#snapshot
    const before = index > 1 ? this.#rawLabel(path.edges[index - 2]!) : ''
    const isSet = snapshot.name(owner).endsWith('Set')
    const slots = Math.round(snapshot.selfSize[table]! / 8) - 2
    const width = isSet ? 2 : 3
    const buckets = Math.floor((slots - 3) / (1 + 2 * width))
    if (isSet) return { stop: `an element${suffix}` }
    if ((at - 3 - buckets) % width === 0) return { stop: `a key${suffix}` }
    const key = this.#indexed(table, at - 1)
    const text = key === NO_NODE ? 'a number' : this.#key(key)
    if (before === '<symbol kEvents>') return { stop: `listener of ${text}` }
    return { stop: `${text}${suffix}` }
  }

  #indexed(table: number, at: number): number {
    const snapshot = this.#snapshot
    for (let edge = snapshot.firstEdge[table]!; edge < snapshot.firstEdge[table + 1]!; edge++)
      if (snapshot.edgeKind[edge] === INTERNAL && this.#rawLabel(edge) === String(at)) return snapshot.edgeTo[edge]!
    return NO_NODE
  }

  #key(node: number): string {
    const text = textOf(this.#snapshot, this.#labels, node)
    if (text !== undefined) return `'${text.length > 60 ? `${text.slice(0, 60)}…` : text}'`
    const name = this.#snapshot.name(node)
    if (name === 'symbol') {
      const described = textOf(this.#snapshot, this.#labels, this.#snapshot.follow(node, this.#labels.name))
      return `Symbol(${described ?? ''})`
    }
    return `key ${name}`
  }

  #hidden(from: number, index: string): Word {
    switch (this.#snapshot.name(from)) {
      case 'system / JSProxy':
        return { stop: index === '1' ? 'proxy target' : 'proxy handler' }
      case 'FinalizationRegistry':
        return index === '3' ? { stop: 'cleanup callback' } : undefined
      case 'system / WeakCell':
        return { stop: 'held value' }
      default:
        return undefined
    }
  }

  #function(closure: number): string {
    const name = this.#snapshot.name(closure)
    const place = this.#places.placeOf(closure)
    return `closure ${name === '' ? '(anonymous)' : name}${place === undefined ? '' : `, ${shortPlace(place)}`}`
  }

  /** The piece of the image's code that is held, as its author would call it. */
  #held(node: number): { name: string; place?: string } {
    const snapshot = this.#snapshot
    if (node === this.#image.node) return { name: 'the image itself' }
    const generator = this.#generatorOf(node)
    if (generator !== NO_NODE) {
      const closure = snapshot.follow(generator, this.#labels.function, INTERNAL)
      const isAsync = /^(Generator|AsyncFunctionObject)$/.test(snapshot.name(generator))
      return this.#placed(`suspended ${isAsync ? 'async function' : 'generator'} ${snapshot.name(closure)}`, closure)
    }
    if (snapshot.nodeKind[node] === CLOSURE) {
      const name = snapshot.name(node)
      return this.#placed(`closure ${name === '' ? '(anonymous)' : name}`, node)
    }
    if (snapshot.name(node) === 'SourceModule') return { name: 'its exports' }
    const own = snapshot.follow(node, this.#labels.constructor, PROPERTY)
    if (own !== NO_NODE && this.#image.code.has(own)) return this.#placed(`${snapshot.name(own)}.prototype`, own)
    const constructor = this.#places.constructorOf(node)
    if (constructor !== NO_NODE) return this.#placed(`instance of ${snapshot.name(constructor)}`, constructor)
    return { name: this.#plainName(node) }
  }

  /** V8 goes on with a suspended function by closures of its own, whose scope has the generator. */
  #generatorOf(node: number): number {
    const snapshot = this.#snapshot
    const isGenerator = (at: number): boolean => {
      const closure = snapshot.follow(at, this.#labels.function, INTERNAL)
      return closure !== NO_NODE && snapshot.nodeKind[closure] === CLOSURE
    }
    if (isGenerator(node)) return node
    const context = snapshot.nodeKind[node] === CLOSURE ? snapshot.follow(node, this.#labels.context, INTERNAL) : node
    if (context === NO_NODE) return NO_NODE
    const generator = snapshot.follow(context, this.#labels.extension, INTERNAL)
    return generator !== NO_NODE && isGenerator(generator) ? generator : NO_NODE
  }

  #placed(name: string, closure: number): { name: string; place?: string } {
    const place = this.#places.placeOf(closure)
    return place === undefined ? { name } : { name, place }
  }
}

/** Properties by which Node's own objects are put together. */
const HIDDEN_PROPERTIES: ReadonlySet<string> = new Set([
  '_events',
  '_onTimeout',
  '_onImmediate',
  '<symbol kEvents>',
  '<symbol events>',
  'prototype',
])

const kindOf = (anchor: HolderKind, traits: { listener: boolean; promise: boolean }): HolderKind => {
  if (INTERNAL_KINDS.has(anchor) || anchor === 'timer') return anchor
  if (traits.listener) return 'listener'
  return traits.promise ? 'promise' : anchor
}

const nameOf = ({ noun, name, where }: Anchor): string =>
  `${[noun, name].filter(Boolean).join(' ')}${where === undefined ? '' : ` in ${shortPlace(where)}`}`

const member = (name: string): string => (name.startsWith('[') ? name : `.${name}`)

/** Paths under the working folder are told from there. */
export function shortPlace(place: string): string {
  const short = relative(process.cwd(), place.replace(/^[^,]*\(\), /, ''))
  const head = /^[^,]*\(\), /.exec(place)?.[0] ?? ''
  return place.includes(sep) && !short.startsWith('..') && short !== '' ? head + short : place
}
