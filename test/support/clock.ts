import { realTime, type Seam } from '#dist/kernel/seam.js'

/** Time that passes only when the test says so. */
export class ManualClock implements Seam {
  readonly step = realTime.step
  readonly collect = realTime.collect
  readonly loopTurn = realTime.loopTurn
  #now = 0
  readonly #pending = new Set<{ readonly at: number; readonly done: () => void }>()

  after(ms: number, done: () => void): () => void {
    const entry = { at: this.#now + ms, done }
    this.#pending.add(entry)
    return () => void this.#pending.delete(entry)
  }

  now(): number {
    return this.#now
  }

  /** How many things wait for their time. */
  get waiting(): number {
    return this.#pending.size
  }

  advance(ms: number): void {
    this.#now += ms
    for (const entry of [...this.#pending].sort((a, b) => a.at - b.at)) {
      if (entry.at > this.#now) break
      this.#pending.delete(entry)
      entry.done()
    }
  }
}
