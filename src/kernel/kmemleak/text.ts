import type { Labels } from './names.ts'
import { CONCATENATED, type HeapSnapshot, INTERNAL, NO_NODE, STRING } from './snapshot.ts'

/** The text of a string in the heap, also of one that V8 keeps as a concatenation of others; not of one that is deeper than `depth`. */
export function textOf(
  snapshot: HeapSnapshot,
  labels: Pick<Labels, 'first' | 'second'>,
  node: number,
  depth = 64,
): string | undefined {
  if (node === NO_NODE) return undefined
  const kind = snapshot.nodeKind[node]
  if (kind === STRING) return snapshot.name(node)
  if (kind !== CONCATENATED || depth === 0) return undefined
  const first = textOf(snapshot, labels, snapshot.follow(node, labels.first, INTERNAL), depth - 1)
  if (first === undefined) return undefined
  return first + (textOf(snapshot, labels, snapshot.follow(node, labels.second, INTERNAL), depth - 1) ?? '')
}
