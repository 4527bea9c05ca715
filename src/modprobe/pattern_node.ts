import { BACKSLASH, type CharSet, charSet, isPlain, OPEN, QUESTION, STAR } from './glob.ts'
import type { PatternTable } from './pattern_table.ts'

/** Ends a list of entries. */
export const NONE = -1

/** An edge for one character out of several: `[..]`, or an escaped one. */
interface SetEdge {
  readonly text: string
  readonly set: CharSet
  readonly to: Node
}

/** Where patterns part. */
export interface Branch {
  /** Plain characters with which all patterns here go on before they part. */
  readonly label: string
  /** How many characters of the patterns lead here, the label included. */
  readonly depth: number
  readonly ends: number[]
  readonly literals: Map<number, Node>
  readonly sets: SetEdge[]
  any: Node | undefined
  star: Node | undefined
}

/**
 * A node of the trie of patterns. A pattern's elements (characters, `?`, `[..]`, `*`) are its edges, so that all
 * patterns that begin alike are followed together, the wildcards included.
 */
export interface Node {
  /** How many characters of the patterns lead here. */
  readonly depth: number
  /**
   * The entries below, as long as they are not divided among children: that is done where look-ups come by. They are
   * those of a list and, of a prepared table, which is sorted, those `from` one entry `to` before another.
   */
  first: number
  last: number
  count: number
  from: number
  to: number
  branch: Branch | undefined
  /** The look-up that last entered this node by its star. One that comes back later in the alias finds nothing new. */
  visited: number
}

export function newNode(depth: number): Node {
  return { depth, first: NONE, last: NONE, count: 0, from: 0, to: 0, branch: undefined, visited: 0 }
}

export function newBranch(label: string, depth: number): Branch {
  return { label, depth, ends: [], literals: new Map(), sets: [], any: undefined, star: undefined }
}

/** The child that the pattern's next element leads to, made if need be. */
export function childFor(branch: Branch, table: PatternTable, entry: number): Node {
  const at = branch.depth
  const c = table.charCodeAt(entry, at)
  if (c === STAR) return (branch.star ??= newNode(at + 1))
  if (c === QUESTION) return (branch.any ??= newNode(at + 1))
  if (c === OPEN || c === BACKSLASH) {
    const pattern = table.patternOf(entry)
    const set = c === OPEN ? charSet(pattern, at) : escaped(pattern, at)
    if (set !== undefined) {
      const text = pattern.slice(at, set.end)
      let edge = branch.sets.find(edge => edge.text === text)
      if (edge === undefined) branch.sets.push((edge = { text, set, to: newNode(set.end) }))
      return edge.to
    }
  }
  let child = branch.literals.get(c)
  if (child === undefined) branch.literals.set(c, (child = newNode(at + 1)))
  return child
}

/** Lets the patterns below `node` part after `length` characters of the label: what comes then gets a node of its own. */
export function split(node: Node, branch: Branch, length: number): Branch {
  const upper = newBranch(branch.label.slice(0, length), node.depth + length)
  const lower = newNode(upper.depth + 1)
  lower.branch = { ...branch, label: branch.label.slice(length + 1) }
  upper.literals.set(branch.label.charCodeAt(length), lower)
  node.branch = upper
  return upper
}

/** The plain characters that follow in `pattern` from `at` on. */
export function plainRun(pattern: string, at: number): string {
  let end = at
  while (end < pattern.length && isPlain(pattern.charCodeAt(end))) end++
  return pattern.slice(at, end)
}

/** An escaped character stands for itself; a lone backslash at the end of a pattern matches nothing. */
function escaped(pattern: string, at: number): CharSet {
  const only = pattern.codePointAt(at + 1)
  return { end: at + (only === undefined ? 1 : only > 0xffff ? 3 : 2), has: codePoint => codePoint === only }
}

/** How many characters of `label` stand in a pattern from `at` on. */
export function commonLength(table: PatternTable, entry: number, at: number, label: string): number {
  if (table.startsWith(entry, label, at)) return label.length
  let length = 0
  while (length < label.length && table.charCodeAt(entry, at + length) === label.charCodeAt(length)) length++
  return length
}
