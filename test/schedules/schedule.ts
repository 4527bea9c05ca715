import type { Seam } from '#dist/kernel/seam.js'
import type { Timeline } from './timeline.ts'

/** Decides which of the things that may happen next does. fast-check's scheduler is one. */
export interface Chooser {
  schedule<T>(work: Promise<T>, label: string): Promise<T>
  /** Lets one thing happen, now. */
  waitOne(): Promise<void>
  /** Things that may happen next. */
  count(): number
}

/** How many jobs after a step somebody looks after each of them. */
const WATCHED_JOBS = 10

interface Timer {
  readonly at: number
  readonly done: () => void
}

/**
 * Time and order in the hands of a chooser: whatever has settled goes on when its turn comes, and time passes when its turn comes. One step at a
 * time; between two of them every job that can run has run.
 */
export class Schedule implements Seam {
  steps = 0
  readonly #chooser: Chooser
  readonly #timeline: Timeline
  readonly #timers = new Set<Timer>()
  #winding = false
  #now = 0

  constructor(chooser: Chooser, timeline: Timeline) {
    this.#chooser = chooser
    this.#timeline = timeline
  }

  step<T>(what: string, work: Promise<T>): Promise<T> {
    const turn = () => this.turn(what)
    return work.then(
      async value => {
        await turn()
        return value
      },
      async error => {
        await turn()
        throw error
      },
    )
  }

  /** Resolves when it is this one's turn. */
  async turn(what: string): Promise<void> {
    await this.#chooser.schedule(Promise.resolve(), what)
    this.#timeline.kernel(what)
  }

  /** Resolves when the host may do its next thing. */
  async hostTurn(): Promise<void> {
    await this.#chooser.schedule(Promise.resolve(), 'the host goes on')
  }

  after(ms: number, done: () => void): () => void {
    const timer: Timer = { at: this.#now + ms, done }
    this.#timers.add(timer)
    this.#wind()
    return () => void this.#timers.delete(timer)
  }

  /** While somebody waits for a time, time passing is one of the things that may happen next. */
  #wind(): void {
    if (this.#winding || this.#timers.size === 0) return
    this.#winding = true
    void this.#chooser.schedule(Promise.resolve(), 'time passes').then(() => {
      this.#winding = false
      const [first] = [...this.#timers].sort((a, b) => a.at - b.at)
      if (!first) return
      this.#timers.delete(first)
      this.#now = Math.max(this.#now, first.at)
      this.#timeline.kernel(`it is ${this.#now} ms`)
      this.#wind()
      first.done()
    })
  }

  now(): number {
    return this.#now
  }

  loopTurn(): Promise<void> {
    return this.turn('a turn of the event loop')
  }

  /** The collector has nothing to do with order. */
  collect(): Promise<void> {
    return Promise.resolve()
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Goes on until nothing can happen any more. `watch` looks after each job, `look` after each step. */
  async run(limit: number, watch: () => void, look: () => void): Promise<void> {
    await quiet()
    look()
    while (this.#chooser.count() > 0) {
      if (++this.steps > limit) throw new TooManySteps(limit)
      const stepping = this.#chooser.waitOne()
      for (let job = 0; job < WATCHED_JOBS; job++) {
        await undefined
        watch()
      }
      await stepping
      await quiet()
      look()
    }
  }
}

export class TooManySteps extends Error {
  constructor(limit: number) {
    super(`still going on after ${limit} steps`)
  }
}

/** Every job that can run has run. */
const quiet = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
