import { BACKSLASH, type CharSet, charSet, fnmatch, fold, OPEN, QUESTION, STAR, widthAt } from './glob.ts'

/** A node with at most this many patterns is not divided further: trying each is as fast as one more step. */
const FEW = 8

/** An edge that is neither a plain character nor a wildcard without arguments: `[..]` or `\*`. */
interface SetEdge {
  readonly text: string
  readonly set: CharSet
  readonly to: Node
}

/**
 * A node of the trie of patterns. A pattern's elements (characters, `?`, `[..]`, `*`) are its edges, so that all
 * patterns that begin alike are followed together, the wildcards included.
 */
interface Node {
  /** How many characters of the pattern lead here. */
  readonly depth: number
  /** Patterns not yet divided among children. Undefined once they are: nodes are made where look-ups come by. */
  waiting: number[] | undefined
  ends: number[]
  literals: Map<number, Node>
  sets: SetEdge[]
  any: Node | undefined
  star: Node | undefined
  /** The one character that every pattern goes on with; empty when there are other ways on. */
  only: string
  /** The look-up that last entered this node by its star. One that comes back later in the alias finds nothing new. */
  visited: number
}

function newNode(depth: number): Node {
  return {
    depth,
    waiting: [],
    ends: [],
    literals: new Map(),
    sets: [],
    any: undefined,
    star: undefined,
    only: '',
    visited: 0,
  }
}

/**
 * Finds every module that has an alias matching a given one.
 *
 * A look-up walks the trie once along the alias and takes time by the alias's length, not by the number of patterns.
 * Building is putting the patterns on a heap at the root; each look-up divides those nodes that it enters, once.
 */
export class AliasIndex {
  readonly #patterns: string[] = []
  /** By pattern: the place of its module in `#modules`, or -1 for a pattern that was removed. */
  readonly #owners: number[] = []
  readonly #modules: string[] = []
  readonly #places = new Map<string, number>()
  #root = newNode(0)
  #removed = 0
  #lookups = 0

  /** The number of patterns. */
  get size(): number {
    return this.#patterns.length - this.#removed
  }

  /**
   * Adds one alias of a module. Look-ups list modules in the order in which they came first; a module that was removed
   * and comes back has its old place.
   */
  add(pattern: string, module: string): void {
    let owner = this.#modules.length - 1
    if (this.#modules[owner] !== module) owner = this.#placeOf(module)
    const entry = this.#patterns.push(fold(pattern)) - 1
    this.#owners.push(owner)
    this.#insert(this.#root, entry)
  }

  /** Takes out all aliases of a module; tells how many there were. */
  remove(module: string): number {
    const owner = this.#places.get(module)
    if (owner === undefined) return 0
    let count = 0
    for (let at = this.#owners.indexOf(owner); at !== -1; at = this.#owners.indexOf(owner, at + 1)) {
      this.#owners[at] = -1
      count++
    }
    this.#removed += count
    if (this.#removed * 2 > this.#patterns.length) this.#compact()
    return count
  }

  /** The modules that match, each once for every pattern of its that does, as kmod has it. */
  lookup(alias: string): string[] {
    const text = fold(alias)
    const found: number[] = []
    this.#lookups++
    this.#walk(this.#root, text, 0, found)
    const owners = this.#owners
    if (found.length > 1) found.sort((a, b) => owners[a]! - owners[b]! || a - b)
    const modules: string[] = []
    for (const entry of found) {
      const owner = owners[entry]!
      if (owner !== -1) modules.push(this.#modules[owner]!)
    }
    return modules
  }

  /** Every alias that is in the index, by module: the order of `modules.alias`. */
  *entries(): Generator<readonly [pattern: string, module: string]> {
    for (const [entry, owner] of this.#owners.entries()) {
      if (owner !== -1) yield [this.#patterns[entry]!, this.#modules[owner]!]
    }
  }

  #placeOf(module: string): number {
    let place = this.#places.get(module)
    if (place === undefined) {
      place = this.#modules.push(module) - 1
      this.#places.set(module, place)
    }
    return place
  }

  /** Puts an entry below `node`, as far down as nodes are divided already. */
  #insert(node: Node, entry: number): void {
    const pattern = this.#patterns[entry]!
    while (node.waiting === undefined) {
      if (node.depth === pattern.length) {
        node.ends.push(entry)
        return
      }
      node = childFor(node, pattern)
    }
    node.waiting.push(entry)
  }

  #divide(node: Node): void {
    const waiting = node.waiting!
    node.waiting = undefined
    for (const entry of waiting) {
      const pattern = this.#patterns[entry]!
      if (node.depth === pattern.length) node.ends.push(entry)
      else childFor(node, pattern).waiting!.push(entry)
    }
  }

  /** Gathers the entries below `node` that match `text` from `at` on. */
  #walk(node: Node, text: string, at: number, found: number[]): void {
    for (;;) {
      if (node.waiting !== undefined) {
        if (node.waiting.length <= FEW) {
          this.#tryEach(node.waiting, node.depth, text, at, found)
          return
        }
        this.#divide(node)
      }
      if (node.star !== undefined) this.#walkStar(node.star, text, at, found)
      if (at === text.length) {
        for (const entry of node.ends) found.push(entry)
        return
      }
      if (node.any !== undefined) this.#walk(node.any, text, at + widthAt(text, at), found)
      for (const { set, to } of node.sets) {
        if (set.has(text.codePointAt(at)!)) this.#walk(to, text, at + widthAt(text, at), found)
      }
      const next = node.literals.get(text.charCodeAt(at))
      if (next === undefined) return
      node = next
      at++
    }
  }

  #walkStar(node: Node, text: string, at: number, found: number[]): void {
    if (node.visited === this.#lookups) return
    node.visited = this.#lookups
    if (node.waiting !== undefined && node.waiting.length <= FEW) {
      this.#tryEach(node.waiting, node.depth - 1, text, at, found)
      return
    }
    if (node.waiting !== undefined) this.#divide(node)
    if (node.only !== '') {
      for (const entry of node.ends) found.push(entry)
      const child = node.literals.get(node.only.charCodeAt(0))!
      for (let from = text.indexOf(node.only, at); from !== -1; from = text.indexOf(node.only, from + 1)) {
        this.#walk(child, text, from + 1, found)
      }
      return
    }
    for (let from = at; from <= text.length; from += widthAt(text, from)) this.#walk(node, text, from, found)
  }

  #tryEach(entries: readonly number[], depth: number, text: string, at: number, found: number[]): void {
    for (const entry of entries) {
      // Below a star the same entry may be tried from several places of the alias.
      if (fnmatch(this.#patterns[entry]!, text, depth, at) && !found.includes(entry)) found.push(entry)
    }
  }

  #compact(): void {
    const kept = [...this.entries()].map(([pattern, module]) => [pattern, this.#places.get(module)!] as const)
    this.#patterns.length = 0
    this.#owners.length = 0
    this.#removed = 0
    this.#root = newNode(0)
    for (const [pattern, owner] of kept) {
      this.#root.waiting!.push(this.#patterns.push(pattern) - 1)
      this.#owners.push(owner)
    }
  }
}

/** The child that the next element of the pattern leads to, made if need be. */
function childFor(node: Node, pattern: string): Node {
  const at = node.depth
  const c = pattern.charCodeAt(at)
  if (c === STAR || c === QUESTION) {
    node.only = ''
    return c === STAR ? (node.star ??= newNode(at + 1)) : (node.any ??= newNode(at + 1))
  }
  if (c === OPEN || c === BACKSLASH) {
    const set = c === OPEN ? charSet(pattern, at) : escaped(pattern, at)
    if (set !== undefined) {
      node.only = ''
      const text = pattern.slice(at, set.end)
      let edge = node.sets.find(edge => edge.text === text)
      if (edge === undefined) node.sets.push((edge = { text, set, to: newNode(set.end) }))
      return edge.to
    }
  }
  let child = node.literals.get(c)
  if (child === undefined) {
    node.only = leadsNowhere(node) ? pattern.charAt(at) : ''
    node.literals.set(c, (child = newNode(at + 1)))
  }
  return child
}

function leadsNowhere(node: Node): boolean {
  return node.literals.size === 0 && node.sets.length === 0 && node.any === undefined && node.star === undefined
}

/** An escaped character stands for itself; a lone backslash at the end of a pattern matches nothing. */
function escaped(pattern: string, at: number): CharSet {
  const only = pattern.codePointAt(at + 1)
  return { end: at + (only === undefined ? 1 : only > 0xffff ? 3 : 2), has: codePoint => codePoint === only }
}
