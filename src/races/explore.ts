import { type ChooseActors, DepthFirst } from './depth_first.ts'
import { keyOf } from './found.ts'
import { type Limits, type Reached, startClock } from './limits.ts'
import { findDoomed } from './livelock.ts'
import { compile } from './machine.ts'
import type { Model, ViolationKind } from './model.ts'
import { persistentSet } from './persistent.ts'
import { encodeSeed } from './seed.ts'
import { findShortest } from './shortest.ts'

export interface ExploreOptions extends Partial<Limits> {
  /** Partial-order reduction; without it every order of every pair of steps is tried. Default true. */
  readonly reduction?: boolean
  /** Look for the shortest schedule of each race that was found, breadth first. Default true. */
  readonly shortest?: boolean
}

/** One way in which the model goes wrong: one kind of violation at one place of a program. */
export interface Race {
  readonly kind: ViolationKind
  /** The point of the step that went wrong; for what shows only at rest, the words of the violation. */
  readonly point: string
  readonly what: string
  /** Which actor moves at each step, and what it chooses; see seed.ts. */
  readonly schedule: readonly number[]
  readonly seed: string
  /** True when no shorter schedule of any kind leads to this race. */
  readonly shortest: boolean
}

export interface Exploration {
  readonly model: Model
  /** `none` is a proof for this size of model; `unfinished` says that a limit came first. */
  readonly verdict: 'race' | 'none' | 'unfinished'
  /** In the order of the length of their schedules. */
  readonly races: readonly Race[]
  readonly states: number
  /** Steps taken, those that led to a state met before included. */
  readonly transitions: number
  /** Steps of the longest schedule. */
  readonly deepest: number
  readonly ms: number
  /** Points of the programs that no schedule came to: of a step that never ran nothing was learnt. */
  readonly never: readonly string[]
  /** The limit that ended the exploration early, if one did, and how far it came: a sentence for people. */
  readonly limit?: Reached
  readonly message?: string
}

/** Without the reduction. */
const everyActor: ChooseActors = (_machine, _state, enabled) => enabled

/** Runs every schedule of the model that differs in what it does, within limits, and collects the races. */
export function explore(model: Model, options: ExploreOptions = {}): Exploration {
  const machine = compile(model)
  const clock = startClock(options)
  const search = new DepthFirst(machine, clock, options.reduction === false ? everyActor : persistentSet)
  search.run()

  const found = search.found
  let note = ''
  if (search.limit !== undefined && search.limit !== 'time' && found.size === 0) {
    // The search went deep, and the reduction may put a short race at the end of a long schedule: what is near the
    // start is tried again, everything, breadth first.
    const near = findShortest(machine, clock)
    for (const [key, race] of near.found) found.set(key, race)
    if (found.size === 0 && near.tried === Number.POSITIVE_INFINITY) search.limit = undefined
    else if (found.size === 0) note = `; no schedule of at most ${near.tried} steps has a race`
  }
  if (search.cyclic && found.size === 0 && search.limit === undefined) {
    const doomed = findDoomed(machine, clock)
    if (doomed === 'limit') search.limit = clock.reached
    else if (doomed !== undefined) found.set(keyOf(doomed.violation, doomed.point), doomed)
  }
  const nearest =
    (options.shortest ?? true) && found.size > 0 ? findShortest(machine, clock, new Set(found.keys())) : undefined
  const races = [...new Map([...found, ...(nearest?.found ?? [])])].map(([key, race]): Race => {
    const { violation, point, schedule } = race
    const shortest = nearest?.found.has(key) ?? false
    return { ...violation, point, schedule, seed: encodeSeed(model, schedule), shortest }
  })
  // Among those of one length, what goes wrong on the first CPU comes first.
  const last = ({ schedule }: Race) => (schedule.at(-1) ?? 0) % model.actors.length
  races.sort((a, b) => a.schedule.length - b.schedule.length || last(a) - last(b))
  const { limit } = search
  return {
    model,
    verdict: races.length > 0 ? 'race' : limit === undefined ? 'none' : 'unfinished',
    races,
    states: search.store.count,
    transitions: search.transitions,
    deepest: search.deepest,
    ms: search.ms,
    never: search.never(),
    ...(limit === undefined
      ? {}
      : { limit, message: clock.describe(limit, search.store.count, search.deepest) + note }),
  }
}
