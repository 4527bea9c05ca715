/** All that a system of virtual CPUs can be in: one integer of 16 bits a cell, then one program counter an actor. */
export type State = Int32Array

/** The number of a cell in a State. */
export type Cell = number

/** Ways in which a scheme breaks its promise. One word each, so that a race has a name that a program can compare. */
export type ViolationKind =
  /** A CPU calls, runs or reads what has been freed. */
  | 'freed'
  /** A call enters a module whose init has not finished, under a scheme that promises it does not. */
  | 'early'
  /** A call enters a module whose exit has begun, under a scheme that promises it does not. */
  | 'late'
  /** A count went below zero. */
  | 'negative'
  /** The same memory was freed twice. */
  | 'twice'
  /** At the end a module is nowhere: in memory and on no list, or on a list and not in memory. */
  | 'lost'
  /** Somebody waits for ever, and not because the one waited for does. */
  | 'stuck'
  /** An invariant of the model, which has its own words. */
  | 'invariant'

export interface Violation {
  readonly kind: ViolationKind
  readonly what: string
}

/** What a step comes to: on to the next step (undefined), to a label, or a violation, which stops this CPU for good. */
export type Outcome = undefined | string | Violation

/** The label of the place behind a fragment's last step; every fragment has it. */
export const END = 'end'

/**
 * One indivisible thing that a CPU does: a load, a store, a jump, an atomic read-modify-write. `reads` and `writes`
 * name every cell that `when` and `run` may touch; the reduction rests on them, so the explorer watches the first
 * steps of every exploration and throws where a step touches a cell that it did not name.
 */
export interface Step {
  /** What the timeline shows; given a function, of the state before the step. */
  readonly text: string | ((state: State) => string)
  /** The place in the program, the same on every CPU and for every module: two violations there are one race. */
  readonly point: string
  readonly label?: string
  readonly reads: readonly Cell[]
  readonly writes: readonly Cell[]
  /** The step waits until this holds. Waiting is never a loop: so waiting for ever is a state with no way on. */
  readonly when?: (state: State) => boolean
  /** A wait that is meant never to end: somebody keeps a file open for good. */
  readonly forever?: true
  /** For a wait: the actors it waits for now. A wait for one that waits `forever` is no fault of the scheme. */
  readonly holders?: (state: State) => readonly number[]
  /** Different things that may happen here, each explored; `run` is told which. Shown instead of `text`. */
  readonly choices?: readonly string[]
  /** The labels that `run` may return. */
  readonly goes?: readonly string[]
  readonly run: (state: State, choice: number) => Outcome
}

/** Steps with labels of their own; a program is a list of fragments run one after the other. */
export type Fragment = readonly Step[]

export interface Actor {
  readonly name: string
  /** The column of the timeline: the CPU it runs on. */
  readonly column: number
  readonly program: readonly Fragment[]
  /** While this cell is not 0, an interrupt has the CPU and this actor stands still. */
  readonly suspendedBy?: Cell
}

/** A property of every state, checked after each step that writes one of its cells. */
export interface Invariant {
  readonly name: string
  /** What breaking it is called; default `invariant`. */
  readonly kind?: ViolationKind
  readonly cells: readonly Cell[]
  readonly holds: (state: State) => boolean
}

export interface Model {
  readonly name: string
  /** Begins every seed of this model: its name and all that it was built from. No character but `a-z0-9.-`. */
  readonly id: string
  readonly summary: string
  /** What exploring it should find: `none` where the scheme promises safety. */
  readonly expects: 'race' | 'none'
  readonly columns: readonly string[]
  readonly cells: readonly string[]
  readonly initial: readonly number[]
  readonly actors: readonly Actor[]
  readonly invariants: readonly Invariant[]
  /** Checked when every actor has finished. */
  readonly atEnd?: (state: State) => Violation | undefined
}

/** A model that cannot be explored as it is written: a label that is missing, a cell that a step did not name. */
export class RacesModelError extends Error {
  override readonly name = 'RacesModelError'
}

/** Hands out the cells of a model. */
export class Memory {
  readonly names: string[] = []
  readonly initial: number[] = []

  cell(name: string, initial = 0): Cell {
    this.names.push(name)
    return this.initial.push(initial) - 1
  }
}
