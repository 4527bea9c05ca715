import {
  type Actor,
  type Cell,
  type Fragment,
  Memory,
  type Model,
  type State,
  type Step,
  type Violation,
} from '../model.ts'

/** How large a model is made. */
export interface Size {
  /** One CPU unloads and loads, the others call. */
  readonly cpus: number
  readonly modules: number
  /** How often each CPU goes through its program; each round of the unloading CPU makes one more image of every module. */
  readonly rounds: number
}

export const SMALLEST: Size = { cpus: 2, modules: 1, rounds: 1 }

/** What the memory of an image is. */
const ABSENT = 0
export const PRESENT = 1
const FREED = 2

/** The states of a module; `exiting` beside them says that its exit has begun. */
const UNFORMED = 0
export const COMING = 1
export const LIVE = 2
export const GOING = 3
export const GONE = 4

/** One insertion of a module: its memory and what the kernel keeps about it. */
export interface Image {
  readonly text: Cell
  readonly state: Cell
  readonly exiting: Cell
  readonly count: Cell
  /** Reached in the collector's present cycle. */
  readonly mark: Cell
}

/**
 * A module and the places that hold a pointer to its code. A pointer is the number of an image, beginning with 1, or 0
 * for none.
 */
export interface ModuleCells {
  readonly name: string
  /** The image on the kernel's module list. */
  readonly list: Cell
  /** The operations that its subsystem calls. */
  readonly table: Cell
  /** The subsystem's lock around `table`. */
  readonly lock: Cell
  /** The interrupt handler. */
  readonly vector: Cell
  /** Images that were unloaded and kept, as the kernel counts them. */
  readonly kept: Cell
  readonly images: readonly Image[]
}

/** The first CPU takes interrupts: 1 while its handler runs. */
export interface World {
  readonly memory: Memory
  readonly size: Size
  readonly modules: readonly ModuleCells[]
  readonly interrupted: Cell
}

const NAMES = ['hello', 'db', 'api', 'cache']

/** Every module LIVE, registered and idle, as image 1. */
export function createWorld(size: Size): World {
  const memory = new Memory()
  const interrupted = memory.cell('CPU 0 is in an interrupt')
  const modules = Array.from({ length: size.modules }, (_, m): ModuleCells => {
    const name = NAMES[m] ?? `m${m}`
    return {
      name,
      list: memory.cell(`list[${name}]`, 1),
      table: memory.cell(`table[${name}]`, 1),
      lock: memory.cell(`lock[${name}]`),
      vector: memory.cell(`vector[${name}]`, 1),
      kept: memory.cell(`kept[${name}]`),
      images: Array.from({ length: size.rounds + 1 }, (_, i) => ({
        text: memory.cell(`${name}#${i + 1}.text`, i === 0 ? PRESENT : ABSENT),
        state: memory.cell(`${name}#${i + 1}.state`, i === 0 ? LIVE : UNFORMED),
        exiting: memory.cell(`${name}#${i + 1}.exiting`),
        count: memory.cell(`${name}#${i + 1}.count`),
        mark: memory.cell(`${name}#${i + 1}.mark`),
      })),
    }
  })
  return { memory, size, modules, interrupted }
}

/** The cells of one kind in all images of a module: what a step touches that goes through a pointer. */
export const every = (module: ModuleCells, cell: keyof Image): Cell[] => module.images.map(image => image[cell])

/** The image that a pointer in a register or a table means. */
export const imageAt = (module: ModuleCells, state: State, pointer: Cell): Image => module.images[state[pointer]! - 1]!

export const imageName = (module: ModuleCells, state: State, pointer: Cell): string =>
  `${module.name}#${state[pointer]}`

const CALLS_FREED: Violation = { kind: 'freed', what: 'calls into code that is gone' }
const RUNS_FREED: Violation = { kind: 'freed', what: 'runs code that is gone' }
const READS_FREED: Violation = { kind: 'freed', what: "reads a module's memory after it was freed" }

/** A step and what it does once the code or memory behind the pointer is known to be there. */
type Effect = Pick<Step, 'text' | 'point'> & Partial<Step>

function through(module: ModuleCells, pointer: Cell, broken: Violation, step: Effect): Step {
  const { run } = step
  return {
    ...step,
    reads: [pointer, ...every(module, 'text'), ...(step.reads ?? [])],
    writes: step.writes ?? [],
    run: (state, choice) => (state[imageAt(module, state, pointer).text] === PRESENT ? run?.(state, choice) : broken),
  }
}

/** The CPU jumps into the module. */
export const jump = (module: ModuleCells, pointer: Cell, step: Effect) => through(module, pointer, CALLS_FREED, step)

/** The CPU is inside the module and runs one more of its instructions. */
export const inside = (module: ModuleCells, pointer: Cell, step: Effect) => through(module, pointer, RUNS_FREED, step)

/** The CPU is outside and reads or writes what lies in the module's memory, such as its count. */
export const touch = (module: ModuleCells, pointer: Cell, step: Effect) => through(module, pointer, READS_FREED, step)

/** Frees the image at once: what the unloading CPU does last under the schemes that free by themselves. */
export function free(state: State, image: Image): Violation | undefined {
  if (state[image.text] === FREED) return { kind: 'twice', what: 'frees what was freed before' }
  state[image.text] = FREED
  return undefined
}

/** How many old images of a module are in memory at the end. */
type Kept = (module: ModuleCells, state: State) => number

export const NONE_KEPT: Kept = () => 0
export const KEPT_AS_COUNTED: Kept = (module, state) => state[module.kept]!

/** At the end every module is somewhere, and what the kernel's tables point to is there. */
export function nothingLost(world: World, expected: Kept): (state: State) => Violation | undefined {
  return state => {
    for (const module of world.modules) {
      for (const pointer of [module.list, module.table, module.vector]) {
        const at = state[pointer]!
        if (at !== 0 && state[module.images[at - 1]!.text] !== PRESENT)
          return { kind: 'lost', what: `a table still points to ${module.name}, which is not in memory` }
      }
      let kept = 0
      for (const [i, image] of module.images.entries()) {
        if (state[image.text] !== PRESENT) continue
        if (state[image.state] === GONE) kept++
        else if (state[module.list] !== i + 1)
          return { kind: 'lost', what: `${module.name} is in memory and on no list` }
      }
      if (kept !== expected(module, state))
        return { kind: 'lost', what: `${kept} old images of ${module.name} are in memory, not what the kernel counts` }
    }
    return undefined
  }
}

/** No count of any image is below zero. */
const countsHold = (world: World) => {
  const cells = world.modules.flatMap(module => every(module, 'count'))
  return {
    name: 'a count is below zero',
    kind: 'negative' as const,
    cells,
    holds: (state: State) => cells.every(cell => state[cell]! >= 0),
  }
}

/** Puts the CPUs, their programs and the interrupt together. */
export function assemble(
  world: World,
  scheme: Pick<Model, 'name' | 'summary' | 'expects'> & Partial<Pick<Model, 'atEnd'>>,
  programs: {
    /** One call, by CPU `cpu`, of one module. */
    readonly call: (cpu: number, module: ModuleCells) => Fragment
    /** One round of the unloading CPU. */
    readonly unload: readonly Fragment[]
    readonly interrupt: readonly Fragment[]
    /** Actors beyond these, such as the collector. */
    readonly others?: readonly { name: string; program: readonly Fragment[] }[]
  },
): Model {
  const { size, memory, modules, interrupted } = world
  const callers = size.cpus - 1
  const columns = [
    ...Array.from({ length: callers }, (_, cpu) => `CPU ${cpu}: calls`),
    `CPU ${callers}: unloads`,
    ...(programs.others ?? []).map(({ name }) => name),
  ]
  const actors: Actor[] = []
  for (let cpu = 0; cpu < callers; cpu++) {
    const calls = Array.from({ length: size.rounds }, () =>
      modules.map((_, m) => programs.call(cpu, modules[(m + cpu) % modules.length]!)),
    ).flat()
    actors.push({ name: `CPU ${cpu}`, column: cpu, program: calls, ...(cpu === 0 ? { suspendedBy: interrupted } : {}) })
  }
  actors.push({ name: `CPU ${callers}`, column: callers, program: programs.unload })
  actors.push({ name: 'interrupt', column: 0, program: programs.interrupt })
  for (const [i, { name, program }] of (programs.others ?? []).entries())
    actors.push({ name, column: callers + 1 + i, program })
  return {
    ...scheme,
    id: `${scheme.name}.${size.cpus}.${size.modules}.${size.rounds}`,
    columns,
    cells: memory.names,
    initial: memory.initial,
    actors,
    invariants: [countsHold(world)],
  }
}
