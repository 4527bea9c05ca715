import type { HoldGraph } from './hold_graph.ts'
import type { Labels } from './names.ts'
import { ELEMENT, NO_NODE, NUMBER, OBJECT, PROPERTY } from './snapshot.ts'

/** A list as long as this is taken for one of unknown duration. */
const LONGEST_LIST = 10_000

/** `interval of 1000 ms`; undefined for a timer that does not run. */
export function timerInWords(graph: HoldGraph, labels: Labels, timer: number): string | undefined {
  const { snapshot } = graph
  if (snapshot.name(timer) === 'Immediate') return 'immediate'
  // One that is running is held by Node's lists of timers.
  const previous = snapshot.follow(timer, labels.previousTimer, PROPERTY)
  if (previous === NO_NODE || snapshot.nodeKind[previous] !== OBJECT) return undefined
  // An interval has a number here: small ones are not in the snapshot at all. A timeout has null.
  const repeat = snapshot.follow(timer, labels.repeat, PROPERTY)
  const once = repeat !== NO_NODE && snapshot.nodeKind[repeat] !== NUMBER
  const ms = delayOf(graph, labels, timer)
  return `${once ? 'timeout' : 'interval'}${ms === undefined ? '' : ` of ${ms} ms`}`
}

/** Timers of one duration are in one list, and the lists are found by duration. */
function delayOf(graph: HoldGraph, labels: Labels, timer: number): number | undefined {
  const { snapshot } = graph
  let at = timer
  for (let steps = 0; steps < LONGEST_LIST; steps++) {
    at = snapshot.follow(at, labels.previousTimer, PROPERTY)
    if (at === NO_NODE || at === timer) return undefined
    if (snapshot.name(at) !== 'TimersList') continue
    for (const edge of graph.holding(at)) {
      const from = snapshot.edgeFrom(edge)
      if (snapshot.edgeKind[edge] === ELEMENT && snapshot.name(from) === 'Object') return snapshot.edgeName[edge]
    }
    return undefined
  }
  return undefined
}
