import { type Cell, END, type Fragment, type Model, type State } from '../model.ts'
import { countingInside, countingOutside, interrupt, uncounted } from './calls.ts'
import { collection } from './collector.ts'
import { type Ending, insmod, reclaim, rmmodAtOnce, rmmodCounted } from './loads.ts'
import {
  assemble,
  createWorld,
  every,
  GONE,
  imageName,
  KEPT_AS_COUNTED,
  type ModuleCells,
  NONE_KEPT,
  nothingLost,
  PRESENT,
  type Size,
  touch,
  type World,
} from './parts.ts'

/** The registers of a model: one for each CPU and module, so that a pointer says by its place which module it is of. */
interface Registers {
  of(owner: string, module: ModuleCells): Cell
  /** Of every caller, in the order of the actors. */
  callers(module: ModuleCells): Cell[]
  all(): Map<ModuleCells, Cell[]>
}

function registersOf(world: World): Registers {
  const cells = new Map<string, Cell>()
  const owners = new Map<ModuleCells, Cell[]>()
  const of = (owner: string, module: ModuleCells): Cell => {
    const name = `${owner}.${module.name}`
    const known = cells.get(name)
    if (known !== undefined) return known
    const cell = world.memory.cell(name)
    cells.set(name, cell)
    owners.set(module, [...(owners.get(module) ?? []), cell])
    return cell
  }
  return {
    of,
    callers: module => Array.from({ length: world.size.cpus - 1 }, (_, cpu) => of(`CPU ${cpu}`, module)),
    all: () => owners,
  }
}

/** One fragment a round and module. */
function eachRound(world: World, round: (module: ModuleCells, round: number) => Fragment[]): Fragment[] {
  return Array.from({ length: world.size.rounds }, (_, r) => world.modules.flatMap(module => round(module, r))).flat()
}

const interrupts = (world: World, registers: Registers): Fragment[] =>
  eachRound(world, module => [interrupt(world, module, registers.of('interrupt', module))])

/** Linux 2.4: the module counts its own users, from its own code. */
export function insideModel(size: Size): Model {
  const world = createWorld(size)
  const registers = registersOf(world)
  const ending: Ending = { grace: true, frees: true, locks: false }
  return assemble(
    world,
    {
      name: 'inside',
      summary: 'Linux 2.4: the module raises its count from its own code',
      expects: 'race',
      atEnd: nothingLost(world, NONE_KEPT),
    },
    {
      call: (cpu, module) => countingInside(module, registers.of(`CPU ${cpu}`, module)),
      unload: eachRound(world, (module, round) => {
        const f = registers.of('rmmod', module)
        return [rmmodCounted(world, module, f, ending), insmod(world, module, f, round + 2, ending)]
      }),
      interrupt: interrupts(world, registers),
    },
  )
}

/** @param callOf how the subsystem on each CPU calls */
function counted(
  size: Size,
  callOf: (cpu: number) => typeof countingOutside,
  about: Pick<Model, 'name' | 'summary' | 'expects'>,
): Model {
  const world = createWorld(size)
  const registers = registersOf(world)
  const ending: Ending = { grace: true, frees: true, locks: true }
  return assemble(
    world,
    { ...about, atEnd: nothingLost(world, NONE_KEPT) },
    {
      call: (cpu, module) => callOf(cpu)(module, registers.of(`CPU ${cpu}`, module)),
      unload: eachRound(world, (module, round) => {
        const f = registers.of('rmmod', module)
        const waits = registers.callers(module)
        return [rmmodCounted(world, module, f, ending, waits), insmod(world, module, f, round + 2, ending)]
      }),
      interrupt: interrupts(world, registers),
    },
  )
}

/** Linux 2.5: whoever calls in counts first. */
export const outsideModel = (size: Size): Model =>
  counted(size, () => countingOutside, {
    name: 'outside',
    summary: 'Linux 2.5: try_module_get before the call, module_put after it',
    expects: 'none',
  })

/** Linux 2.5 as it was: the subsystem on CPU 0, networking, calls without counting. */
export const outsideIgnoringModel = (size: Size): Model =>
  counted(size, cpu => (cpu === 0 ? uncounted : countingOutside), {
    name: 'outside-ignoring',
    summary: 'Linux 2.5 with a subsystem, networking, that does not count',
    expects: 'race',
  })

/** @param afterwards what is done to a module between its removal and its next insertion */
function retained(
  size: Size,
  afterwards: (module: ModuleCells) => readonly Fragment[],
  about: Pick<Model, 'name' | 'summary' | 'expects'>,
): Model {
  const world = createWorld(size)
  const registers = registersOf(world)
  const ending: Ending = { grace: false, frees: false, locks: false }
  return assemble(
    world,
    { ...about, atEnd: nothingLost(world, KEPT_AS_COUNTED) },
    {
      call: (cpu, module) => uncounted(module, registers.of(`CPU ${cpu}`, module)),
      unload: eachRound(world, (module, round) => {
        const f = registers.of('rmmod', module)
        const unload = rmmodAtOnce(world, module, f, ending)
        const load = insmod(world, module, f, round + 2, ending)
        return [unload, ...afterwards(module), load]
      }),
      interrupt: interrupts(world, registers),
    },
  )
}

/** The patch of 2003: nobody counts, and the memory of a removed module is never freed. */
export const retainModel = (size: Size): Model =>
  retained(size, () => [], {
    name: 'retain',
    summary: 'the 2003 patch: no counts, and the memory is never freed',
    expects: 'none',
  })

/** The same with its special option, used while somebody may be in the old code. */
export const retainReclaimModel = (size: Size): Model =>
  retained(size, module => [reclaim(module)], {
    name: 'retain-reclaim',
    summary: 'the 2003 patch with the option that frees what was left behind',
    expects: 'race',
  })

/** Nobody counts; a collector frees what no CPU and no table can reach. */
export function collectModel(size: Size): Model {
  const world = createWorld(size)
  const registers = registersOf(world)
  const ending: Ending = { grace: false, frees: false, locks: false, marks: true }
  const call = (cpu: number, module: ModuleCells) => uncounted(module, registers.of(`CPU ${cpu}`, module))
  const unload = eachRound(world, (module, round) => {
    const f = registers.of('rmmod', module)
    return [
      rmmodAtOnce(world, module, f, ending),
      derefLingering(module, f),
      insmod(world, module, f, round + 2, ending),
    ]
  })
  const interrupt = interrupts(world, registers)
  // Every register is a root: those of the callers must be there before the collector's program is written.
  for (const module of world.modules) registers.callers(module)
  return assemble(
    world,
    {
      name: 'collect',
      summary: 'Outlive: no counts; freed once nobody can reach it',
      expects: 'none',
      atEnd: nothingLost(world, KEPT_AS_COUNTED),
    },
    {
      call,
      unload,
      interrupt,
      others: [
        {
          name: 'collector',
          program: Array.from({ length: size.rounds }, () => collection(world, registers.all())),
        },
      ],
    },
  )
}

/** The kernel looks at what lingers: it holds it weakly, and has a strong pointer for as long as it looks. */
function derefLingering(module: ModuleCells, f: Cell): Fragment {
  const lingering = (state: State) =>
    1 + module.images.findLastIndex(image => state[image.text] === PRESENT && state[image.state] === GONE)
  return [
    {
      point: 'why: deref',
      text: state => `why ${module.name}: ${lingering(state) === 0 ? 'collected' : `#${lingering(state)} lingers`}`,
      reads: [...every(module, 'text'), ...every(module, 'state')],
      writes: [f],
      goes: [END],
      run: state => {
        state[f] = lingering(state)
        return state[f] === 0 ? END : undefined
      },
    },
    touch(module, f, {
      point: 'why: look',
      text: state => `why: who holds ${imageName(module, state, f)}?`,
      writes: [f],
      run: state => {
        state[f] = 0
        return undefined
      },
    }),
  ]
}
