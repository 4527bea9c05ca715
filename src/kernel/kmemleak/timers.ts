import type { HoldGraph } from './hold_graph.ts'
import type { Labels } from './names.ts'
import { ELEMENT, NO_NODE, NUMBER, OBJECT, PROPERTY } from './snapshot.ts'

/** Knows which timers run, and how long each waits. */
export class Timers {
  readonly #graph: HoldGraph
  readonly #labels: Labels
  /** Of each timer that was met: those of one duration are one list, which is walked once. */
  readonly #delays = new Map<number, number | undefined>()

  constructor(graph: HoldGraph, labels: Labels) {
    this.#graph = graph
    this.#labels = labels
  }

  /** `interval of 1000 ms`; undefined for a timer that does not run. */
  inWords(timer: number): string | undefined {
    const { snapshot } = this.#graph
    if (snapshot.name(timer) === 'Immediate') return 'immediate'
    // One that is running is held by Node's lists of timers.
    const previous = snapshot.follow(timer, this.#labels.previousTimer, PROPERTY)
    if (previous === NO_NODE || snapshot.nodeKind[previous] !== OBJECT) return undefined
    // An interval has a number here: small ones are not in the snapshot at all. A timeout has null.
    const repeat = snapshot.follow(timer, this.#labels.repeat, PROPERTY)
    const once = repeat !== NO_NODE && snapshot.nodeKind[repeat] !== NUMBER
    const ms = this.#delayOf(timer)
    return `${once ? 'timeout' : 'interval'}${ms === undefined ? '' : ` of ${ms} ms`}`
  }

  /** Timers of one duration are in one list, and the lists are found by duration. */
  #delayOf(timer: number): number | undefined {
    const { snapshot } = this.#graph
    const walked: number[] = []
    let at = timer
    // What a circle without a list leads back to has been walked.
    while (at !== NO_NODE && !this.#delays.has(at) && snapshot.name(at) !== 'TimersList') {
      walked.push(at)
      this.#delays.set(at, undefined)
      at = snapshot.follow(at, this.#labels.previousTimer, PROPERTY)
    }
    const isNew = at !== NO_NODE && !this.#delays.has(at)
    const delay = isNew ? this.#delayOfList(at) : this.#delays.get(at)
    for (const each of walked) this.#delays.set(each, delay)
    return delay
  }

  #delayOfList(list: number): number | undefined {
    const { snapshot } = this.#graph
    for (const edge of this.#graph.holding(list)) {
      const from = snapshot.edgeFrom(edge)
      if (snapshot.edgeKind[edge] === ELEMENT && snapshot.name(from) === 'Object') return snapshot.edgeName[edge]
    }
    return undefined
  }
}
