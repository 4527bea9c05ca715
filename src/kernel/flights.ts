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
  }

  *[Symbol.iterator](): Generator<Flight, void, undefined> {
    for (let at = this.#ends.next; at !== this.#ends; at = at.next) yield at
  }
}
