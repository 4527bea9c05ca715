import { watched } from './footprint.ts'
import { type Found, keyOf } from './found.ts'
import type { Clock, Reached } from './limits.ts'
import { choicesOf, enabledActors, type Machine, take, verdictAtRest } from './machine.ts'
import type { State, Violation } from './model.ts'
import { moveOf } from './seed.ts'
import { StateStore } from './store.ts'

/** So many steps of each exploration are watched: a step that touches a cell it did not name is a mistake in the model. */
const WATCHED_STEPS = 2000

/** Of the actors that are enabled in a state, those whose steps have to be tried from there, as a mask. */
export type ChooseActors = (machine: Machine, state: State, enabled: number) => number

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

/**
 * The search itself: depth first over a stack of states, each with the actors that are still to move from it. Collects
 * the first schedule that came by each race, seldom a short one.
 */
export class DepthFirst {
  readonly found = new Map<string, Found>()
  readonly store: StateStore
  readonly #machine: Machine
  readonly #clock: Clock
  readonly #choose: ChooseActors
  readonly #stack: Frame[] = []
  readonly #scratch: State
  #onStack = new Uint8Array(1 << 12)
  readonly #ran: Uint8Array
  transitions = 0
  deepest = 0
  ms = 0
  cyclic = false
  limit: Reached | undefined

  constructor(machine: Machine, clock: Clock, choose: ChooseActors) {
    this.#machine = machine
    this.#clock = clock
    this.#choose = choose
    this.store = new StateStore(machine.size, machine.model.cells)
    this.#scratch = new Int32Array(machine.size)
    this.#ran = new Uint8Array(machine.rows)
  }

  /** The points that no schedule came to. */
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
    const chosen = this.#choose(machine, state, enabled)
    while (index >= this.#onStack.length) {
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
