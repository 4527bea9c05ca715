import assert from 'node:assert/strict'
import { it } from 'node:test'
import { HoldGraph } from '#dist/kernel/kmemleak/hold_graph.js'
import { SearchBack, type SearchSpace } from '#dist/kernel/kmemleak/search_back.js'
import { HeapBuilder } from './heap_builder.ts'

it('looks at a heap once for all searches together, and near its start for each', () => {
  const heap = new HeapBuilder()
  const code = heap.node('closure', 'handler')
  const rooms = Array.from({ length: 30_000 }, () => heap.node('object', 'Room'))
  for (const [index, room] of rooms.entries())
    for (const door of [index + 1, 3 * index + 2]) heap.edge(room, 'property', 'door', rooms[door % rooms.length]!)
  heap.edge(rooms[0]!, 'property', 'thing', code)
  const snapshot = heap.snapshot()
  const graph = new HoldGraph(snapshot)
  const space: SearchSpace = {
    graph,
    anchors: { meaning: () => ({ is: 'way' }) },
    code: new Set([code]),
    isFromOutside: () => true,
    metIn: new Uint32Array(snapshot.nodeCount),
    metBy: new Uint32Array(snapshot.nodeCount),
    edgesLeft: snapshot.edgeCount,
  }
  const looked = [1, 2, 3].map(number => {
    const before = space.edgesLeft
    new SearchBack(space, number).run(graph.holding(code))
    return before - space.edgesLeft
  })
  assert.ok(looked[0]! > 59_000, looked.join())
  assert.ok(looked[1]! < 11_000 && looked[2]! < 11_000, looked.join())
})
