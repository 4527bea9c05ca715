import { crypto } from './node_parts.ts'

/** What was found out about one text, by what was asked. Only what the text alone decides; values that JSON can carry. */
export type Facts = Record<string, unknown>

export interface TextFacts {
  /** What `find` gave for this text before, or gives now. What it throws is not remembered. */
  recall<T>(what: string, find: () => T): T
}

/** Remembers nothing. */
export const NO_FACTS: TextFacts = { recall: (_what, find) => find() }

/** The facts of the texts of one load, by the contents of each: what reading and parsing gives need not be found again for a text that has not changed. */
export class FactBook {
  readonly #known: Readonly<Record<string, Facts>>
  readonly #used: Record<string, Facts> = {}
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

  of(text: string): TextFacts {
    const key = crypto().hash('sha256', text, 'base64')
    if (!this.#used[key]) {
      this.#used[key] = this.#known[key] ?? {}
      this.#usedLength += text.length
    }
    const facts = this.#used[key]
    let isNew = false
    return {
      recall: <T>(what: string, find: () => T): T => {
        if (Object.hasOwn(facts, what)) return facts[what] as T
        const found = find()
        facts[what] = found
        if (!isNew) this.#foundLength += text.length
        isNew = true
        return found
      },
    }
  }
}
