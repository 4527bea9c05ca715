import { conflicts } from './footprint.ts'
import { type Model, RacesModelError, type State, type Violation } from './model.ts'
import { type CompiledActor, compileProgram } from './program.ts'
import { MOST_MOVES } from './seed.ts'

/** More steps than this in all programs together would make the table of conflicts larger than the exploration. */
const MOST_STEPS = 4000
/** Actors are bits of a 32-bit mask. */
const MOST_ACTORS = 24

/** A model made ready to run: labels resolved, conflicts tabled. */
export interface Machine {
  readonly model: Model
  readonly actors: readonly CompiledActor[]
  /** Cells of a state, program counters included. */
  readonly size: number
  /** The cell of actor 0's program counter. */
  readonly pc: number
  readonly initial: State
  /** `conflict[a * rows + b]` is 1 when the step in row a touches what the actor in row b may still touch. */
  readonly conflict: Uint8Array
  readonly rows: number
  /** Some program goes back to an earlier step. */
  readonly loops: boolean
}

export function compile(model: Model): Machine {
  if (model.actors.length > MOST_ACTORS)
    throw new RacesModelError(`${model.name}: ${model.actors.length} actors; ${MOST_ACTORS} at most`)
  let row = 0
  const actors = model.actors.map(actor => {
    const steps = compileProgram(model, actor.program)
    const compiled: CompiledActor = {
      name: actor.name,
      column: actor.column,
      steps,
      done: steps.length,
      row,
      suspendedBy: actor.suspendedBy ?? -1,
    }
    row += steps.length + 2
    if (row > MOST_STEPS)
      throw new RacesModelError(
        `${model.name}: the programs have more than ${MOST_STEPS} steps in all; fewer CPUs, modules or rounds keep it explorable`,
      )
    return compiled
  })
  const moves = actors.length * Math.max(1, ...actors.flatMap(({ steps }) => steps.map(({ choices }) => choices)))
  if (moves > MOST_MOVES)
    throw new RacesModelError(`${model.name}: ${moves} different moves; a seed can tell ${MOST_MOVES} apart`)
  const pc = model.initial.length
  return {
    model,
    actors,
    size: pc + actors.length,
    pc,
    initial: Int32Array.from([...model.initial, ...actors.map(() => 0)]),
    conflict: conflicts(model, actors, row),
    rows: row,
    loops: actors.some(({ steps }) => steps.some(({ next }, at) => next.some(target => target <= at))),
  }
}

/** Whether the actor can take its next step. */
export function isEnabled(machine: Machine, state: State, actor: number): boolean {
  const { steps, done, suspendedBy } = machine.actors[actor]!
  const pc = state[machine.pc + actor]!
  if (pc >= done) return false
  if (suspendedBy >= 0 && state[suspendedBy] !== 0) return false
  const { when } = steps[pc]!.step
  return when === undefined || when(state)
}

/** The enabled actors, as a mask. */
export function enabledActors(machine: Machine, state: State): number {
  let mask = 0
  for (let actor = 0; actor < machine.actors.length; actor++) if (isEnabled(machine, state, actor)) mask |= 1 << actor
  return mask
}

/** What can happen in the actor's next step. */
export function choicesOf(machine: Machine, state: State, actor: number): number {
  return machine.actors[actor]!.steps[state[machine.pc + actor]!]!.choices
}

/**
 * Takes the actor's next step in `state`, which is changed, and tells what the step violated. An actor that violates something stops there and the others
 * go on, as CPUs do: that keeps one race from hiding another, and it makes a violation a place in one program, which is
 * what the reduction preserves.
 */
export function take(machine: Machine, state: State, actor: number, choice: number): Violation | undefined {
  const at = machine.pc + actor
  const { steps, done } = machine.actors[actor]!
  const pc = state[at]!
  const compiled = steps[pc]!
  const outcome = compiled.step.run(state, choice)
  if (outcome === undefined) state[at] = pc + 1
  else if (typeof outcome === 'string') {
    const target = compiled.jumps.get(outcome)
    if (target === undefined)
      throw new RacesModelError(`${machine.model.name}: step '${compiled.step.point}' went to ${outcome} unannounced`)
    state[at] = target
  } else {
    state[at] = done + 1
    return outcome
  }
  for (const invariant of compiled.checks)
    if (!invariant.holds(state)) return { kind: invariant.kind ?? 'invariant', what: invariant.name }
  return undefined
}

/** What is wrong with a state in which nobody can go on: somebody waits for ever, or the end is not as it should be. */
export function verdictAtRest(machine: Machine, state: State): Violation | undefined {
  const sleeps = (actor: number) => machine.actors[actor]!.steps[state[machine.pc + actor]!]?.step.forever === true
  let waiting: string | undefined
  for (let actor = 0; actor < machine.actors.length; actor++) {
    const { name, steps, done } = machine.actors[actor]!
    const pc = state[machine.pc + actor]!
    if (pc > done) return undefined // a CPU was stopped by its own violation: what it left locked says nothing new
    if (pc === done || sleeps(actor)) continue
    const { holders, point } = steps[pc]!.step
    if (holders?.(state).some(sleeps)) continue
    waiting ??= `${name} waits for ever at '${point}'`
  }
  if (waiting !== undefined) return { kind: 'stuck', what: waiting }
  return machine.model.atEnd?.(state)
}
