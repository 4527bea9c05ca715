import { relative, sep } from 'node:path'
import { tryToRead } from '../thrown.ts'
import { propertyName } from './anchor.ts'
import type { Labels } from './names.ts'
import type { Places } from './places.ts'
import type { Path } from './retainers.ts'
import { variableOf } from './slots.ts'
import { CLOSURE, CONTEXT, ELEMENT, type HeapSnapshot, INTERNAL, NO_NODE, PROPERTY } from './snapshot.ts'
import { textOf } from './text.ts'

/** What is said of one step: a name that goes with what stands before it, or a stop of its own. */
interface Word {
  readonly is: 'joined' | 'stop'
  readonly text: string
  /** What stands after the name, and after what it leads to: the place of a variable or function. */
  readonly where: string
  /** The same for every entry of one collection: `[*]` for `[3]`. */
  readonly pattern: string
}

const joined = (text: string, pattern = text): Word => ({ is: 'joined', text, where: '', pattern })
const stop = (text: string, pattern = text): Word => ({ is: 'stop', text, where: '', pattern })
const stopAt = (text: string, where: string): Word => ({ is: 'stop', text, where, pattern: text + where })

/** Properties and scopes by which Node's own objects are put together: nothing is said of them. */
const SILENT: ReadonlySet<string> = new Set([
  '_events',
  '_onTimeout',
  '_onImmediate',
  '<symbol kEvents>',
  '<symbol events>',
  'bound_function',
  'prototype',
])

/** The step of a path from the record of a file that leads to one of its exports: `#exports`, `#state`, `values`, and this. */
const EXPORT = 3

/** Says the steps of a path in words. */
export class Wording {
  readonly #snapshot: HeapSnapshot
  readonly #labels: Labels
  readonly #places: Places

  constructor(snapshot: HeapSnapshot, labels: Labels, places: Places) {
    this.#snapshot = snapshot
    this.#labels = labels
    this.#places = places
  }

  /** What has run to its end has its exports in the order of its source. */
  #exportName({ edges }: Path): string {
    const snapshot = this.#snapshot
    const edge = edges[EXPORT]!
    if (snapshot.edgeKind[edge] !== ELEMENT) return this.label(edge)
    const { source, localExports, exportName } = this.#labels
    let node = snapshot.edgeFrom(edges[0]!)
    for (const label of [source, localExports]) if (node !== NO_NODE) node = snapshot.follow(node, label, PROPERTY)
    const entry = node === NO_NODE ? NO_NODE : this.#element(node, snapshot.edgeName[edge]!)
    const name = entry === NO_NODE ? NO_NODE : snapshot.follow(entry, exportName, PROPERTY)
    return textOf(snapshot, this.#labels, name) ?? this.label(edge)
  }

  #element(list: number, index: number): number {
    const { firstEdge, edgeKind, edgeName, edgeTo } = this.#snapshot
    for (let edge = firstEdge[list]!; edge < firstEdge[list + 1]!; edge++)
      if (edgeKind[edge] === ELEMENT && edgeName[edge] === index) return edgeTo[edge]!
    return NO_NODE
  }

  /** The word for one step of a path, or undefined when it goes without saying. */
  word(path: Path, index: number): Word | undefined {
    const snapshot = this.#snapshot
    const edge = path.edges[index]!
    const to = snapshot.edgeTo[edge]!
    const suffix = isLast(path, index) ? '' : this.#suffix(to)
    if (path.anchor.record === 'imports') return undefined
    if (path.anchor.record === 'exports' && index <= EXPORT) {
      return index === EXPORT ? joined(`.${this.#exportName(path)}${suffix}`) : undefined
    }
    if (index === 0 && this.#isNameOf(path, edge)) return suffix === '' ? undefined : joined(suffix)
    const label = this.label(edge)
    switch (snapshot.edgeKind[edge]) {
      case CONTEXT:
        return this.#variable(edge, suffix)
      case PROPERTY:
        return this.#property(path, index, label, suffix)
      case ELEMENT:
        return this.#isListener(path, index - 2) ? undefined : joined(`[${label}]${suffix}`, `[*]${suffix}`)
      case INTERNAL:
        if (/^\d+$/.test(label) || label.includes('part of key')) return this.#entry(path, index, label, suffix)
        return this.#internal(path, index, label, suffix)
      default:
        return this.#variable(edge, suffix) ?? this.#hidden(snapshot.edgeFrom(edge), label)
    }
  }

  label(edge: number): string {
    return String(this.#snapshot.edgeLabel(edge))
  }

  /** The label of a step for a listing of the path. */
  plainLabel(edge: number): string {
    const label = this.label(edge)
    if (/^\d+$/.test(label)) return `[${label}]`
    return propertyName(label.replace(/^\d+ \/ part of key \((.*) @\d+\) -> value .*$/s, 'value of key $1'))
  }

  plainName(node: number): string {
    const name = this.#snapshot.name(node)
    if (this.#snapshot.nodeKind[node] === CLOSURE) return `function ${name === '' ? '(anonymous)' : name}`
    return name.replace('system / ', '') || 'internal array'
  }

  /** Whether the anchor's name is that of the thing which the edge leads to, so that it has been said already. */
  #isNameOf({ anchor }: Path, edge: number): boolean {
    const snapshot = this.#snapshot
    if (anchor.kind === 'timer' || anchor.kind === 'unknown') return false
    const label = this.label(edge)
    return (
      snapshot.edgeKind[edge] === CONTEXT ||
      snapshot.name(snapshot.edgeFrom(edge)) === 'system / Context' ||
      anchor.name === propertyName(label) ||
      snapshot.name(snapshot.edgeFrom(edge)) === 'system / Cell' ||
      (anchor.name === 'module.exports' && label === 'exports')
    )
  }

  #suffix(node: number): string {
    const name = this.#snapshot.name(node)
    if (name === 'native_bind') return ' (bound function)'
    if (this.#snapshot.nodeKind[node] === CLOSURE || /^(Object|Array|console|)$/.test(name) || name.startsWith('('))
      return ''
    if (name === 'system / JSProxy') return ' (Proxy)'
    return name.startsWith('system / ') ? '' : ` (${name})`
  }

  #variable(edge: number, suffix: string): Word | undefined {
    const label = variableOf(this.#snapshot, this.#labels, edge)
    if (label === undefined) return undefined
    const scope = this.#places.scopeOf(this.#snapshot.edgeFrom(edge))
    if (scope.author !== 'host') return undefined
    const place = this.#places.placeOfVariable(scope, label)
    return stopAt(`variable ${label}${suffix}`, place === undefined ? '' : ` in ${shortPlace(place)}`)
  }

  /** Whether the step at `index` goes from an emitter to its table of listeners. */
  #isListener(path: Path, index: number): boolean {
    return index >= 0 && this.label(path.edges[index]!) === '_events'
  }

  #property(path: Path, index: number, label: string, suffix: string): Word | undefined {
    const snapshot = this.#snapshot
    const edge = path.edges[index]!
    const from = snapshot.edgeFrom(edge)
    const to = snapshot.edgeTo[edge]!
    if (this.#isListener(path, index - 1)) return stop(`listener of '${propertyName(label)}'`)
    // The server, socket or the like that Node made around a native handle.
    if (snapshot.edgeName[edge] === this.#labels.ownerOfHandle) return stop(snapshot.name(to))
    const isCode = !isLast(path, index) && this.#isHostFunction(to)
    if (SILENT.has(label)) return isCode ? this.#function(to) : undefined
    if (label === '__proto__')
      return stop(snapshot.nodeKind[to] === CLOSURE ? 'the class that it extends' : 'what it inherits from')
    if (label === 'listener' || this.#isLinkOfListeners(from, label) || this.#isOwn(path, index - 1)) return undefined
    // A method is called on the operations that it is of, so who keeps one keeps them all.
    if (this.#isOperations(path, index) || (isLast(path, index) && this.#isOperations(path, index - 1)))
      return undefined
    const text = memberText(label)
    // What a module registers with several methods is one thing to its host.
    if (this.#isEntry(to)) return joined(text, '.*')
    return isCode ? this.#function(to, `${text.replace(/^\./, '')}: `) : joined(`${text}${suffix}`)
  }

  /** Whether the step at `index` leads from a variable of Outlive: between the host and the code there is the gate that counts calls. */
  #isOwn(path: Path, index: number): boolean {
    const scope = index < 0 ? NO_NODE : this.#snapshot.edgeFrom(path.edges[index]!)
    return scope !== NO_NODE && this.#places.isContext(scope) && this.#places.scopeOf(scope).author === 'outlive'
  }

  /** The function that the host has in place of one of the module's. */
  #isEntry(node: number): boolean {
    return this.#snapshot.nodeKind[node] === CLOSURE && this.#places.authorOf(node) === 'outlive'
  }

  /** Whether the step at `index` leads from what the gate knows of a method to the operations as the module registered them. */
  #isOperations(path: Path, index: number): boolean {
    const leads = (at: number, label: string): boolean => at >= 0 && this.label(path.edges[at]!) === label
    return leads(index, 'source') && leads(index - 1, 'self') && this.#isOwn(path, index - 2)
  }

  /** EventTarget keeps its listeners as a linked list. */
  #isLinkOfListeners(from: number, label: string): boolean {
    const name = this.#snapshot.name(from)
    return (
      (name === 'Listener' && (label === 'callback' || label === 'next')) || (name === 'Object' && label === 'next')
    )
  }

  #isHostFunction(node: number): boolean {
    return this.#snapshot.nodeKind[node] === CLOSURE && this.#places.authorOf(node) === 'host'
  }

  #internal(path: Path, index: number, label: string, suffix: string): Word | undefined {
    const snapshot = this.#snapshot
    const edge = path.edges[index]!
    const to = snapshot.edgeTo[edge]!
    // `emitter.emit.bind(emitter, 'error')`: whose listeners come next.
    if (label === 'bound_this' && suffix !== '') return stop(`this${suffix}`)
    if (label === 'reactions_or_result')
      return stop(snapshot.name(to) === 'system / PromiseReaction' ? 'what waits for it' : 'its value')
    if (label === 'parameters_and_registers') return stop('a local variable')
    if (SILENT.has(label) || isLast(path, index) || !this.#isHostFunction(to)) return undefined
    // From a scope back to the function that it was made for there is nothing new.
    return snapshot.edgeFrom(edge) === to ? undefined : this.#function(to)
  }

  /**
   * An entry of a Map, a Set or a WeakMap. Tables are three numbers, a bucket for every two entries of room, and for each entry its
   * key, (in a Map) its value, and a link.
   */
  #entry(path: Path, index: number, label: string, suffix: string): Word | undefined {
    const snapshot = this.#snapshot
    const pair = /^\d+ \/ part of key \((.*) @\d+\) -> value/s.exec(label)
    if (pair) return stop(`value of key ${pair[1]}${suffix}`, 'value of a key')
    const edges = path.edges
    const table = snapshot.edgeFrom(edges[index]!)
    if (index === 0 || this.label(edges[index - 1]!) !== 'table') return undefined
    const isSet = snapshot.name(snapshot.edgeFrom(edges[index - 1]!)).endsWith('Set')
    if (isSet) return stop(`an element${suffix}`)
    const width = 3
    const slots = Math.round(snapshot.selfSize[table]! / 8) - 2
    const buckets = Math.floor((slots - 3) / (1 + 2 * width))
    const at = Number(label)
    if ((at - 3 - buckets) % width === 0) return stop(`a key${suffix}`)
    const key = this.#key(table, at - 1)
    const ofTarget = index > 1 && this.label(edges[index - 2]!) === '<symbol kEvents>'
    return ofTarget ? stop(`listener of ${key}`) : stop(`${key}${suffix}`, `*${suffix}`)
  }

  #key(table: number, at: number): string {
    const snapshot = this.#snapshot
    for (let edge = snapshot.firstEdge[table]!; edge < snapshot.firstEdge[table + 1]!; edge++)
      if (snapshot.edgeKind[edge] === INTERNAL && this.label(edge) === String(at))
        return this.#keyText(snapshot.edgeTo[edge]!)
    // Small integers are not in a snapshot.
    return 'a number'
  }

  #keyText(node: number): string {
    const text = textOf(this.#snapshot, this.#labels, node)
    if (text !== undefined) return `'${text.length > 60 ? `${text.slice(0, 60)}…` : text}'`
    const name = this.#snapshot.name(node)
    if (name !== 'symbol') return `key ${name}`
    const description = textOf(this.#snapshot, this.#labels, this.#snapshot.follow(node, this.#labels.name))
    return `Symbol(${description ?? ''})`
  }

  /** Fields that V8 has no names for in a snapshot, by their number. */
  #hidden(from: number, index: string): Word | undefined {
    switch (this.#snapshot.name(from)) {
      case 'system / JSProxy':
        return stop(index === '1' ? 'proxy target' : 'proxy handler')
      case 'FinalizationRegistry':
        return index === '3' ? stop('cleanup callback') : undefined
      case 'system / WeakCell':
        return stop('held value')
      default:
        return undefined
    }
  }

  #function(closure: number, before = ''): Word {
    const name = this.#snapshot.name(closure)
    const place = this.#places.placeOf(closure)
    const text = `${before}closure ${name === '' ? '(anonymous)' : name}`
    return stopAt(text, place === undefined ? '' : `, ${shortPlace(place)}`)
  }
}

/** The step that leads to the image. */
const isLast = ({ edges }: Path, index: number): boolean => index === edges.length - 1

const memberText = (label: string): string => {
  const accessor = /^([gs]et) (.*)$/s.exec(label)
  if (accessor) return `.${accessor[2]} (${accessor[1]}ter)`
  const name = propertyName(label)
  return name.startsWith('[') ? name : `.${name}`
}

/** Paths under the working folder are told from there. A place may have the name of a function before it: `serve(), FILE`. */
export function shortPlace(place: string): string {
  const [, head = '', file = place] = /^(\S+\(\), )?(.*)$/s.exec(place) ?? []
  // The working directory may have been removed.
  const here = tryToRead(() => process.cwd())
  if (here === undefined) return place
  const short = relative(here, file)
  return file.startsWith(sep) && short !== '' && !short.startsWith('..') ? head + short : place
}
