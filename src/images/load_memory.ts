import { type DiskFact, noteFacts, stillHolds } from './disk.ts'
import type { RecallAnswer } from './package_resolver.ts'
import { FactBook, type Facts, NO_FACTS, type TextFacts } from './text_facts.ts'

/** What the resolver said, and all that it had asked of the disk before it said so. */
export interface Answer {
  readonly found: string | undefined
  readonly facts: readonly DiskFact[]
}

/** What one load leaves for the next load of the same entry. */
export interface LoadRecord {
  /** Of texts, by their hashes. */
  readonly texts: Readonly<Record<string, Facts>>
  /** By question. */
  readonly answers: ReadonlyMap<string, Answer>
}

/** Where records are kept. */
export interface LoadStore {
  /** Undefined when there is none that is whole. */
  read(entry: string): LoadRecord | undefined
  /** Later, and without a word when it fails: a record saves time, nothing else. */
  write(entry: string, record: LoadRecord): void
}

/** A record is written again when more than this part of the text had to be read anew: not for each change of one file. */
const WORTH_WRITING = 0.1

/**
 * What a load knows from the loads before it. What was found out about a text counts for that text alone, whichever file has it; what the resolver said counts
 * while the disk says all that it said then. So nothing of it can be out of date.
 */
export class LoadMemory {
  readonly #store: LoadStore
  readonly #entry: string
  readonly #before: LoadRecord | undefined
  readonly #answers = new Map<string, Answer>()
  readonly #holds = new Map<DiskFact, boolean>()
  #book: FactBook | undefined
  #last: { readonly text: string; readonly facts: TextFacts } | undefined
  #askedAnew = 0

  constructor(store: LoadStore, entry: string) {
    this.#store = store
    this.#entry = entry
    this.#before = store.read(entry)
    this.#book = new FactBook(this.#before?.texts ?? {})
  }

  facts(text: string): TextFacts {
    if (!this.#book) return NO_FACTS
    // One text is asked several things in a row.
    if (this.#last?.text !== text) this.#last = { text, facts: this.#book.of(text) }
    return this.#last.facts
  }

  readonly answer: RecallAnswer = (question, ask) => {
    if (!this.#book) return ask()
    const known = this.#answers.get(question) ?? this.#remembered(question)
    // What was not there may have been made by the code that runs meanwhile.
    if (known && (known.found !== undefined || known.facts.every(stillHolds))) return known.found
    const { value, facts } = noteFacts(ask)
    this.#answers.set(question, { found: value, facts })
    this.#askedAnew++
    return value
  }

  #remembered(question: string): Answer | undefined {
    const answer = this.#before?.answers.get(question)
    if (!answer?.facts.every(fact => this.#holdsNow(fact))) return undefined
    this.#answers.set(question, answer)
    return answer
  }

  /** Answers share most of what they rest on. */
  #holdsNow(fact: DiskFact): boolean {
    let holds = this.#holds.get(fact)
    if (holds === undefined) {
      holds = stillHolds(fact)
      this.#holds.set(fact, holds)
    }
    return holds
  }

  /** The load has ended, and so has the memory: what the code loads later is found out as if there were none. */
  close(isWorthIt: boolean): void {
    const book = this.#book
    this.#book = undefined
    this.#last = undefined
    if (!book || !isWorthIt) return
    if (book.newPart > WORTH_WRITING || this.#askedAnew > WORTH_WRITING * this.#answers.size)
      this.#store.write(this.#entry, { texts: book.used, answers: this.#answers })
  }
}
