import { BACKSLASH, type CharSet, charSet, fnmatch, fold, isPlain, OPEN, QUESTION, STAR, widthAt } from './glob.ts'
import { grown, PatternTable } from './pattern_table.ts'
import { readPrepared, writePrepared } from './prepared_table.ts'

/** A node with at most this many patterns is not divided further: trying each is as fast as one more step. */
const FEW = 8

/** Ends a list of entries. */
const NONE = -1

/** An edge for one character out of several: `[..]`, or an escaped one. */
interface SetEdge {
  readonly text: string
  readonly set: CharSet
  readonly to: Node
}

/** Where patterns part. */
interface Branch {
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
interface Node {
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

function newNode(depth: number): Node {
  return { depth, first: NONE, last: NONE, count: 0, from: 0, to: 0, branch: undefined, visited: 0 }
}

function newBranch(label: string, depth: number): Branch {
  return { label, depth, ends: [], literals: new Map(), sets: [], any: undefined, star: undefined }
}

/**
 * Finds every module that has an alias matching a given one.
 *
 * A look-up walks the trie once along the alias and takes time by the alias's length, not by the number of patterns.
 * Building is putting the patterns on a heap at the root; each look-up divides those nodes that it enters, once.
 */
export class AliasIndex {
  #table = new PatternTable()
  /** By pattern: the one after it that waits at the same node. */
  #next = new Int32Array(64)
  #root = newNode(0)
  #removed = 0
  #lookups = 0

  /** The index of a stored `modules.alias`. */
  static fromText(text: string): AliasIndex {
    const index = new AliasIndex()
    // The root will be divided by the first look-up anyway.
    const branch = newBranch('', 0)
    index.#root.branch = branch
    index.#table.addText(text, entry => index.#wait(childFor(branch, index.#table, entry), entry))
    return index
  }

  /** The index that `prepared` was called on. It answers at once: nothing is read before it is asked for. */
  static fromPrepared(bytes: Uint8Array): AliasIndex {
    const index = new AliasIndex()
    index.#table = readPrepared(bytes)
    index.#next = new Int32Array(index.#table.size + 64)
    index.#root.to = index.#root.count = index.#table.size
    return index
  }

  /** A form to be stored and read back by the same version on the same kind of machine. */
  prepared(): Uint8Array {
    return writePrepared(this.#table)
  }

  /** The number of patterns. */
  get size(): number {
    return this.#table.size - this.#removed
  }

  /**
   * Adds one alias of a module. Look-ups list modules in the order in which they came first; a module that was removed
   * and comes back has its old place.
   */
  add(pattern: string, module: string): void {
    this.#insert(this.#root, this.#table.add(pattern, module))
  }

  /** Takes out all aliases of a module; tells how many there were. */
  remove(module: string): number {
    const count = this.#table.remove(module)
    this.#removed += count
    if (this.#removed * 2 > this.#table.size) this.#compact()
    return count
  }

  /** The modules that match, each once for every pattern of its that does, as kmod has it. */
  lookup(alias: string): string[] {
    const table = this.#table
    const found: number[] = []
    this.#lookups++
    this.#walk(this.#root, fold(alias), 0, found)
    if (found.length > 1) found.sort((a, b) => table.compare(a, b))
    const modules: string[] = []
    for (const entry of found) {
      const module = table.moduleOf(entry)
      if (module !== undefined) modules.push(module)
    }
    return modules
  }

  /** Puts an entry below `node`, as far down as nodes are divided already. */
  #insert(node: Node, entry: number): void {
    const table = this.#table
    while (node.branch !== undefined) {
      const { label } = node.branch
      const common = commonLength(table, entry, node.depth, label)
      const branch = common < label.length ? split(node, node.branch, common) : node.branch
      if (branch.depth === table.lengthOf(entry)) {
        branch.ends.push(entry)
        return
      }
      node = childFor(branch, table, entry)
    }
    this.#wait(node, entry)
  }

  #wait(node: Node, entry: number): void {
    if (entry >= this.#next.length) this.#next = grown(this.#next)
    if (node.first === NONE) node.first = entry
    else this.#next[node.last] = entry
    this.#next[entry] = NONE
    node.last = entry
    node.count++
  }

  #divide(node: Node): Branch {
    const table = this.#table
    const { depth, from, to } = node
    // Of a sorted range the first and the last have in common what all have.
    const some = from < to ? [from, to - 1] : []
    let label = plainRun(table.patternOf(some[0] ?? node.first), depth)
    const shorten = (entry: number): void => {
      const common = commonLength(table, entry, depth, label)
      if (common < label.length) label = label.slice(0, common)
    }
    some.forEach(shorten)
    for (let entry = node.first; entry !== NONE && label !== ''; entry = this.#next[entry]!) shorten(entry)

    const branch = newBranch(label, depth + label.length)
    for (let entry = from; entry < to; ) entry = this.#divideRange(branch, entry, to)
    for (let entry = node.first, next: number; entry !== NONE; entry = next) {
      next = this.#next[entry]!
      if (branch.depth === table.lengthOf(entry)) branch.ends.push(entry)
      else this.#wait(childFor(branch, table, entry), entry)
    }
    node.first = node.last = NONE
    node.count = node.from = node.to = 0
    node.branch = branch
    return branch
  }

  /** Gives a child all entries of a sorted range that go on with the same character; tells which entry comes next. */
  #divideRange(branch: Branch, from: number, to: number): number {
    const table = this.#table
    if (branch.depth === table.lengthOf(from)) {
      branch.ends.push(from)
      return from + 1
    }
    const child = childFor(branch, table, from)
    const c = table.charCodeAt(from, branch.depth)
    if (c === OPEN || c === BACKSLASH) {
      this.#wait(child, from)
      return from + 1
    }
    let low = from
    let high = to
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (table.charCodeAt(middle, branch.depth) === c) low = middle
      else high = middle
    }
    child.from = from
    child.to = high
    child.count = high - from
    return high
  }

  /** Gathers the entries below `node` that match `text` from `at` on. */
  #walk(node: Node, text: string, at: number, found: number[]): void {
    for (;;) {
      if (node.branch === undefined && node.count <= FEW) {
        this.#tryEach(node, node.depth, text, at, found)
        return
      }
      const { label, ends, literals, sets, any, star } = node.branch ?? this.#divide(node)
      if (label !== '') {
        if (!text.startsWith(label, at)) return
        at += label.length
      }
      if (star !== undefined) this.#walkStar(star, text, at, found)
      if (at === text.length) {
        for (const entry of ends) found.push(entry)
        return
      }
      if (any !== undefined) this.#walk(any, text, at + widthAt(text, at), found)
      for (const { set, to } of sets) {
        if (set.has(text.codePointAt(at)!)) this.#walk(to, text, at + widthAt(text, at), found)
      }
      const next = literals.get(text.charCodeAt(at))
      if (next === undefined) return
      node = next
      at++
    }
  }

  #walkStar(node: Node, text: string, at: number, found: number[]): void {
    if (node.visited === this.#lookups) return
    node.visited = this.#lookups
    if (node.branch === undefined && node.count <= FEW) {
      this.#tryEach(node, node.depth - 1, text, at, found)
      return
    }
    const { label } = node.branch ?? this.#divide(node)
    if (label !== '') {
      for (let from = text.indexOf(label, at); from !== -1; from = text.indexOf(label, from + 1)) {
        this.#walk(node, text, from, found)
      }
      return
    }
    for (let from = at; from <= text.length; from += widthAt(text, from)) this.#walk(node, text, from, found)
  }

  #tryEach(node: Node, depth: number, text: string, at: number, found: number[]): void {
    for (let entry = node.from; entry < node.to; entry++) this.#try(entry, depth, text, at, found)
    for (let entry = node.first; entry !== NONE; entry = this.#next[entry]!) this.#try(entry, depth, text, at, found)
  }

  #try(entry: number, depth: number, text: string, at: number, found: number[]): void {
    // Below a star the same entry may be tried from several places of the alias.
    if (fnmatch(this.#table.patternOf(entry), text, depth, at) && !found.includes(entry)) found.push(entry)
  }

  #compact(): void {
    this.#table = this.#table.compacted()
    this.#removed = 0
    this.#root = newNode(0)
    for (let entry = 0; entry < this.#table.size; entry++) this.#wait(this.#root, entry)
  }
}

/** The child that the pattern's next element leads to, made if need be. */
function childFor(branch: Branch, table: PatternTable, entry: number): Node {
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
function split(node: Node, branch: Branch, length: number): Branch {
  const upper = newBranch(branch.label.slice(0, length), node.depth + length)
  const lower = newNode(upper.depth + 1)
  lower.branch = { ...branch, label: branch.label.slice(length + 1) }
  upper.literals.set(branch.label.charCodeAt(length), lower)
  node.branch = upper
  return upper
}

/** The plain characters that follow in `pattern` from `at` on. */
function plainRun(pattern: string, at: number): string {
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
function commonLength(table: PatternTable, entry: number, at: number, label: string): number {
  if (table.startsWith(entry, label, at)) return label.length
  let length = 0
  while (length < label.length && table.charCodeAt(entry, at + length) === label.charCodeAt(length)) length++
  return length
}
