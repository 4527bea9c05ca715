import type { Labels } from './names.ts'
import { CONTEXT, type HeapSnapshot, HIDDEN, INTERNAL, NO_NODE, OBJECT } from './snapshot.ts'
import { textOf } from './text.ts'

/** Words of a scope before its variables: map, length, description, outer scope. */
const HEADER_WORDS = 4
const WORD_BYTES = 8

/**
 * The variable that an edge of a scope stands for. V8 names those of functions and modules. Those of blocks it only counts, and small
 * integers are not counted: then it is one of a few, told as `a or b`.
 *
 * @returns undefined when the edge is no variable
 */
export function variableOf(snapshot: HeapSnapshot, labels: Labels, edge: number): string | undefined {
  const kind = snapshot.edgeKind[edge]
  if (kind === CONTEXT) return String(snapshot.edgeLabel(edge))
  if (kind !== HIDDEN) return undefined
  const scope = snapshot.edgeFrom(edge)
  if (snapshot.nodeKind[scope] !== OBJECT || snapshot.name(scope) !== 'system / Context') return undefined
  const description = snapshot.follow(scope, labels.scopeInfo, INTERNAL)
  if (description === NO_NODE) return undefined
  const count = snapshot.selfSize[scope]! / WORD_BYTES - HEADER_WORDS
  const names = hiddenOf(snapshot, description)
    .slice(0, count)
    .map(([, node]) => textOf(snapshot, labels, node))
  const present = hiddenOf(snapshot, scope).at(-1)![0] + 1
  const index = Number(snapshot.edgeLabel(edge))
  const candidates = names.slice(index, Math.max(index, count - present + index) + 1)
  if (candidates.length === 0 || candidates.some(name => !name)) return undefined
  const to = snapshot.edgeTo[edge]!
  const named = candidates.find(name => name === snapshot.name(to))
  return named ?? candidates.slice(0, 4).join(' or ')
}

/** Edges without a name, by number. */
function hiddenOf(snapshot: HeapSnapshot, node: number): [number, number][] {
  const found: [number, number][] = []
  for (let edge = snapshot.firstEdge[node]!; edge < snapshot.firstEdge[node + 1]!; edge++)
    if (snapshot.edgeKind[edge] === HIDDEN) found.push([snapshot.edgeName[edge]!, snapshot.edgeTo[edge]!])
  return found.sort((a, b) => a[0] - b[0])
}
