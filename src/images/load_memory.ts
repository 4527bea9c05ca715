import { type DiskFact, noteFacts, stillHolds } from './disk.ts'
import { isOnlyTyped } from './format.ts'
import type { RecallAnswer } from './package_resolver.ts'
import type { SourceFile, TextMemory } from './source_texts.ts'
import { type Codes, FactBook, type Facts, KnownText, NO_FACTS, type TextFacts } from './text_facts.ts'

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
  readonly codes: Codes
}

/** The same, together with the texts themselves: what an image of this process has anyway. */
interface RecentLoad extends LoadRecord {
  readonly files: ReadonlyMap<string, SourceFile>
}

/** Where records are kept. */
export interface LoadStore {
  /** Undefined when there is none that is whole. */
  read(entry: string): LoadRecord | undefined
  /** Without a word when it fails: a record saves time, nothing else. */
  write(entry: string, record: LoadRecord): void
}

/** Loads that are gone are not looked for before there are this many. */
const SWEEP_AT_LEAST = 64

/**
 * The last load of each entry, as long as the image that came of it is there: nothing else keeps any. Without a FinalizationRegistry: the engine calls back one a turn, and whoever
 * waits for the news of an image would have to wait for that of its load.
 */
export class RecentLoads {
  readonly #held = new WeakMap<object, RecentLoad>()
  readonly #loads = new Map<string, WeakRef<RecentLoad>>()
  #sweepAt = SWEEP_AT_LEAST

  get(entry: string): RecentLoad | undefined {
    return this.#loads.get(entry)?.deref()
  }

  set(entry: string, load: RecentLoad, image: object): void {
    this.#held.set(image, load)
    this.#loads.set(entry, new WeakRef(load))
    if (this.#loads.size >= this.#sweepAt) this.#sweep()
  }

  #sweep(): void {
    for (const entry of this.#loads.keys()) if (!this.get(entry)) this.#loads.delete(entry)
    this.#sweepAt = Math.max(SWEEP_AT_LEAST, 2 * this.#loads.size)
  }

  forget(image: object): void {
    this.#held.delete(image)
  }
}

/** Where the loads of a kernel are remembered: those of this process, and on disk. */
export interface LoadStores {
  readonly recent: RecentLoads
  readonly disk: LoadStore
}

const NO_CODES: Codes = new Map()

/** A load is remembered on disk that read a package, TypeScript, or so many files. */
const MANY_FILES = 20
const PACKAGED = /[\\/]node_modules[\\/]/

function isWorthDisk(files: ReadonlyMap<string, SourceFile>): boolean {
  if (files.size >= MANY_FILES) return true
  for (const file of files.keys()) if (PACKAGED.test(file) || isOnlyTyped(file)) return true
  return false
}

/** A record is written again when more than this part of the text had to be read anew: not for each change of one file. */
const WORTH_WRITING = 0.1

/**
 * What a load knows from the loads before it. What was found out about a text counts for that text alone, whichever file has it; what the resolver said counts
 * while the disk says all that it said then. So nothing of it can be out of date.
 */
export class LoadMemory implements TextMemory {
  readonly #stores: LoadStores
  readonly #entry: string
  readonly #recent: RecentLoad | undefined
  readonly #before: LoadRecord | undefined
  readonly #answers = new Map<string, Answer>()
  readonly #holds = new Map<DiskFact, boolean>()
  #book: FactBook | undefined
  #askedAnew = 0

  constructor(stores: LoadStores, entry: string) {
    this.#stores = stores
    this.#entry = entry
    this.#recent = stores.recent.get(entry)
    this.#before = this.#recent ?? stores.disk.read(entry)
    this.#book = new FactBook(this.#before?.texts ?? {}, this.#before?.codes ?? NO_CODES)
  }

  facts(known: KnownText): TextFacts {
    return this.#book?.of(known) ?? NO_FACTS
  }

  made(hash: string, make: () => string): KnownText {
    return this.#book?.made(hash, make) ?? new KnownText(make(), hash)
  }

  fileBefore(file: string): SourceFile | undefined {
    return this.#recent?.files.get(file)
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
  close(image: object, files: ReadonlyMap<string, SourceFile>): void {
    const book = this.#book
    this.#book = undefined
    if (!book) return
    const load = { texts: book.used, answers: this.#answers, codes: book.codes, files }
    this.#stores.recent.set(this.#entry, load, image)
    if (!isWorthDisk(files)) return
    const isNew = book.newPart > WORTH_WRITING || this.#askedAnew > WORTH_WRITING * this.#answers.size
    const { disk } = this.#stores
    const entry = this.#entry
    // Not before the module that was loaded serves.
    setImmediate(() => {
      book.writeCodes()
      if (isNew) disk.write(entry, load)
    })
  }
}
