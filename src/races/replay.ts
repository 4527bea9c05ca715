import { startClock } from './limits.ts'
import { findDoomed, ROUND_FOR_EVER } from './livelock.ts'
import { choicesOf, compile, enabledActors, isEnabled, type Machine, take, verdictAtRest } from './machine.ts'
import type { Model, State, Step, Violation } from './model.ts'
import { actorOf, decodeSeed } from './seed.ts'

/** One step of a schedule as it went. */
export interface ReplayedStep {
  readonly actor: string
  readonly column: number
  readonly text: string
  readonly violation?: Violation
}

export interface Replay {
  readonly steps: readonly ReplayedStep[]
  /** What went wrong: in the last step, or in the state that it led to. */
  readonly violation?: Violation
}

/** Runs one schedule again, step by step. Throws RangeError when the seed is not a schedule of this model. */
export function replay(model: Model, seed: string): Replay {
  const machine = compile(model)
  const state = machine.initial.slice()
  const steps: ReplayedStep[] = []
  let violation: Violation | undefined
  decodeSeed(model, seed).forEach((move, i) => {
    const { actor, choice } = actorOf(move, machine.actors.length)
    if (!isEnabled(machine, state, actor) || choice >= choicesOf(machine, state, actor))
      throw new RangeError(
        `step ${i + 1} of the seed cannot happen: ${machine.actors[actor]!.name} cannot do that there`,
      )
    const { name, column, steps: program } = machine.actors[actor]!
    const text = textOf(program[state[machine.pc + actor]!]!.step, state, choice)
    violation = take(machine, state, actor, choice)
    steps.push({ actor: name, column, text, ...(violation && { violation }) })
  })
  if (violation === undefined && enabledActors(machine, state) === 0) violation = verdictAtRest(machine, state)
  if (violation === undefined && machine.loops && goesRoundForEver(machine, state)) violation = ROUND_FOR_EVER
  return { steps, ...(violation && { violation }) }
}

function goesRoundForEver(machine: Machine, state: State): boolean {
  const doomed = findDoomed({ ...machine, initial: state }, startClock({}))
  return typeof doomed === 'object' && doomed.schedule.length === 0
}

function textOf(step: Step, state: State, choice: number): string {
  if (step.choices !== undefined) return step.choices[choice]!
  return typeof step.text === 'string' ? step.text : step.text(state)
}
