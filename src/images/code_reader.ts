import { MODULE } from './code_reader_module.ts'
import { Instance, Module, type WebAssemblyModule } from './web_assembly.ts'

interface Variable {
  readonly localName: string
}

/** What one reading of a text found that needs no parser. Good until the next text is read. */
export interface Code {
  /** Could a `return` or `yield` stand outside of every function? Errs on the side of yes: then the engine is asked. */
  readonly mayStray: boolean
  /** Its imports and exports in their order, in `FIELDS` numbers each (see `declarations.ts`); undefined when one of them is not written in one of the usual ways. */
  readonly declarations: Int32Array | undefined
  /**
   * Could it assign to one of these variables other than where it declares it? Errs on the side of yes: inner variables of the same name and declarations after a comma count. A yes
   * costs a parse, a wrong no would leave importers with a stale value.
   */
  assigns(variables: readonly Variable[]): boolean
  /** Those of the names that stand in its code; seldom also one that does not. */
  named(names: readonly string[]): readonly string[]
}

/**
 * Reads the text of a module once, token by token, in WebAssembly (see assembly/): JavaScript takes several times as long, and is slow until it has run for a while.
 *
 * @returns undefined where only a parser can tell what something means: `arguments` and `new.target` outside of functions, an `await` that may be a name or stand at the top level,
 * words written with escapes, direct eval, `using`, HTML-like comments, and where a slash may divide or begin a regular expression
 */
export function readCode(text: string): Code | undefined {
  reader ??= makeReader()
  if (text.length <= LARGEST_KEPT) return reader.readTokens(text)
  // Memory that has grown stays as large as it is.
  return makeReader().readTokens(text)
}

/** Characters. */
const LARGEST_KEPT = 4_000_000

// As in assembly/tables.ts: what a reading gives, and where in its memory what it found stands.
const UNSURE = 1
const STRAY = 2
const MISREAD = 4
const ASSIGNS = 8
const OTHER_DECLARATION = 16
const EMPTY_LIST = 32
const NAMES = 8192
const DECLARATIONS = 65_536
const TEXT = 147_456

/** Of a declaration. */
export const FIELDS = 4

interface ReaderExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  /** Makes room for a text of so many units. */
  room(units: number): void
  read(units: number): number
  bitOfName(units: number): number
  firstTarget(): number
  targetCount(): number
  declarationCount(): number
}

const ONE_NAME = /^[\w$\u0080-\uffff]+$/
const NAME = /[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/g

const mentions = (code: string, names: ReadonlySet<string>): boolean =>
  ONE_NAME.test(code) ? names.has(code) : [...code.matchAll(NAME)].some(([name]) => names.has(name))

class Reader {
  readonly #exports: ReaderExports
  #memory: Buffer
  /** Of the list that was asked for last, where each name is noted: it hardly ever is another one. */
  #asked: readonly string[] = []
  #bits: readonly number[] = []

  constructor(exports: ReaderExports) {
    this.#exports = exports
    this.#memory = Buffer.from(exports.memory.buffer)
  }

  readTokens(text: string): Code | undefined {
    this.#put(text)
    const found = this.#exports.read(text.length)
    if (found & (UNSURE | MISREAD)) return undefined
    if (found & OTHER_DECLARATION && found & EMPTY_LIST) return undefined
    return {
      mayStray: (found & STRAY) !== 0,
      declarations: found & OTHER_DECLARATION ? undefined : this.#declarations(),
      assigns: variables => variables.length > 0 && ((found & ASSIGNS) !== 0 || this.#assigns(text, variables)),
      named: names => this.#named(names),
    }
  }

  #put(text: string): void {
    this.#exports.room(text.length)
    this.#bytes().write(text, TEXT, 'utf16le')
  }

  /** Another piece of memory once it has grown, as it can while a text is read. */
  #bytes(): Buffer {
    const { buffer } = this.#exports.memory
    if (this.#memory.buffer !== buffer) this.#memory = Buffer.from(buffer)
    return this.#memory
  }

  #integers(at: number, count: number): Int32Array {
    return new Int32Array(this.#exports.memory.buffer, at, count)
  }

  #declarations(): Int32Array {
    return this.#integers(DECLARATIONS, FIELDS * this.#exports.declarationCount())
  }

  #assigns(text: string, variables: readonly Variable[]): boolean {
    const count = this.#exports.targetCount()
    if (count === 0) return false
    const names = new Set(variables.map(({ localName }) => localName))
    const offsets = this.#integers(this.#exports.firstTarget(), 2 * count)
    for (let at = 0; at < offsets.length; at += 2)
      if (mentions(text.slice(offsets[at], offsets[at + 1]), names)) return true
    return false
  }

  #named(names: readonly string[]): readonly string[] {
    if (this.#asked !== names) {
      this.#asked = names
      this.#bits = names.map(name => this.#bitOf(name))
    }
    const bytes = this.#bytes()
    return names.filter((_name, index) => {
      const bit = this.#bits[index]!
      return (bytes[NAMES + (bit >> 3)]! >> (bit & 7)) & 1
    })
  }

  /** What was found of a text is still there, the text itself no longer. */
  #bitOf(name: string): number {
    this.#put(name)
    return this.#exports.bitOfName(name.length)
  }
}

let compiled: WebAssemblyModule | undefined
let reader: Reader | undefined

function makeReader(): Reader {
  compiled ??= new Module(Buffer.from(MODULE, 'base64'))
  return new Reader(new Instance(compiled).exports as ReaderExports)
}
