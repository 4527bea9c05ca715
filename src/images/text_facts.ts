import { crypto } from './node_parts.ts'

/** What was found out about one text, by what was asked. Only what the text alone decides; values that JSON can carry. */
export type Facts = Record<string, unknown>

export interface TextFacts {
  /** What `find` gave for this text before, or gives now. What it throws is not remembered. */
  recall<T>(what: string, find: () => T): T
  /** The same where the next load in this process may have it, and no other: it stands on no disk. */
  keep(what: string, make: () => string): string
}

/** Remembers nothing. */
export const NO_FACTS: TextFacts = { recall: (_what, find) => find(), keep: (_what, make) => make() }

/** A text, and what was made of it: known as long as an image of this process has it. */
export class KnownText {
  readonly text: string
  #hash: string | undefined
  readonly #made = new Map<string, string>()

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
    let made = this.#made.get(what)
    if (made === undefined) {
      made = make()
      this.#made.set(what, made)
    }
    return made
  }
}

export const hashOf = (text: string | Uint8Array): string => crypto().hash('sha256', text, 'base64')

/** The facts of the texts of one load, by the contents of each: what reading and parsing gives need not be found again for a text that has not changed. */
export class FactBook {
  readonly #known: Readonly<Record<string, Facts>>
  readonly #used: Record<string, Facts> = {}
  readonly #views = new Map<string, TextFacts>()
  #usedLength = 0
  #foundLength = 0

  constructor(known: Readonly<Record<string, Facts>>) {
    this.#known = known
  }

  /** Of the texts that this load read. */
  get used(): Readonly<Record<string, Facts>> {
    return this.#used
  }

  /** How much of what was read, from 0 to 1, had to be found out anew. */
  get newPart(): number {
    return this.#usedLength === 0 ? 0 : this.#foundLength / this.#usedLength
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
    return {
      recall: <T>(what: string, find: () => T): T => {
        if (Object.hasOwn(facts, what)) return facts[what] as T
        const found = find()
        facts[what] = found
        if (!isNew) this.#foundLength += length
        isNew = true
        return found
      },
      keep: (what, make) => known.keep(what, make),
    }
  }
}
