import { watched } from './footprint.ts'
import { type Found, keyOf } from './found.ts'
import { type Clock, type Limits, type Reached, startClock } from './limits.ts'
import { findDoomed } from './livelock.ts'
import { choicesOf, compile, enabledActors, type Machine, take, verdictAtRest } from './machine.ts'
import type { Model, State, Violation, ViolationKind } from './model.ts'
import { persistentSet } from './persistent.ts'
import { encodeSeed, moveOf } from './seed.ts'
import { findShortest } from './shortest.ts'
import { StateStore } from './store.ts'

/** So many steps of each exploration are watched: a step that touches a cell it did not name is a mistake in the model. */
const WATCHED_STEPS = 2000

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

/** Runs every schedule of the model that differs in what it does, within limits, and collects the races. */
export function explore(model: Model, options: ExploreOptions = {}): Exploration {
  const machine = compile(model)
  const clock = startClock(options)
  const search = new DepthFirst(machine, clock, options.reduction ?? true)
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

/** One state on the way from the start to where the search is. */
interface Frame {
  readonly state: number
  readonly enabled: number
  /** Actors that are to move from here; grows to all that are enabled when one of their steps closes a loop. */
  chosen: number
  /** Actors of `chosen` that have not moved yet. */
  todo: number
  actor: number
  choice: number
  choices: number
}

class DepthFirst {
  readonly found = new Map<string, Found>()
  readonly store: StateStore
  readonly #machine: Machine
  readonly #clock: Clock
  readonly #reduction: boolean
  readonly #stack: Frame[] = []
  readonly #scratch: State
  #onStack = new Uint8Array(1 << 12)
  readonly #ran: Uint8Array
  transitions = 0
  deepest = 0
  ms = 0
  cyclic = false
  limit: Reached | undefined

  constructor(machine: Machine, clock: Clock, reduction: boolean) {
    this.#machine = machine
    this.#clock = clock
    this.#reduction = reduction
    this.store = new StateStore(machine.size, machine.model.cells)
    this.#scratch = new Int32Array(machine.size)
    this.#ran = new Uint8Array(machine.rows)
  }

  never(): string[] {
    const all = this.#machine.actors.flatMap(({ row, steps }) =>
      steps.map(({ step }, pc) => ({ point: step.point, ran: this.#ran[row + pc] === 1 || step.forever === true })),
    )
    const reached = new Set(all.filter(({ ran }) => ran).map(({ point }) => point))
    return [...new Set(all.map(({ point }) => point))].filter(point => !reached.has(point))
  }

  run(): void {
    const { store } = this
    const started = performance.now()
    const stack = this.#stack
    const scratch = this.#scratch
    scratch.set(this.#machine.initial)
    this.#push(store.add(scratch), scratch)
    while (stack.length > 0 && (this.limit === undefined || this.limit === 'depth')) {
      const frame = stack[stack.length - 1]!
      if (frame.choice === frame.choices && !this.#nextActor(frame)) {
        stack.pop()
        this.#onStack[frame.state] = 0
        continue
      }
      store.read(frame.state, scratch)
      const violation = this.#step(frame.actor, frame.choice++)
      if (violation !== undefined) this.#record(violation.violation, violation.point)
      const index = store.add(scratch)
      if (index >= 0) this.#push(index, scratch)
      else if (this.#onStack[~index] === 1) {
        this.cyclic = true
        frame.todo |= frame.enabled & ~frame.chosen
        frame.chosen = frame.enabled
      }
      if ((this.transitions & 1023) === 0) this.limit = this.#clock.check(store.count, stack.length) ?? this.limit
    }
    this.ms = performance.now() - started
  }

  #step(actor: number, choice: number): { violation: Violation; point: string } | undefined {
    const machine = this.#machine
    const scratch = this.#scratch
    const pc = scratch[machine.pc + actor]!
    const { row, steps } = machine.actors[actor]!
    const { step } = steps[pc]!
    this.#ran[row + pc] = 1
    if (this.transitions++ < WATCHED_STEPS) {
      const copy = scratch.slice()
      const view = watched(machine.model, step, copy)
      step.when?.(view)
      step.run(view, choice)
    }
    const violation = take(machine, scratch, actor, choice)
    return violation && { violation, point: step.point }
  }

  /** Goes into a state that was not met before. */
  #push(index: number, state: State): void {
    const machine = this.#machine
    const depth = this.#stack.length
    this.deepest = Math.max(this.deepest, depth)
    const enabled = enabledActors(machine, state)
    if (enabled === 0) {
      const violation = verdictAtRest(machine, state)
      if (violation !== undefined) this.#record(violation, violation.what)
      return
    }
    if (depth >= this.#clock.limits.maxDepth) {
      this.limit = 'depth'
      return
    }
    const chosen = this.#reduction ? persistentSet(machine, state, enabled) : enabled
    if (index >= this.#onStack.length) {
      const grown = new Uint8Array(this.#onStack.length * 2)
      grown.set(this.#onStack)
      this.#onStack = grown
    }
    this.#onStack[index] = 1
    this.#stack.push({ state: index, enabled, chosen, todo: chosen, actor: 0, choice: 0, choices: 0 })
  }

  #nextActor(frame: Frame): boolean {
    if (frame.todo === 0) return false
    frame.actor = 31 - Math.clz32(frame.todo & -frame.todo)
    frame.todo &= frame.todo - 1
    frame.choice = 0
    this.store.read(frame.state, this.#scratch)
    frame.choices = choicesOf(this.#machine, this.#scratch, frame.actor)
    return true
  }

  #record(violation: Violation, point: string): void {
    const key = keyOf(violation, point)
    if (this.found.has(key)) return
    const { length } = this.#machine.actors
    this.found.set(key, {
      violation,
      point,
      schedule: this.#stack.map(({ actor, choice }) => moveOf(actor, choice - 1, length)),
    })
  }
}
