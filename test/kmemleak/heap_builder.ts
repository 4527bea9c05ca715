import type { HeapSnapshot } from '#dist/kernel/kmemleak/snapshot.js'
import { SnapshotReader } from '#dist/kernel/kmemleak/snapshot_reader.js'

const NODE_TYPES = [
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
]
const EDGE_TYPES = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak']

interface Edge {
  readonly kind: string
  readonly label: string | number
  readonly to: number
}

interface BuiltNode {
  readonly kind: string
  readonly name: string
  readonly size: number
  readonly edges: Edge[]
}

/** Makes heap snapshots by hand, as V8 writes them. Node 0 is the root. */
export class HeapBuilder {
  readonly #nodes: BuiltNode[] = []
  readonly #locations: number[][] = []
  readonly root = this.node('synthetic', '')

  node(kind: string, name: string, size = 16): number {
    return this.#nodes.push({ kind, name, size, edges: [] }) - 1
  }

  edge(from: number, kind: string, label: string | number, to: number): void {
    this.#nodes[from]!.edges.push({ kind, label, to })
  }

  locate(node: number, script: number, line: number, column: number): void {
    this.#locations.push([node, script, line, column])
  }

  /** Both edges of a WeakMap's entry, named as V8 names them. */
  entry(table: number, key: number, value: number): void {
    const of = (node: number): string => `${this.#nodes[node]!.name} @${idOf(node)}`
    const name = `part of key (${of(key)}) -> value (${of(value)}) pair in WeakMap (table @${idOf(table)})`
    this.edge(key, 'internal', `3 / ${name}`, value)
    this.edge(table, 'internal', `7 / ${name}`, value)
  }

  /** @param order of the fields of a node; each V8 may have its own, and more */
  text(order: readonly string[] = ['type', 'name', 'id', 'self_size', 'edge_count', 'detachedness']): string {
    const strings = ['<dummy>']
    const indices = new Map<string, number>()
    const indexOf = (text: string): number => {
      let index = indices.get(text)
      if (index === undefined) {
        index = strings.push(text) - 1
        indices.set(text, index)
      }
      return index
    }
    const nodes: number[] = []
    const edges: number[] = []
    for (const [index, { kind, name, size, edges: own }] of this.#nodes.entries()) {
      const fields: Record<string, number> = {
        type: NODE_TYPES.indexOf(kind),
        name: indexOf(name),
        id: idOf(index),
        self_size: size,
        edge_count: own.length,
      }
      nodes.push(...order.map(field => fields[field] ?? 0))
      for (const edge of own)
        edges.push(
          EDGE_TYPES.indexOf(edge.kind),
          typeof edge.label === 'number' ? edge.label : indexOf(edge.label),
          edge.to * order.length,
        )
    }
    const meta = {
      node_fields: order,
      node_types: [NODE_TYPES, 'string', 'number', 'number', 'number', 'number'],
      edge_fields: ['type', 'name_or_index', 'to_node'],
      edge_types: [EDGE_TYPES, 'string_or_number', 'node'],
      location_fields: ['object_index', 'script_id', 'line', 'column'],
    }
    const header = { meta, node_count: this.#nodes.length, edge_count: edges.length / 3, trace_function_count: 0 }
    const locations = this.#locations.flatMap(([node, ...rest]) => [node! * order.length, ...rest])
    return (
      `{"snapshot":${JSON.stringify(header)},\n"nodes":[${nodes.join()}],\n"edges":[${edges.join()}],\n` +
      `"trace_function_infos":[],\n"trace_tree":[1,[2,3]],\n"samples":[],\n"locations":[${locations.join()}],\n` +
      `"strings":[${strings.map(ascii).join(',\n')}]}`
    )
  }

  snapshot(): HeapSnapshot {
    return readSnapshot(this.text())
  }
}

const idOf = (node: number): number => node * 2 + 1

/** V8 writes nothing but ASCII. */
const ascii = (text: string): string =>
  JSON.stringify(text).replace(
    /[^ -~]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  )

export function readSnapshot(text: string, pieceLength = text.length): HeapSnapshot {
  const reader = new SnapshotReader()
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += pieceLength) reader.push(bytes.subarray(at, at + pieceLength))
  return reader.finish()
}
