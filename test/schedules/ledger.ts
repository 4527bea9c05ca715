import type { Code, Entry, Point } from './code.ts'

export type EventName = 'coming' | 'live' | 'going' | 'gone'

/** Where an entry stands. */
export interface Place {
  readonly label: string
  readonly key: string
}

const nameOf = (label: string): string => label.slice(0, label.indexOf('#'))

/**
 * What ought to be, told by the kernel's events and the modules' own words alone: which image of a name is in service, and what stands at each point in which order.
 */
export class Ledger {
  /** By name, the image that is LIVE. */
  readonly serving = new Map<string, string>()
  readonly #histories = new Map<string, EventName[]>()
  readonly #points: Record<Point, Place[]> = { p: [], q: [] }
  /** Images whose removal may be called off. */
  readonly #waiting = new Set<string>()
  readonly #codeOf: (label: string) => Code | undefined

  constructor(codeOf: (label: string) => Code | undefined) {
    this.#codeOf = codeOf
  }

  history(label: string): readonly EventName[] {
    return this.#histories.get(label) ?? []
  }

  get labels(): Iterable<string> {
    return this.#histories.keys()
  }

  isServing(label: string): boolean {
    return this.serving.get(nameOf(label)) === label
  }

  /** It has been withdrawn, and nothing brings it back. */
  isOver(label: string): boolean {
    const last = this.history(label).at(-1)
    return last === 'gone' || (last === 'going' && !this.#waiting.has(label))
  }

  at(point: Point): readonly Place[] {
    return this.#points[point]
  }

  /** @returns what is wrong with this event at this time, if anything */
  event(event: EventName, label: string, mayBeCalledOff: boolean): string | undefined {
    const history = this.#histories.get(label) ?? []
    this.#histories.set(label, history)
    const last = history.at(-1)
    history.push(event)
    const fault = this.#judge(event, last, label)
    if (event === 'live') this.#live(label)
    if (event === 'going') this.#going(label, mayBeCalledOff)
    return fault
  }

  #judge(event: EventName, last: EventName | undefined, label: string): string | undefined {
    const expected: Record<EventName, readonly (EventName | undefined)[]> = {
      coming: [undefined],
      live: this.#waiting.has(label) ? ['going'] : ['coming'],
      going: ['coming', 'live'],
      gone: ['going'],
    }
    return expected[event].includes(last) ? undefined : `${label} is ${event} after ${last ?? 'nothing'}`
  }

  #live(label: string): void {
    const entries = this.#codeOf(label)?.entries ?? []
    const before = this.serving.get(nameOf(label))
    this.serving.set(nameOf(label), label)
    this.#waiting.delete(label)
    for (const point of ['p', 'q'] as const) {
      const arriving = entries.filter(entry => entry.point === point).map(({ key }) => ({ label, key }))
      if (before === undefined) this.#points[point].push(...arriving)
      else this.#swap(point, before, arriving)
    }
  }

  /** One for one, further ones behind the last, places without a successor vanish. */
  #swap(point: Point, before: string, arriving: Place[]): void {
    const places = this.#points[point]
    const mine = places.flatMap((place, index) => (place.label === before ? [index] : []))
    const after: (Place | undefined)[] = [...places]
    for (const [nth, index] of mine.entries()) after[index] = arriving[nth]
    const further = arriving.slice(mine.length)
    after.splice(mine.length === 0 ? after.length : mine.at(-1)! + 1, 0, ...further)
    this.#points[point] = after.filter(place => place !== undefined)
  }

  #going(label: string, mayBeCalledOff: boolean): void {
    if (this.isServing(label)) this.serving.delete(nameOf(label))
    if (mayBeCalledOff) this.#waiting.add(label)
    for (const point of ['p', 'q'] as const)
      this.#points[point] = this.#points[point].filter(place => place.label !== label)
  }

  registered(label: string, { point, key }: Entry): void {
    if (this.isServing(label)) this.#points[point].push({ label, key })
  }

  unregistered(label: string, { point, key }: Entry): void {
    this.#points[point] = this.#points[point].filter(place => place.label !== label || place.key !== key)
  }
}
