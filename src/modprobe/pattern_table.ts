import { fold } from './glob.ts'
import { scanAliases } from './text_forms.ts'

const NOBODY = -1

/** The contents of a table whose patterns all stand in one text. */
interface TableContents {
  readonly text: string
  readonly modules: readonly string[]
  /** By pattern: where it begins in the text, how long it is, and the place of its module. */
  readonly starts: Int32Array<ArrayBuffer>
  readonly lengths: Int32Array<ArrayBuffer>
  readonly owners: Int32Array<ArrayBuffer>
}

/**
 * Patterns by number, each with the module that has it. Patterns from a stored text stay in that text until somebody
 * needs one as a string: a kernel's tens of thousands of them would otherwise take longer to cut out than to search.
 */
export class PatternTable {
  #size = 0
  #text = ''
  /** Where in the text a pattern begins; only for patterns that `#strings` has not. */
  #starts = new Int32Array(64)
  #lengths = new Int32Array(64)
  /** By pattern: the place of its module in `#modules`; NOBODY for a pattern that was removed. */
  #owners = new Int32Array(64)
  #strings: (string | undefined)[] = []
  #modules: string[] = []
  readonly #places = new Map<string, number>()

  static from(contents: TableContents): PatternTable {
    const table = new PatternTable()
    table.#size = contents.starts.length
    table.#text = contents.text
    table.#starts = contents.starts
    table.#lengths = contents.lengths
    table.#owners = contents.owners
    table.#strings = new Array<string | undefined>(table.#size)
    table.#modules = [...contents.modules]
    for (const [place, module] of table.#modules.entries()) table.#places.set(module, place)
    return table
  }

  /** The contents without removed patterns, sorted by pattern. */
  sorted(): TableContents {
    const entries = Array.from({ length: this.#size }, (_, entry) => ({ entry, pattern: this.patternOf(entry) }))
      .filter(({ entry }) => this.#owners[entry] !== NOBODY)
      .sort((a, b) => (a.pattern < b.pattern ? -1 : a.pattern > b.pattern ? 1 : this.compare(a.entry, b.entry)))
    let length = 0
    const lengths = entries.map(({ pattern }) => pattern.length)
    return {
      text: entries.map(({ pattern }) => pattern).join(''),
      modules: this.#modules,
      starts: Int32Array.from(lengths, own => (length += own) - own),
      lengths: Int32Array.from(lengths),
      owners: Int32Array.from(entries, ({ entry }) => this.#owners[entry]!),
    }
  }

  /** How many numbers are in use, those of removed patterns included. */
  get size(): number {
    return this.#size
  }

  /** Takes in `modules.alias`. It may be done once, before anything else is added. */
  addText(text: string, added: (entry: number) => void): void {
    this.#text = text
    let dash = text.indexOf('-')
    scanAliases(text, (from, to, module) => {
      const entry = this.#addEntry(from, to - from, module)
      if (dash !== -1 && dash < from) dash = text.indexOf('-', from)
      if (dash !== -1 && dash < to) this.#keep(entry, fold(text.slice(from, to)))
      added(entry)
    })
  }

  add(pattern: string, module: string): number {
    const entry = this.#addEntry(0, pattern.length, module)
    this.#keep(entry, fold(pattern))
    return entry
  }

  /** Takes out all patterns of a module; tells how many there were. Their numbers are not used again. */
  remove(module: string): number {
    const owner = this.#places.get(module)
    if (owner === undefined) return 0
    let count = 0
    for (let entry = 0; entry < this.#size; entry++) {
      if (this.#owners[entry] !== owner) continue
      this.#owners[entry] = NOBODY
      count++
    }
    return count
  }

  patternOf(entry: number): string {
    return this.#strings[entry] ?? this.#keep(entry, this.#text.substr(this.#starts[entry]!, this.#lengths[entry]!))
  }

  lengthOf(entry: number): number {
    return this.#lengths[entry]!
  }

  /** The character at a place of a pattern; NaN at its end. */
  charCodeAt(entry: number, at: number): number {
    if (at >= this.#lengths[entry]!) return Number.NaN
    const string = this.#strings[entry]
    return string === undefined ? this.#text.charCodeAt(this.#starts[entry]! + at) : string.charCodeAt(at)
  }

  /** Does the pattern go on with `part` at this place? */
  startsWith(entry: number, part: string, at: number): boolean {
    if (at + part.length > this.#lengths[entry]!) return false
    const string = this.#strings[entry]
    return string === undefined ? this.#text.startsWith(part, this.#starts[entry]! + at) : string.startsWith(part, at)
  }

  /** Undefined when the pattern was removed. */
  moduleOf(entry: number): string | undefined {
    return this.#modules[this.#owners[entry]!]
  }

  /** Modules in the order in which they came first; one that was removed and comes back has its old place. */
  compare(a: number, b: number): number {
    return this.#owners[a]! - this.#owners[b]! || a - b
  }

  /** The same without the removed patterns, under new numbers; modules keep their places. */
  compacted(): PatternTable {
    const table = new PatternTable()
    for (const module of this.#modules) table.#placeOf(module)
    for (let entry = 0; entry < this.#size; entry++) {
      const module = this.moduleOf(entry)
      if (module !== undefined) table.#keep(table.#addEntry(0, this.lengthOf(entry), module), this.patternOf(entry))
    }
    return table
  }

  #addEntry(start: number, length: number, module: string): number {
    let owner = this.#modules.length - 1
    if (this.#modules[owner] !== module) owner = this.#placeOf(module)
    const entry = this.#size++
    if (entry === this.#starts.length) {
      this.#starts = grown(this.#starts)
      this.#lengths = grown(this.#lengths)
      this.#owners = grown(this.#owners)
    }
    this.#starts[entry] = start
    this.#lengths[entry] = length
    this.#owners[entry] = owner
    // An array with holes would be slow.
    this.#strings.push(undefined)
    return entry
  }

  #keep(entry: number, pattern: string): string {
    this.#strings[entry] = pattern
    return pattern
  }

  #placeOf(module: string): number {
    let place = this.#places.get(module)
    if (place === undefined) {
      place = this.#modules.push(module) - 1
      this.#places.set(module, place)
    }
    return place
  }
}

/** The same numbers with room for as many again. */
export function grown(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2 + 64)
  larger.set(numbers)
  return larger
}
