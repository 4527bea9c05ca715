import {
  type Anchor,
  anchored,
  type HolderKind,
  type Meaning,
  moduleExports,
  NOTHING,
  propertyName,
  WAY,
} from './anchor.ts'
import { exportInCell } from './exported_cells.ts'
import type { HoldGraph } from './hold_graph.ts'
import type { CodeOfOthers, ImageInHeap } from './image_nodes.ts'
import { Landmarks } from './landmarks.ts'
import type { Labels } from './names.ts'
import { fileOf, type Places, type Scope } from './places.ts'
import { variableOf } from './slots.ts'
import {
  CLOSURE,
  CODE,
  ELEMENT,
  type HeapSnapshot,
  HIDDEN,
  INTERNAL,
  NATIVE,
  NO_NODE,
  OBJECT,
  PROPERTY,
  SHAPE,
  SYNTHETIC,
} from './snapshot.ts'
import { textOf } from './text.ts'
import { Timers } from './timers.ts'

/** Parts of objects. V8 draws an edge of the object itself for each thing in them. */
const PARTS: ReadonlySet<string> = new Set([
  'system / PropertyArray',
  '(object properties)',
  '(object elements)',
  'system / PropertyCell',
  'system / AccessorPair',
  'system / Map',
])

const ROOTS: Readonly<Record<string, readonly [HolderKind, string]>> = {
  '(Stack roots)': ['stack', 'the call stack'],
  '(Handle scope)': ['stack', 'a native call under way'],
  '(Relocatable)': ['stack', 'a native call under way'],
  '(Micro tasks)': ['microtask', 'the queue of microtasks'],
  '(Global handles)': ['native', 'native code (a persistent handle)'],
  '(Traced handles)': ['native', 'native code (a traced handle)'],
  '(Eternal handles)': ['native', 'native code (an eternal handle)'],
}

/** Where the record of a file keeps what it exports, and what it imports from. */
const EXPORTS = 'SourceModule.#exports'
const IMPORTS: ReadonlySet<string> = new Set(['SourceModule.requested', 'ModuleImports.#resolved'])

/** Knows the things of a Node process that live for a reason of their own. */
export class Anchors {
  readonly #graph: HoldGraph
  readonly #snapshot: HeapSnapshot
  readonly #labels: Labels
  readonly #places: Places
  readonly #others: CodeOfOthers
  readonly #landmarks: Landmarks
  readonly #timers: Timers
  /** What was found out about cells, and whether a function is one of the engine's that everybody can reach: each is asked once for each of its edges. */
  readonly #cells = new Map<number, Meaning>()
  readonly #intrinsics = new Map<number, boolean>()

  constructor(graph: HoldGraph, labels: Labels, places: Places, others: CodeOfOthers) {
    this.#graph = graph
    this.#snapshot = graph.snapshot
    this.#labels = labels
    this.#places = places
    this.#others = others
    this.#landmarks = new Landmarks(graph.snapshot, labels, places)
    this.#timers = new Timers(graph, labels)
  }

  /** What to make of `edge` on the way back from an image. */
  meaning(edge: number): Meaning {
    const snapshot = this.#snapshot
    const from = snapshot.edgeFrom(edge)
    const to = snapshot.edgeTo[edge]!
    const edgeKind = snapshot.edgeKind[edge]!
    const nodeKind = snapshot.nodeKind[from]!
    if (nodeKind === SHAPE || this.#isSideEdge(edge, edgeKind, to)) return NOTHING
    const other = this.#others(from)
    if (other !== undefined) return this.#inImage(other, edge, from)
    if (nodeKind === SYNTHETIC) return this.#atRoot(snapshot.name(from), to)
    if (nodeKind === NATIVE) return anchored('native', '', `native object ${snapshot.name(from)}`)
    const name = snapshot.name(from)
    if (PARTS.has(name)) return NOTHING
    const part = this.#landmarks.partOfKernel(from)
    if (part !== undefined) return anchored('outlive', '', `Outlive: ${part}`)
    if (this.#landmarks.isGlobal(from)) return this.#atGlobal(edge, edgeKind)
    if (this.#places.isNativeContext(from)) return anchored('prototype', 'built-in', this.#intrinsicName(to))
    if (name === 'system / Context') return this.#inScope(edge, edgeKind, from, to)
    if (name === 'system / Cell') return this.#inCell(from)
    if (nodeKind === CODE) return anchored('engine', '', `V8's own ${name}`)
    if (nodeKind === CLOSURE) return this.#atFunction(edgeKind, from, name)
    if (nodeKind === OBJECT) return this.#isWayToFace(edge, from) ? NOTHING : this.#atObject(edge, from, name)
    return WAY
  }

  /** Edges that lead from something to what it is made like, or to its neighbour in a list: not why that is alive. */
  #isSideEdge(edge: number, edgeKind: number, to: number): boolean {
    const { proto, maker, nextTimer, previousTimer } = this.#labels
    const label = this.#snapshot.edgeName[edge]
    if (edgeKind === ELEMENT || edgeKind === HIDDEN) return false
    if (this.#graph.requires(edge) !== NO_NODE) return this.#snapshot.nodeKind[this.#snapshot.edgeFrom(edge)] === OBJECT
    if (label === maker || label === nextTimer || label === previousTimer) return true
    return (
      label === proto &&
      this.#snapshot.nodeKind[to] === OBJECT &&
      this.#snapshot.follow(to, maker, PROPERTY) !== NO_NODE
    )
  }

  /** Who keeps one method of operations keeps all that they are: that the gate leads from there to the other methods says nothing new. */
  #isWayToFace(edge: number, from: number): boolean {
    const { face, Operations } = this.#labels
    const snapshot = this.#snapshot
    if (snapshot.edgeName[edge] !== face || snapshot.nameIndex(from) !== Operations) return false
    const made = this.#places.constructorOf(from)
    return made !== NO_NODE && this.#places.authorOf(made) === 'outlive'
  }

  #inImage(of: ImageInHeap, edge: number, from: number): Meaning {
    const snapshot = this.#snapshot
    const name = snapshot.name(from)
    const inOther = (noun: string, what: string, place?: string, record?: Anchor['record']): Meaning => ({
      is: 'anchor',
      anchor: { kind: 'module', noun, name: what, where: undefined, place, of, record },
    })
    if (name === 'system / Context')
      return inOther(`${of.label}'s variable`, variableOf(snapshot, this.#labels, edge) ?? '(unnamed)')
    const field = `${name}.${String(snapshot.edgeLabel(edge))}`
    if (field === EXPORTS) return inOther(`${of.label}'s`, 'exports', undefined, 'exports')
    if (IMPORTS.has(field)) return inOther('', `${of.label}, which imports from it`, undefined, 'imports')
    // What its authors know it by.
    if (name === 'CommonJsFiles') return inOther(`${of.label}'s`, 'require')
    const maker = snapshot.nodeKind[from] === CLOSURE ? from : this.#places.constructorOf(from)
    const place = maker === NO_NODE ? undefined : this.#places.placeOf(maker)
    return inOther(`${of.label}'s`, name, place)
  }

  #atRoot(name: string, to: number): Meaning {
    // A handle that is open stays until it is closed, whoever has it.
    if (name === '(Global handles)' && this.#snapshot.follow(to, this.#labels.ownerOfHandle, PROPERTY) !== NO_NODE)
      return anchored('native', '', `open handle (${this.#snapshot.name(to)})`)
    const [kind, text] = ROOTS[name] ?? ['engine', `V8's ${name.replace(/[()]/g, '').toLowerCase()}`]
    return anchored(kind, '', text)
  }

  #atGlobal(edge: number, edgeKind: number): Meaning {
    if (edgeKind !== PROPERTY) return NOTHING
    return anchored('global', 'global', propertyName(String(this.#snapshot.edgeLabel(edge))))
  }

  #intrinsicName(node: number): string {
    const snapshot = this.#snapshot
    if (snapshot.nodeKind[node] === CLOSURE) return snapshot.name(node)
    const maker = snapshot.follow(node, this.#labels.maker, PROPERTY)
    return maker === NO_NODE ? snapshot.name(node) : `${snapshot.name(maker)}.prototype`
  }

  #inScope(edge: number, edgeKind: number, context: number, to: number): Meaning {
    const name = edgeKind === INTERNAL ? undefined : variableOf(this.#snapshot, this.#labels, edge)
    if (name === undefined) return WAY
    const scope = this.#places.scopeOf(context)
    if (!scope.topLevel) {
      if (scope.author !== 'host') return WAY
      const meaning = this.#variable(scope, name)
      if (meaning.is !== 'anchor') return meaning
      // A collection is where things stay; a function or a promise is only as long-lived as whoever has it. Nobody can change
      // the variables of a package's calls, and `this` is no place at all: who keeps the call is the one to be named.
      const stays = this.#isCollection(to) && name !== 'this' && meaning.anchor.kind !== 'package'
      return stays ? meaning : { is: 'variable of a call', anchor: meaning.anchor }
    }
    return this.#variable(scope, name)
  }

  #isCollection(node: number): boolean {
    return this.#snapshot.nodeKind[node] === OBJECT && this.#snapshot.name(node) !== 'Promise'
  }

  #variable(scope: Scope, name: string): Meaning {
    const file = scope.file ?? 'an unknown file'
    if (scope.author === 'outlive') return anchored('outlive', "Outlive's variable", name, file, scope.place)
    if (scope.author === 'node') return anchored('node', "Node's variable", name, file, file)
    const kind = file.includes('/node_modules/') ? 'package' : 'variable'
    const where = scope.topLevel || scope.functionName === undefined ? file : `${scope.functionName}(), ${file}`
    const anchor: Anchor = { kind, noun: 'variable', name, where, place: undefined, declaredIn: scope }
    return { is: 'anchor', anchor }
  }

  #inCell(cell: number): Meaning {
    let meaning = this.#cells.get(cell)
    if (!meaning) {
      meaning = this.#exportIn(cell)
      this.#cells.set(cell, meaning)
    }
    return meaning
  }

  #exportIn(cell: number): Meaning {
    const found = exportInCell(this.#graph, this.#labels, cell)
    if (!found) return WAY
    const { name, url, isSynthetic } = found
    if (url === undefined) return anchored('variable', 'exported variable', name)
    const file = fileOf(url)
    // Around a CommonJS file Node has such a module: its default export is what the file calls `module.exports`.
    if (name === 'default' && isSynthetic) return moduleExports(file)
    const author = this.#places.authorOfScript(url)
    return this.#variable({ author, file, topLevel: true, functionName: undefined, place: file }, name)
  }

  #atFunction(edgeKind: number, closure: number, name: string): Meaning {
    if (edgeKind !== PROPERTY || this.#places.authorOf(closure) !== 'engine') return WAY
    let isIntrinsic = this.#intrinsics.get(closure)
    if (isIntrinsic === undefined) {
      isIntrinsic = this.#isIntrinsic(closure)
      this.#intrinsics.set(closure, isIntrinsic)
    }
    return isIntrinsic ? anchored('global', 'global', name) : WAY
  }

  #isIntrinsic(closure: number): boolean {
    for (const edge of this.#graph.holding(closure))
      if (this.#places.isNativeContext(this.#snapshot.edgeFrom(edge))) return true
    return false
  }

  #atObject(edge: number, object: number, name: string): Meaning {
    const snapshot = this.#snapshot
    const labels = this.#labels
    if (name === 'process' && snapshot.follow(object, labels.events) !== NO_NODE)
      return anchored('global', '', 'process')
    if (name === 'Timeout' || name === 'Immediate') {
      const words = this.#timers.inWords(object)
      if (words !== undefined) return anchored('timer', '', words)
    }
    if (snapshot.edgeName[edge] === labels.exports && name === 'Module') {
      const file = textOf(snapshot, labels, snapshot.follow(object, labels.filename, PROPERTY))
      if (file !== undefined) return moduleExports(file)
    }
    if (snapshot.edgeName[edge] === labels.inherited && name === 'ModuleContextImplementation') {
      const module = snapshot.follow(object, labels.module, PROPERTY)
      const heir = module === NO_NODE ? undefined : textOf(snapshot, labels, snapshot.follow(module, labels.name))
      return anchored('module', `${heir ?? 'a module'}'s`, 'k')
    }
    const maker = snapshot.follow(object, labels.maker, PROPERTY)
    if (maker !== NO_NODE && snapshot.nodeKind[maker] === CLOSURE) return this.#prototype(maker)
    const own = this.#landmarks.partByClass(object, name)
    if (own !== undefined) return anchored('outlive', '', `Outlive: ${own}`)
    return this.#suspended(object)
  }

  #prototype(maker: number): Meaning {
    const snapshot = this.#snapshot
    const name = `${snapshot.name(maker)}.prototype`
    const author = this.#places.authorOf(maker)
    if (author === 'outlive') return anchored('outlive', "Outlive's", name)
    if (author === 'engine') return anchored('prototype', 'built-in', name)
    const place = this.#places.placeOf(maker)
    return anchored('prototype', '', name, place, place)
  }

  /** A generator or an asynchronous function of the host, with its local variables. */
  #suspended(object: number): Meaning {
    const snapshot = this.#snapshot
    const closure = snapshot.follow(object, this.#labels.function, INTERNAL)
    if (closure === NO_NODE || snapshot.nodeKind[closure] !== CLOSURE) return WAY
    if (snapshot.follow(object, this.#labels.context, INTERNAL) === NO_NODE) return WAY
    if (this.#places.authorOf(closure) !== 'host') return WAY
    const place = this.#places.placeOf(closure)
    const name = snapshot.name(closure)
    if (name === '' && place?.endsWith(':1:1'))
      return anchored('suspended', '', 'the top level, which awaits', place, place)
    return anchored('suspended', 'suspended function', name === '' ? '(anonymous)' : name, place, place)
  }
}
