import { BACKSLASH, fnmatch, fold, hasLooseBracket, OPEN, widthAt } from './glob.ts'
import {
  type Branch,
  childFor,
  commonLength,
  NONE,
  type Node,
  newBranch,
  newNode,
  plainRun,
  split,
} from './pattern_node.ts'
import { grown, PatternTable } from './pattern_table.ts'
import { readPrepared, writePrepared } from './prepared_table.ts'

/** A node with at most this many patterns is not divided further: trying each is as fast as one more step. */
const FEW = 8

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
      if (module !== undefined && !hasLooseBracket(table.patternOf(entry))) modules.push(module)
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
