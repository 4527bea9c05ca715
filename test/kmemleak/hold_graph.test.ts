import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HoldGraph } from '#dist/kernel/kmemleak/hold_graph.js'
import { retainedBytes } from '#dist/kernel/kmemleak/size.js'
import { HeapBuilder } from './heap_builder.ts'

const alive = (heap: HeapBuilder, without: readonly number[] = []): number[] => {
  const reached = new HoldGraph(heap.snapshot()).reachFromRoot(new Set(without))
  return [...reached.keys()].filter(node => reached[node] === 1)
}

describe('HoldGraph', () => {
  it('does not follow weak edges', () => {
    const heap = new HeapBuilder()
    const weakly = heap.node('object', 'A')
    const strongly = heap.node('object', 'B')
    heap.edge(heap.root, 'weak', 'target', weakly)
    heap.edge(heap.root, 'property', 'b', strongly)
    assert.deepEqual(alive(heap), [heap.root, strongly])
  })

  it('holds the value of a WeakMap while both the table and the key are alive', () => {
    for (const [hasTable, hasKey] of [
      [true, true],
      [true, false],
      [false, true],
    ]) {
      const heap = new HeapBuilder()
      const [table, key, value] = [heap.node('array', ''), heap.node('object', 'Key (@9) ->'), heap.node('object', 'V')]
      heap.entry(table, key, value)
      if (hasTable) heap.edge(heap.root, 'internal', 'table', table)
      if (hasKey) heap.edge(heap.root, 'property', 'key', key)
      assert.equal(alive(heap).includes(value), hasTable && hasKey)
    }
  })

  it('finds keys that only values of other entries hold, and not keys that only their own value holds', () => {
    const heap = new HeapBuilder()
    const table = heap.node('array', '')
    const [first, second, third] = ['A', 'B', 'C'].map(name => heap.node('object', name)) as [number, number, number]
    const last = heap.node('object', 'last')
    heap.entry(table, third, last)
    heap.entry(table, second, third)
    heap.entry(table, first, second)
    heap.edge(heap.root, 'internal', 'table', table)
    heap.edge(heap.root, 'property', 'first', first)
    const lonely = heap.node('object', 'lonely')
    const its = heap.node('object', 'its value')
    heap.entry(table, lonely, its)
    heap.edge(its, 'property', 'key', lonely)
    assert.deepEqual(alive(heap), [heap.root, table, first, second, third, last])
  })

  it('does not believe native objects that hold their wrapper weakly', () => {
    const heap = new HeapBuilder()
    const handles = heap.node('synthetic', '(Global handles)')
    const native = heap.node('native', 'Node / Thing')
    const [weak, strong] = [heap.node('object', 'Weak'), heap.node('object', 'Strong')]
    heap.edge(heap.root, 'element', 1, handles)
    heap.edge(heap.root, 'element', 2, native)
    heap.edge(handles, 'weak', '1', weak)
    heap.edge(handles, 'weak', '2', strong)
    heap.edge(handles, 'internal', '3', strong)
    heap.edge(native, 'internal', 'native_to_javascript', weak)
    heap.edge(native, 'internal', 'native_to_javascript', strong)
    assert.deepEqual(alive(heap), [heap.root, handles, native, strong])
  })

  it('agrees with the definition on random heaps, and so does the size', () => {
    fc.assert(
      fc.property(randomHeap, ({ count, edges, weak, entries, cut }) => {
        const heap = new HeapBuilder()
        for (let node = 1; node < count; node++) heap.node('object', `N${node}`, node)
        for (const [from, to] of edges) heap.edge(from, 'property', 'p', to)
        for (const [from, to] of weak) heap.edge(from, 'weak', 'w', to)
        for (const [table, key, value] of entries) if (table !== key) heap.entry(table, key, value)
        const code = new Set(cut.filter(node => node !== 0))
        const graph = new HoldGraph(heap.snapshot())
        const all = naive(count, edges, entries, new Set())
        const outside = graph.reachFromRoot(code)
        const expected = naive(count, edges, entries, code)
        for (let node = 0; node < count; node++) assert.equal(outside[node] === 1, expected.has(node), `node ${node}`)
        const reachable = new Set([...code].filter(node => all.has(node)))
        const own = [...all].filter(node => !expected.has(node))
        const size = retainedBytes(
          graph,
          { label: '', node: 0, isGone: false, code: reachable },
          graph.reachFromRoot(reachable),
        )
        if (reachable.size === code.size)
          assert.equal(
            size,
            own.reduce((sum, node) => sum + node, 0),
          )
      }),
      { numRuns: 500 },
    )
  })
})

const node = (count: number) => fc.nat({ max: count - 1 })
const randomHeap = fc.integer({ min: 2, max: 14 }).chain(count =>
  fc.record({
    count: fc.constant(count),
    edges: fc.array(fc.tuple(node(count), node(count)), { maxLength: 24 }),
    weak: fc.array(fc.tuple(node(count), node(count)), { maxLength: 6 }),
    entries: fc.array(fc.tuple(node(count), node(count), node(count)), { maxLength: 8 }),
    cut: fc.array(node(count), { maxLength: 3 }),
  }),
)

/** What is alive, by the definition: the least set with the root in it that the edges and entries do not lead out of. */
function naive(
  count: number,
  edges: readonly (readonly [number, number])[],
  entries: readonly (readonly [number, number, number])[],
  without: ReadonlySet<number>,
): Set<number> {
  const live = new Set([0])
  for (let round = 0; round < count; round++) {
    for (const [from, to] of edges) if (live.has(from) && !without.has(to)) live.add(to)
    for (const [table, key, value] of entries)
      if (table !== key && live.has(table) && live.has(key) && !without.has(value)) live.add(value)
  }
  return live
}
