import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HeapSnapshot } from '#dist/kernel/kmemleak/snapshot.js'
import { takeSnapshot } from '#dist/kernel/kmemleak/take_snapshot.js'
import { HeapBuilder, readSnapshot } from './heap_builder.ts'

function small(): HeapBuilder {
  const heap = new HeapBuilder()
  const object = heap.node('object', 'Übung "quoted" \\ \u2028', 40)
  const text = heap.node('string', 'a\nb\u0001', 24)
  heap.node('string', '')
  const closure = heap.node('closure', 'run')
  heap.edge(heap.root, 'element', 1, object)
  heap.edge(object, 'property', 'ìfile', text)
  heap.edge(object, 'hidden', 7, closure)
  heap.edge(closure, 'weak', 'self', closure)
  heap.locate(closure, 12, -1, 43)
  return heap
}

function describeSnapshot(snapshot: HeapSnapshot): unknown {
  return Array.from({ length: snapshot.nodeCount }, (_unused, node) => ({
    kind: snapshot.nodeKind[node],
    name: snapshot.name(node),
    id: snapshot.nodeId[node],
    size: snapshot.selfSize[node],
    location: snapshot.location(node),
    edges: Array.from({ length: snapshot.firstEdge[node + 1]! - snapshot.firstEdge[node]! }, (_unused, index) => {
      const edge = snapshot.firstEdge[node]! + index
      assert.equal(snapshot.edgeFrom(edge), node)
      return [snapshot.edgeKind[edge], snapshot.edgeLabel(edge), snapshot.edgeTo[edge]]
    }),
  }))
}

describe('SnapshotReader', () => {
  it('reads the same from pieces of any length', () => {
    const text = small().text()
    const whole = describeSnapshot(readSnapshot(text))
    for (const length of [1, 2, 3, 7, 64, 1000])
      assert.deepEqual(describeSnapshot(readSnapshot(text, length)), whole, `pieces of ${length}`)
  })

  it('reads names with every escape, lines before the first, and numbers as labels', () => {
    const snapshot = small().snapshot()
    assert.equal(snapshot.name(1), 'Übung "quoted" \\ \u2028')
    assert.equal(snapshot.name(2), 'a\nb\u0001')
    assert.equal(snapshot.name(3), '')
    assert.deepEqual(snapshot.location(4), { line: -1, column: 43 })
    assert.equal(snapshot.edgeLabel(snapshot.firstEdge[1]! + 1), 7)
    const [file, absent] = snapshot.find(['ìfile', 'nothing'])
    assert.equal(snapshot.follow(1, file), 2)
    assert.equal(absent, -1)
  })

  it('takes the meaning of the fields from the text', () => {
    const heap = small()
    const fields = ['edge_count', 'id', 'trace_node_id', 'type', 'self_size', 'name', 'detachedness']
    assert.deepEqual(describeSnapshot(readSnapshot(heap.text(fields))), describeSnapshot(heap.snapshot()))
  })

  it('refuses what is cut short, and what lacks a field', () => {
    const text = small().text()
    assert.throws(() => readSnapshot(text.slice(0, -20)), /ended before/)
    assert.throws(() => readSnapshot(small().text(['type', 'name', 'id', 'edge_count'])), /no field 'self_size'/)
  })

  it('reads this process as JSON.parse does', () => {
    const pieces: Uint8Array[] = []
    takeSnapshot(bytes => pieces.push(Uint8Array.from(bytes)) > 0)
    const text = Buffer.concat(pieces).toString('latin1')
    const parsed = JSON.parse(text) as {
      snapshot: { meta: { node_fields: string[] }; node_count: number; edge_count: number }
      nodes: number[]
      edges: number[]
      strings: string[]
    }
    const { node_fields: fields } = parsed.snapshot.meta
    const snapshot = readSnapshot(text, 65_536)
    assert.equal(snapshot.nodeCount, parsed.snapshot.node_count)
    assert.equal(snapshot.edgeCount, parsed.snapshot.edge_count)
    assert.equal(snapshot.stringCount, parsed.strings.length)
    for (let node = 0; node < snapshot.nodeCount; node += 101) {
      const row = node * fields.length
      assert.equal(snapshot.name(node), parsed.strings[parsed.nodes[row + fields.indexOf('name')]!])
      assert.equal(snapshot.selfSize[node], parsed.nodes[row + fields.indexOf('self_size')])
    }
    for (let edge = 0; edge < snapshot.edgeCount; edge += 101)
      assert.equal(snapshot.edgeTo[edge], parsed.edges[edge * 3 + 2]! / fields.length)
  })

  it('throws what its taker throws', () => {
    const take = () => {
      throw new Error('enough')
    }
    assert.throws(() => takeSnapshot(take), /enough/)
  })

  it('takes no more than is wanted', () => {
    let pieces = 0
    takeSnapshot(() => ++pieces < 3)
    assert.equal(pieces, 3)
  })
})
