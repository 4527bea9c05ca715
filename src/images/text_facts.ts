import type { Script } from 'node:vm'
import { type CodeMemory, REMEMBERS_CODE, writeDown } from './engine.ts'
import { hashOf } from './hash.ts'

/** What was found out about one text, by what was asked. Only what the text alone decides; values that JSON can carry. */
export type Facts = Record<string, unknown>

export interface TextFacts {
  /** What `find` gave for this text before, or gives now. What it throws is not remembered. */
  recall<T>(what: string, find: () => T): T
  /** The same where the next load in this process may have it, and no other: it stands on no disk. */
  keep(what: string, make: () => string): string
  /** For what the engine makes of code that `what` tells all about, together with the text. */
  code(what: string): CodeMemory | undefined
}

/** Remembers nothing. */
export const NO_FACTS: TextFacts = {
  recall: (_what, find) => find(),
  keep: (_what, make) => make(),
  code: () => undefined,
}

/** A text, and what was made of it: known as long as an image of this process has it. */
export class KnownText {
  readonly text: string
  #hash: string | undefined
  #made: Map<string, string> | undefined

  constructor(text: string, hash?: string) {
    this.text = text
    this.#hash = hash
  }

  /** What facts of the text are found by. */
  get hash(): string {
    this.#hash ??= hashOf(this.text)
    return this.#hash
  }

  keep(what: string, make: () => string): string {
    this.#made ??= new Map()
    let made = this.#made.get(what)
    if (made === undefined) {
      made = make()
      this.#made.set(what, made)
    }
    return made
  }
}

/** What the engine made of texts: by the hash of the text, and what besides decides about the code. */
export type Codes = ReadonlyMap<string, Uint8Array>

/** The name of the fact that is the text itself. */
const MADE = 'text'

/** The facts of the texts of one load, by the contents of each: what reading and parsing gives need not be found again for a text that has not changed. */
export class FactBook {
  readonly #known: Readonly<Record<string, Facts>>
  readonly #used: Record<string, Facts> = {}
  readonly #codes: Codes
  readonly #usedCodes = new Map<string, Uint8Array>()
  readonly #scripts = new Map<string, Script>()
  readonly #views = new Map<string, TextFacts>()
  #usedLength = 0
  #foundLength = 0

  constructor(known: Readonly<Record<string, Facts>>, codes: Codes) {
    this.#known = known
    this.#codes = codes
  }

  /** Of the texts that this load read. */
  get used(): Readonly<Record<string, Facts>> {
    return this.#used
  }

  /** What the engine made of them, as far as it is written down. */
  get codes(): Codes {
    return this.#usedCodes
  }

  writeCodes(): void {
    for (const [key, script] of this.#scripts) this.#usedCodes.set(key, writeDown(script))
    this.#scripts.clear()
  }

  /** How much of what was read, from 0 to 1, had to be found out anew. */
  get newPart(): number {
    return this.#usedLength === 0 ? 0 : this.#foundLength / this.#usedLength
  }

  /** The text that was made of a file before, or is made now: `hash` is of all that decides about it. */
  made(hash: string, make: () => string): KnownText {
    const before = this.#known[hash]?.[MADE]
    const known = new KnownText(typeof before === 'string' ? before : make(), hash)
    this.of(known).recall(MADE, () => known.text)
    return known
  }

  of(known: KnownText): TextFacts {
    let view = this.#views.get(known.hash)
    if (!view) {
      view = this.#open(known)
      this.#views.set(known.hash, view)
    }
    return view
  }

  #open(known: KnownText): TextFacts {
    const { length } = known.text
    const facts = this.#known[known.hash] ?? {}
    this.#used[known.hash] = facts
    this.#usedLength += length
    let isNew = false
    const countNew = (): void => {
      if (!isNew) this.#foundLength += length
      isNew = true
    }
    return {
      recall: <T>(what: string, find: () => T): T => {
        if (Object.hasOwn(facts, what)) return facts[what] as T
        const found = find()
        facts[what] = found
        countNew()
        return found
      },
      keep: (what, make) => known.keep(what, make),
      code: what => (REMEMBERS_CODE ? this.#codeMemory(`${known.hash} ${what}`, countNew) : undefined),
    }
  }

  #codeMemory(key: string, countNew: () => void): CodeMemory {
    const before = this.#codes.get(key)
    if (before) this.#usedCodes.set(key, before)
    const note = (script: Script): void => {
      this.#scripts.set(key, script)
      countNew()
    }
    return { before, note }
  }
}
