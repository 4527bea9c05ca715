import { END, type Model, type Step, type Violation } from '#dist/races/index.js'

/**
 * A second explorer, as plain as it can be: every enabled step of every actor at every state, breadth first, states
 * compared as text. It shares no code with the explorer, only the models, and tells every race with the length of the
 * shortest schedule that leads to it.
 */
export function exploreNaively(model: Model, mostStates = 200_000): Map<string, number> {
  const programs = model.actors.map(actor =>
    actor.program.flatMap((fragment, n) => {
      const first = actor.program.slice(0, n).reduce((sum, { length }) => sum + length, 0)
      const target = (label: string) =>
        first + (label === END ? fragment.length : fragment.findIndex(step => step.label === label))
      return fragment.map(step => ({ step, target }))
    }),
  )
  const cells = model.initial.length
  const races = new Map<string, number>()
  const start = [...model.initial, ...model.actors.map(() => 0)]
  const seen = new Set([start.join()])
  let level = [start]
  for (let length = 0; level.length > 0; length++) {
    const next: number[][] = []
    const record = (violation: Violation | undefined, point: string | undefined, at: number) => {
      const key = `${violation?.kind} ${point ?? violation?.what}`
      if (violation !== undefined && !races.has(key)) races.set(key, at)
    }
    for (const state of level) {
      let moved = false
      programs.forEach((program, actor) => {
        const pc = state[cells + actor]!
        const { suspendedBy } = model.actors[actor]!
        const at = program[pc]
        if (at === undefined || (suspendedBy !== undefined && state[suspendedBy] !== 0)) return
        if (at.step.when?.(Int32Array.from(state)) === false) return
        moved = true
        for (let choice = 0; choice < (at.step.choices?.length ?? 1); choice++) {
          const after = Int32Array.from(state)
          const outcome = at.step.run(after, choice)
          after[cells + actor] = outcome === undefined ? pc + 1 : typeof outcome === 'string' ? at.target(outcome) : -1
          if (typeof outcome === 'object') record(outcome, at.step.point, length + 1)
          else
            for (const { name, kind, cells: watched, holds } of model.invariants)
              if (watched.some(cell => at.step.writes.includes(cell)) && !holds(after))
                record({ kind: kind ?? 'invariant', what: name }, at.step.point, length + 1)
          const key = after.join()
          if (seen.has(key)) continue
          if (seen.size >= mostStates) throw new Error('too many states for the naive explorer')
          seen.add(key)
          next.push([...after])
        }
      })
      if (!moved) record(atRest(model, programs, state), undefined, length)
    }
    level = next
  }
  return races
}

function atRest(model: Model, programs: { step: Step }[][], state: number[]): Violation | undefined {
  const pcs = state.slice(model.initial.length)
  if (pcs.includes(-1)) return undefined
  const sleeps = (actor: number) => programs[actor]![pcs[actor]!]?.step.forever === true
  for (const [actor, pc] of pcs.entries()) {
    const step = programs[actor]![pc]?.step
    if (step === undefined || step.forever || step.holders?.(Int32Array.from(state)).some(sleeps)) continue
    return { kind: 'stuck', what: `${model.actors[actor]!.name} waits for ever at '${step.point}'` }
  }
  return model.atEnd?.(Int32Array.from(state))
}
