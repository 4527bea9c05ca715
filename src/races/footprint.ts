import { type Model, RacesModelError, type State, type Step } from './model.ts'
import type { CompiledActor } from './program.ts'

/**
 * A set of cells as bits. Besides the model's cells there is one bit for each invariant: a step that writes any of an
 * invariant's cells counts as writing that bit too, so two such steps never count as independent and every value that
 * the invariant's cells take together comes up whatever is reduced.
 */
type Bits = Uint32Array

interface Footprint {
  readonly reads: Bits
  readonly writes: Bits
}

/** The table `conflict[step row * rows + future row]`; see Machine. */
export function conflicts(model: Model, actors: readonly CompiledActor[], rows: number): Uint8Array {
  const words = Math.ceil((model.initial.length + model.invariants.length) / 32)
  const steps: Footprint[] = []
  const futures: Footprint[] = []
  for (const actor of actors) {
    const own = actor.steps.map(({ step }) => footprint(model, step, actor.suspendedBy, words))
    const future = own.map(({ reads, writes }) => ({ reads: reads.slice(), writes: writes.slice() }))
    // Backwards again and again until nothing grows: a loop needs more than one pass.
    for (let grew = true; grew; ) {
      grew = false
      for (let pc = future.length - 1; pc >= 0; pc--) {
        for (const next of actor.steps[pc]!.next) {
          const ahead = future[next]
          if (ahead === undefined) continue
          if (add(future[pc]!.reads, ahead.reads)) grew = true
          if (add(future[pc]!.writes, ahead.writes)) grew = true
        }
      }
    }
    const nothing = { reads: new Uint32Array(words), writes: new Uint32Array(words) }
    steps.push(...own, nothing, nothing)
    futures.push(...future, nothing, nothing)
  }
  const table = new Uint8Array(rows * rows)
  for (let a = 0; a < rows; a++) {
    const step = steps[a]!
    for (let b = 0; b < rows; b++) {
      const future = futures[b]!
      if (meet(step.writes, future.reads) || meet(step.writes, future.writes) || meet(step.reads, future.writes))
        table[a * rows + b] = 1
    }
  }
  return table
}

function footprint(model: Model, step: Step, suspendedBy: number, words: number): Footprint {
  const reads = bits(step.reads, words)
  const writes = bits(step.writes, words)
  if (suspendedBy >= 0) reads[suspendedBy >>> 5]! |= 1 << (suspendedBy & 31)
  model.invariants.forEach((invariant, i) => {
    if (!invariant.cells.some(cell => step.writes.includes(cell))) return
    const bit = model.initial.length + i
    writes[bit >>> 5]! |= 1 << (bit & 31)
  })
  return { reads, writes }
}

function bits(cells: readonly number[], words: number): Bits {
  const set = new Uint32Array(words)
  for (const cell of cells) set[cell >>> 5]! |= 1 << (cell & 31)
  return set
}

function add(into: Bits, from: Bits): boolean {
  let grew = false
  for (let i = 0; i < into.length; i++) {
    const union = (into[i]! | from[i]!) >>> 0
    if (union !== into[i]) grew = true
    into[i] = union
  }
  return grew
}

function meet(a: Bits, b: Bits): boolean {
  for (let i = 0; i < a.length; i++) if ((a[i]! & b[i]!) !== 0) return true
  return false
}

/**
 * The state as a step may see it: reading or writing a cell that the step did not name throws. Slow, so only the first
 * steps of an exploration run on it.
 */
export function watched(model: Model, step: Step, state: State): State {
  const check = (key: string | symbol, named: readonly number[], verb: string) => {
    const cell = typeof key === 'string' ? Number(key) : Number.NaN
    if (!Number.isInteger(cell))
      throw new RacesModelError(
        `${model.name}: step '${step.point}' uses state.${String(key)}; cells are named one by one`,
      )
    if (!named.includes(cell))
      throw new RacesModelError(
        `${model.name}: step '${step.point}' ${verb} ${model.cells[cell] ?? `cell ${cell}`} and does not say so`,
      )
  }
  const readable = [...step.reads, ...step.writes]
  return new Proxy(state, {
    get(target, key) {
      check(key, readable, 'reads')
      return Reflect.get(target, key, target)
    },
    set(target, key, value) {
      check(key, step.writes, 'writes')
      return Reflect.set(target, key, value, target)
    },
  })
}
