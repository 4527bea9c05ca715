import type { Seam } from './seam.ts'

/** An asynchronous call that has not settled yet: one of a ring of them, so that it comes and goes in a few steps however many there are. */
export class Flight {
  /** What was called, for messages. */
  readonly name: string
  /** Settles the call for its caller, whatever becomes of it. */
  readonly refuse: (reason: Error) => void
  next: Flight
  previous: Flight

  constructor(name: string, refuse: (reason: Error) => void) {
    this.name = name
    this.refuse = refuse
    this.next = this
    this.previous = this
  }
}

/** The calls in flight of one image, in the order in which they began. */
export class Flights implements Iterable<Flight> {
  /** Stands between the last and the first. */
  readonly #ends = new Flight('', () => {})
  #count = 0
  /** Whoever waits for the last to end. */
  #idle: Set<() => void> | undefined

  get count(): number {
    return this.#count
  }

  begin(flight: Flight): void {
    const last = this.#ends.previous
    flight.previous = last
    flight.next = this.#ends
    last.next = flight
    this.#ends.previous = flight
    this.#count++
  }

  /** To be called once for each that began. */
  end(flight: Flight): void {
    flight.previous.next = flight.next
    flight.next.previous = flight.previous
    this.#count--
    if (this.#count > 0 || !this.#idle) return
    for (const resolve of this.#idle) resolve()
  }

  /**
   * Resolves to true once no call is in flight, or to false after `ms` milliseconds, which may be Infinity. With a limit there must be none a turn later either: who calls one
   * after another of the pointers that it has kept makes its next call in the turn in which the last one ended.
   */
  drained(ms: number, seam: Seam): Promise<boolean> {
    if (this.#count === 0) return Promise.resolve(true)
    if (ms <= 0) return Promise.resolve(false)
    return new Promise(resolve => {
      const waiting = (this.#idle ??= new Set())
      const settle = () => {
        if (this.#count > 0 || !waiting.delete(idle)) return
        cancel()
        resolve(true)
      }
      const idle = ms === Number.POSITIVE_INFINITY ? settle : () => void seam.loopTurn().then(settle)
      waiting.add(idle)
      const late = () => {
        if (waiting.delete(idle)) resolve(false)
      }
      const cancel = ms === Number.POSITIVE_INFINITY ? () => {} : seam.after(ms, late)
    })
  }

  *[Symbol.iterator](): Generator<Flight, void, undefined> {
    for (let at = this.#ends.next; at !== this.#ends; at = at.next) yield at
  }
}
