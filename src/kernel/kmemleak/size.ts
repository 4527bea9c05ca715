import type { HoldGraph } from './hold_graph.ts'
import type { ImageInHeap } from './image_nodes.ts'

/**
 * The exact size of an image: the bytes that would come back with it. They are those of its code, and of all that its code leads to and
 * nothing outside it does: functions, scopes, bytecode, source text, data, and what buffers hold outside the heap.
 *
 * @param outside what is alive without the image, as `HoldGraph.reachFromRoot` finds it without the image's code
 */
export function retainedBytes(graph: HoldGraph, image: ImageInHeap, outside: Uint8Array): number {
  const { selfSize, nodeCount } = graph.snapshot
  const isOutside = { has: (node: number) => outside[node] === 1 }
  const own = graph.reach(image.code, isOutside, { alive: outside })
  let sum = 0
  for (let node = 0; node < nodeCount; node++) if (own[node] === 1) sum += selfSize[node]!
  return sum
}
