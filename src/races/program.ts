import { END, type Invariant, type Model, RacesModelError, type Step } from './model.ts'

interface CompiledStep {
  readonly step: Step
  readonly choices: number
  /** Program counters of the labels in `goes`. */
  readonly jumps: ReadonlyMap<string, number>
  /** Where it may go, in program counters. */
  readonly next: readonly number[]
  /** The invariants whose cells it writes. */
  readonly checks: readonly Invariant[]
}

export interface CompiledActor {
  readonly name: string
  readonly column: number
  readonly steps: readonly CompiledStep[]
  /** The program counter of an actor that has finished; one more is that of one stopped by its own violation. */
  readonly done: number
  /** Row of the actor's first step in the table of conflicts. */
  readonly row: number
  readonly suspendedBy: number
}

/** Labels become program counters. */
export function compileProgram(model: Model, program: Model['actors'][number]['program']): CompiledStep[] {
  const compiled: CompiledStep[] = []
  for (const fragment of program) {
    const first = compiled.length
    const labels = new Map<string, number>([[END, first + fragment.length]])
    fragment.forEach((step, i) => {
      if (step.label === undefined) return
      if (labels.has(step.label)) throw new RacesModelError(`${model.name}: the label ${step.label} is there twice`)
      labels.set(step.label, first + i)
    })
    fragment.forEach((step, i) => {
      const jumps = new Map<string, number>()
      for (const label of step.goes ?? []) {
        const target = labels.get(label)
        if (target === undefined)
          throw new RacesModelError(`${model.name}: step '${step.point}' goes to ${label}, a label that is not there`)
        jumps.set(label, target)
      }
      compiled.push({
        step,
        choices: step.choices?.length ?? 1,
        jumps,
        next: [first + i + 1, ...jumps.values()],
        checks: model.invariants.filter(invariant => invariant.cells.some(cell => step.writes.includes(cell))),
      })
    })
  }
  return compiled
}
