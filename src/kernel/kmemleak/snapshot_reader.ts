import { edgeKind, HeapSnapshot, nodeKind } from './snapshot.ts'
import { rows, type Step, skipped, title } from './snapshot_text.ts'
import { grown, StringTable } from './string_table.ts'

interface Meta {
  readonly node_fields: readonly string[]
  readonly node_types: readonly [readonly string[], ...unknown[]]
  readonly edge_fields: readonly string[]
  readonly edge_types: readonly [readonly string[], ...unknown[]]
  readonly location_fields: readonly string[]
}

interface Header {
  readonly snapshot: { readonly meta: Meta; readonly node_count: number; readonly edge_count: number }
}

const FIRST_SECTION = '"nodes":['

/**
 * Reads the JSON text of a heap snapshot as it comes, in pieces, into typed arrays. No more of the text is kept than its strings. What each
 * number means is taken from the text's own `meta` section, since that differs from one V8 to the next.
 */
export class SnapshotReader {
  #step: Step
  #header = ''
  #meta: Meta | undefined
  #nodeKind = new Uint8Array(0)
  #nodeName = new Uint32Array(0)
  #nodeId = new Uint32Array(0)
  #selfSize = new Uint32Array(0)
  #firstEdge = new Uint32Array(0)
  #edgeKind = new Uint8Array(0)
  #edgeName = new Uint32Array(0)
  #edgeTo = new Uint32Array(0)
  #locations = new Int32Array(4 * 1024)
  #locationCount = 0
  readonly #strings = new StringTable()
  #done = false

  constructor() {
    this.#step = this.#readHeader
  }

  push(bytes: Uint8Array): void {
    const end = bytes.length
    for (let at = 0; at < end; ) at = this.#step(bytes, at, end)
  }

  /** @throws Error when the text was not a whole snapshot */
  finish(): HeapSnapshot {
    if (!this.#done) throw new Error('The heap snapshot ended before its strings did')
    return new HeapSnapshot({
      nodeKind: this.#nodeKind,
      nodeName: this.#nodeName,
      nodeId: this.#nodeId,
      selfSize: this.#selfSize,
      firstEdge: this.#firstEdge,
      edgeKind: this.#edgeKind,
      edgeName: this.#edgeName,
      edgeTo: this.#edgeTo,
      locations: this.#locations,
      locationCount: this.#locationCount,
      ...this.#strings.finish(),
    })
  }

  #readHeader(bytes: Uint8Array, at: number, end: number): number {
    const before = this.#header.length
    this.#header += Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1')
    const found = this.#header.indexOf(FIRST_SECTION)
    if (found === -1) return end
    const { snapshot } = JSON.parse(`${this.#header.slice(0, found).replace(/,\s*$/, '')}}`) as Header
    this.#allocate(snapshot)
    this.#begin('nodes')
    return at + found + FIRST_SECTION.length - before
  }

  #allocate({ meta, node_count, edge_count }: Header['snapshot']): void {
    this.#meta = meta
    this.#nodeKind = new Uint8Array(node_count)
    this.#nodeName = new Uint32Array(node_count)
    this.#nodeId = new Uint32Array(node_count)
    this.#selfSize = new Uint32Array(node_count)
    this.#firstEdge = new Uint32Array(node_count + 1)
    this.#edgeKind = new Uint8Array(edge_count)
    this.#edgeName = new Uint32Array(edge_count)
    this.#edgeTo = new Uint32Array(edge_count)
  }

  #begin(section: string): void {
    const meta = this.#meta!
    switch (section) {
      case 'nodes':
        this.#step = rows(meta.node_fields.length, this.#nodeRow(meta), () => this.#between())
        return
      case 'edges':
        this.#step = rows(meta.edge_fields.length, this.#edgeRow(meta), () => this.#between())
        return
      case 'locations':
        this.#step = rows(meta.location_fields.length, this.#locationRow(meta), () => this.#between())
        return
      case 'strings':
        this.#step = this.#strings.step(() => {
          this.#between()
          this.#done = true
        })
        return
      default:
        this.#step = skipped(() => this.#between())
    }
  }

  #nodeRow({ node_fields, node_types }: Meta): (row: Float64Array) => void {
    const kinds = node_types[0].map(nodeKind)
    const [type, name, id, size, edges] = ['type', 'name', 'id', 'self_size', 'edge_count'].map(field =>
      fieldIndex(node_fields, field),
    ) as [number, number, number, number, number]
    let node = 0
    let edge = 0
    return row => {
      this.#nodeKind[node] = kinds[row[type]!]!
      this.#nodeName[node] = row[name]!
      this.#nodeId[node] = row[id]!
      this.#selfSize[node] = Math.min(row[size]!, 0xffff_ffff)
      edge += row[edges]!
      this.#firstEdge[++node] = edge
    }
  }

  #edgeRow({ edge_fields, edge_types, node_fields }: Meta): (row: Float64Array) => void {
    const kinds = edge_types[0].map(edgeKind)
    const [type, name, to] = ['type', 'name_or_index', 'to_node'].map(field => fieldIndex(edge_fields, field)) as [
      number,
      number,
      number,
    ]
    const width = node_fields.length
    let edge = 0
    return row => {
      this.#edgeKind[edge] = kinds[row[type]!]!
      this.#edgeName[edge] = row[name]!
      this.#edgeTo[edge++] = row[to]! / width
    }
  }

  #locationRow({ location_fields, node_fields }: Meta): (row: Float64Array) => void {
    const fields = ['object_index', 'script_id', 'line', 'column'].map(field => fieldIndex(location_fields, field))
    const width = node_fields.length
    return row => {
      const at = this.#locationCount++ * 4
      if (at === this.#locations.length) this.#locations = grown(this.#locations, new Int32Array(at * 2))
      for (let field = 0; field < 4; field++) this.#locations[at + field] = row[fields[field]!]!
      this.#locations[at]! /= width
    }
  }

  /** From the end of a section to the bracket that opens the next. */
  #between(): void {
    this.#step = title(section => this.#begin(section))
  }
}

function fieldIndex(fields: readonly string[], field: string): number {
  const index = fields.indexOf(field)
  if (index === -1) throw new Error(`This heap snapshot has no field '${field}'`)
  return index
}
