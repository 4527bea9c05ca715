/** Kinds of nodes and edges in V8's heap snapshots. Each snapshot numbers them in its own way; these are our numbers for the same names. */
const NODE_KINDS = [
  'hidden',
  'array',
  'string',
  'object',
  'code',
  'closure',
  'regexp',
  'number',
  'native',
  'synthetic',
  'concatenated string',
  'sliced string',
  'symbol',
  'bigint',
  'object shape',
  'wasm object',
] as const
const EDGE_KINDS = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak'] as const

const OTHER = 31
/** Stands for all kinds of edges, next to the numbers of each. */
const ANY_KIND = EDGE_KINDS.length

/** Our number for a kind; one that a later V8 adds is `OTHER`, and treated as something without a meaning of its own. */
export const nodeKind = (name: string): number => {
  const index = (NODE_KINDS as readonly string[]).indexOf(name)
  return index === -1 ? OTHER : index
}

export const edgeKind = (name: string): number => {
  const index = (EDGE_KINDS as readonly string[]).indexOf(name)
  return index === -1 ? OTHER : index
}

export const CONTEXT = edgeKind('context')
export const ELEMENT = edgeKind('element')
export const PROPERTY = edgeKind('property')
export const INTERNAL = edgeKind('internal')
export const HIDDEN = edgeKind('hidden')
export const WEAK = edgeKind('weak')

export const CODE = nodeKind('code')
export const CLOSURE = nodeKind('closure')
export const OBJECT = nodeKind('object')
export const NATIVE = nodeKind('native')
export const SYNTHETIC = nodeKind('synthetic')
export const SHAPE = nodeKind('object shape')
export const STRING = nodeKind('string')
export const CONCATENATED = nodeKind('concatenated string')
export const NUMBER = nodeKind('number')

/** Where V8 says a function or class stands; line and column count from 0. */
interface Location {
  readonly line: number
  readonly column: number
}

/** The columns of a snapshot, as the reader fills them. */
interface SnapshotData {
  readonly nodeKind: Uint8Array
  readonly nodeName: Uint32Array
  readonly nodeId: Uint32Array
  readonly selfSize: Uint32Array
  /** Edges of node n are those from `firstEdge[n]` up to `firstEdge[n + 1]`. */
  readonly firstEdge: Uint32Array
  readonly edgeKind: Uint8Array
  /** A string for named edges, a number for elements and hidden ones. */
  readonly edgeName: Uint32Array
  readonly edgeTo: Uint32Array
  /** Rows of node, script, line, column. */
  readonly locations: Int32Array
  readonly locationCount: number
  /** All strings as they stand in the JSON text, one after the other. */
  readonly text: Uint8Array
  readonly textStart: Uint32Array
  readonly stringCount: number
}

export const NO_NODE = 0xffff_ffff
export const ROOT = 0

/** What is asked of a node with more edges than this is remembered: each of its edges may ask the same. */
const MANY_EDGES = 64
const REMEMBERED_LIMIT = 1 << 22

/** A heap snapshot in typed arrays: a graph whose node 0 is the root of everything. */
export class HeapSnapshot {
  readonly nodeCount: number
  readonly edgeCount: number
  readonly nodeKind: Uint8Array
  readonly nodeId: Uint32Array
  readonly selfSize: Uint32Array
  readonly firstEdge: Uint32Array
  readonly edgeKind: Uint8Array
  readonly edgeName: Uint32Array
  readonly edgeTo: Uint32Array
  readonly #data: SnapshotData
  readonly #strings = new Map<number, string>()
  /** Answers of `follow`, by node, name and kind. */
  readonly #followed = new Map<number, number>()
  #locationOf: Uint32Array | undefined

  constructor(data: SnapshotData) {
    this.#data = data
    this.nodeCount = data.nodeKind.length
    this.edgeCount = data.edgeKind.length
    this.nodeKind = data.nodeKind
    this.nodeId = data.nodeId
    this.selfSize = data.selfSize
    this.firstEdge = data.firstEdge
    this.edgeKind = data.edgeKind
    this.edgeName = data.edgeName
    this.edgeTo = data.edgeTo
  }

  get stringCount(): number {
    return this.#data.stringCount
  }

  /** A string of the table. Strings of the program longer than 1024 characters are cut there, by V8. */
  string(index: number): string {
    let text = this.#strings.get(index)
    if (text === undefined) {
      text = this.#decode(index)
      this.#strings.set(index, text)
    }
    return text
  }

  #decode(index: number): string {
    const { text, textStart } = this.#data
    const raw = Buffer.from(text.buffer, text.byteOffset + textStart[index]!, this.#length(index)).toString('latin1')
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
  }

  #length(index: number): number {
    return this.#data.textStart[index + 1]! - this.#data.textStart[index]!
  }

  /** Class of an object, name of a function, text of a string. */
  name(node: number): string {
    return this.string(this.#data.nodeName[node]!)
  }

  nameIndex(node: number): number {
    return this.#data.nodeName[node]!
  }

  /** Finds strings in the table; -1 for those that this heap does not have. One pass over the table for all of them. */
  find<const Names extends readonly string[]>(names: Names): { [K in keyof Names]: number } {
    const { text, textStart } = this.#data
    const found = names.map(() => -1)
    const wanted = names.map(name =>
      Buffer.from(
        JSON.stringify(name)
          .slice(1, -1)
          .replace(/[^ -~]/g, escapeUnit),
        'latin1',
      ),
    )
    const byLength = new Map<number, number[]>()
    for (const [index, bytes] of wanted.entries())
      byLength.set(bytes.length, [...(byLength.get(bytes.length) ?? []), index])
    for (let index = 0; index < this.stringCount; index++) {
      const candidates = byLength.get(this.#length(index))
      if (!candidates) continue
      const start = textStart[index]!
      for (const candidate of candidates) {
        const bytes = wanted[candidate]!
        let at = 0
        while (at < bytes.length && text[start + at] === bytes[at]) at++
        if (at === bytes.length) found[candidate] = index
      }
    }
    return found as { [K in keyof Names]: number }
  }

  /** Indices of the strings that have `part` somewhere; both are plain ASCII. */
  stringsWith(part: string): Set<number> {
    const { text, textStart } = this.#data
    const all = Buffer.from(text.buffer, text.byteOffset, textStart[this.stringCount]!)
    const found = new Set<number>()
    let index = 0
    for (let at = all.indexOf(part, 0, 'latin1'); at !== -1; at = all.indexOf(part, at + 1, 'latin1')) {
      let low = index
      let high = this.stringCount
      while (high - low > 1) {
        const middle = (low + high) >>> 1
        if (textStart[middle]! <= at) low = middle
        else high = middle
      }
      index = low
      if (at + part.length <= textStart[index + 1]!) found.add(index)
    }
    return found
  }

  location(node: number): Location | undefined {
    const { locations, locationCount } = this.#data
    if (!this.#locationOf) {
      this.#locationOf = new Uint32Array(this.nodeCount)
      for (let row = 0; row < locationCount; row++) this.#locationOf[locations[row * 4]!] = row + 1
    }
    const row = this.#locationOf[node]! - 1
    if (row < 0) return undefined
    return { line: locations[row * 4 + 2]!, column: locations[row * 4 + 3]! }
  }

  /** The node that an edge comes from. */
  edgeFrom(edge: number): number {
    const { firstEdge } = this
    let low = 0
    let high = this.nodeCount
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (firstEdge[middle]! <= edge) low = middle
      else high = middle
    }
    // Nodes without edges share their start with the one after them, which is the last of those found.
    return low
  }

  /** The label of an edge: a name, or a number. */
  edgeLabel(edge: number): string | number {
    const kind = this.edgeKind[edge]!
    const name = this.edgeName[edge]!
    return kind === ELEMENT || kind === HIDDEN ? name : this.string(name)
  }

  /** The node at the end of the first edge of this name that is not weak, or NO_NODE. */
  follow(node: number, nameIndex: number, kind?: number): number {
    if (this.firstEdge[node + 1]! - this.firstEdge[node]! <= MANY_EDGES) return this.#follow(node, nameIndex, kind)
    if (nameIndex < 0) return NO_NODE
    const question = (node * this.stringCount + nameIndex) * (ANY_KIND + 1) + (kind ?? ANY_KIND)
    let answer = this.#followed.get(question)
    if (answer === undefined) {
      answer = this.#follow(node, nameIndex, kind)
      if (this.#followed.size < REMEMBERED_LIMIT) this.#followed.set(question, answer)
    }
    return answer
  }

  #follow(node: number, nameIndex: number, kind: number | undefined): number {
    const end = this.firstEdge[node + 1]!
    for (let edge = this.firstEdge[node]!; edge < end; edge++) {
      if (this.edgeName[edge] !== nameIndex) continue
      const is = this.edgeKind[edge]!
      if (is === ELEMENT || is === HIDDEN || (kind !== undefined && is !== kind) || is === WEAK) continue
      return this.edgeTo[edge]!
    }
    return NO_NODE
  }
}

const escapeUnit = (unit: string): string =>
  [...Array(unit.length).keys()]
    .map(at => `\\u${unit.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0')}`)
    .join('')
