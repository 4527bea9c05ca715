import { type Cell, END, type Fragment, type State, type Step } from '../model.ts'
import {
  COMING,
  every,
  free,
  GOING,
  GONE,
  type Image,
  imageAt,
  imageName,
  inside,
  LIVE,
  type ModuleCells,
  PRESENT,
  type World,
} from './parts.ts'

/** What a scheme does where the unloading CPU has taken a module out of every table. */
export interface Ending {
  /** Waits for interrupts that may be in the handler before the memory goes. */
  readonly grace: boolean
  /** Frees the memory at once; otherwise it is kept, and the kernel counts it. */
  readonly frees: boolean
  /** Withdraws and registers under the subsystem's lock, as those must who look up and count in two steps. */
  readonly locks: boolean
  /** Whoever stores a pointer in a table marks its image for the collector (a write barrier). */
  readonly marks?: boolean
}

const set = (state: State, cell: Cell, value: number): undefined => {
  state[cell] = value
  return undefined
}

/** Stores a pointer in a table, in one step even where it takes the lock: nobody sees the middle of it. */
function store(module: ModuleCells, ending: Ending, step: Pick<Step, 'text' | 'point'>, f: Cell, value: 0 | 'f'): Step {
  const { lock, table } = module
  const code = inside(module, f, {
    ...step,
    writes: [table, ...every(module, 'mark')],
    run: state => {
      state[table] = value === 0 ? 0 : state[f]!
      if (ending.marks && value === 'f') state[imageAt(module, state, f).mark] = 1
      return undefined
    },
  })
  return ending.locks ? { ...code, reads: [...code.reads, lock], when: state => state[lock] === 0 } : code
}

/** From "nobody can find it any more" to its end. `f` points to the image and is forgotten last. */
function takeOut(world: World, module: ModuleCells, f: Cell, ending: Ending, why: 'exit' | 'init fails'): Step[] {
  const { interrupted } = world
  const steps: Step[] = [
    store(module, ending, { point: `${why}: unregister`, text: `${why}: table[${module.name}] = none` }, f, 0),
    inside(module, f, {
      point: `${why}: free_irq`,
      text: `${why}: free_irq()`,
      writes: [module.vector],
      run: state => set(state, module.vector, 0),
    }),
  ]
  if (ending.grace)
    steps.push({
      point: `${why}: grace period`,
      text: 'wait: no interrupt on CPU 0',
      reads: [interrupted],
      writes: [],
      when: state => state[interrupted] === 0,
      run: () => undefined,
    })
  const off = (state: State, image: Image) => {
    state[image.state] = GONE
    state[module.list] = 0
    state[f] = 0
  }
  const gone = [...every(module, 'state'), module.list, f]
  steps.push(
    ending.frees
      ? {
          point: `${why}: free`,
          text: state => `free the memory of ${imageName(module, state, f)}`,
          reads: [],
          writes: [...gone, ...every(module, 'text')],
          goes: [END],
          run: state => {
            const image = imageAt(module, state, f)
            off(state, image)
            return free(state, image) ?? END
          },
        }
      : {
          point: `${why}: off the list`,
          text: state => `${imageName(module, state, f)} off the list; its memory stays`,
          reads: [],
          writes: [...gone, module.kept],
          goes: [END],
          run: state => {
            off(state, imageAt(module, state, f))
            state[module.kept]!++
            return END
          },
        },
  )
  return steps
}

/** rmmod of 2.4 and 2.5: goes ahead only when the count is 0, which is one step with becoming GOING. */
export function rmmodCounted(
  world: World,
  module: ModuleCells,
  f: Cell,
  ending: Ending,
  waits?: readonly Cell[],
): Fragment {
  const counts = every(module, 'count')
  const decide: Step = {
    point: 'rmmod: count',
    text: state => {
      if (state[module.list] === 0) return `rmmod ${module.name}: not loaded`
      const count = state[imageAt(module, state, module.list).count]!
      return `rmmod ${module.name}: the count is ${count}${count === 0 ? ', so GOING' : ': refused'}`
    },
    reads: [module.list, ...counts],
    writes: [f, ...every(module, 'state'), ...every(module, 'exiting')],
    goes: [END, 'exit'],
    run: state => {
      if (state[module.list] === 0) return END
      const image = imageAt(module, state, module.list)
      if (state[image.count] !== 0) return END
      state[image.state] = GOING
      state[image.exiting] = 1
      state[f] = state[module.list]!
      return 'exit'
    },
  }
  const [unregister, ...rest] = takeOut(world, module, f, ending, 'exit')
  const exit = [{ ...unregister!, label: 'exit' }, ...rest]
  if (waits === undefined) return [decide, ...exit]
  const choose: Step = {
    point: 'rmmod',
    text: 'rmmod',
    choices: [`$ rmmod ${module.name}`, `$ rmmod --wait ${module.name}`],
    reads: [],
    writes: [],
    goes: ['--wait'],
    run: (_, choice) => (choice === 1 ? '--wait' : undefined),
  }
  return [choose, decide, ...waitForZero(module, f, waits), ...exit]
}

/** `rmmod --wait`: GOING first, so that no new reference can be had, then wait for the old ones to come back. */
function waitForZero(module: ModuleCells, f: Cell, registers: readonly Cell[]): Step[] {
  const counts = every(module, 'count')
  return [
    {
      label: '--wait',
      point: 'rmmod --wait: going',
      text: state => `rmmod: ${state[module.list] === 0 ? 'not loaded' : 'GOING, whatever the count'}`,
      reads: [module.list],
      writes: [f, ...every(module, 'state')],
      goes: [END],
      run: state => {
        if (state[module.list] === 0) return END
        state[imageAt(module, state, module.list).state] = GOING
        return set(state, f, state[module.list]!)
      },
    },
    {
      point: 'rmmod --wait: count',
      text: 'wait: the count is 0',
      reads: [f, ...counts, ...registers],
      writes: every(module, 'exiting'),
      when: state => state[imageAt(module, state, f).count] === 0,
      // The callers are the first actors, each with one register; whoever points to the image may hold a reference.
      holders: state => registers.flatMap((register, actor) => (state[register] === state[f] ? [actor] : [])),
      goes: ['exit'],
      run: state => {
        state[imageAt(module, state, f).exiting] = 1
        return 'exit'
      },
    },
  ]
}

/** rmmod of the 2003 patch: asks nobody. */
export function rmmodAtOnce(world: World, module: ModuleCells, f: Cell, ending: Ending): Fragment {
  return [
    {
      point: 'rmmod',
      text: state => `rmmod ${module.name}: ${state[module.list] === 0 ? 'not loaded' : 'GOING'}`,
      reads: [module.list],
      writes: [f, ...every(module, 'state'), ...every(module, 'exiting')],
      goes: [END],
      run: state => {
        if (state[module.list] === 0) return END
        const image = imageAt(module, state, module.list)
        state[image.state] = GOING
        state[image.exiting] = 1
        return set(state, f, state[module.list]!)
      },
    },
    ...takeOut(world, module, f, ending, 'exit'),
  ]
}

/** insmod of image number `number`; its init registers as the last thing it does, and may fail after that. */
export function insmod(world: World, module: ModuleCells, f: Cell, number: number, ending: Ending): Fragment {
  const image = module.images[number - 1]!
  return [
    {
      point: 'insmod',
      text: state =>
        `insmod ${module.name}${state[module.list] === 0 ? `: ${module.name}#${number} COMING` : ': File exists'}`,
      reads: [],
      writes: [module.list, f, image.text, image.state, image.mark],
      goes: [END],
      run: state => {
        if (state[module.list] !== 0) return END
        state[image.text] = PRESENT
        state[image.state] = COMING
        state[module.list] = number
        if (ending.marks) state[image.mark] = 1
        return set(state, f, number)
      },
    },
    inside(module, f, {
      point: 'init: request_irq',
      text: 'init: request_irq()',
      writes: [module.vector, image.mark],
      run: state => {
        if (ending.marks) state[image.mark] = 1
        return set(state, module.vector, number)
      },
    }),
    store(module, ending, { point: 'init: register', text: `init: table[${module.name}] = #${number}` }, f, 'f'),
    inside(module, f, {
      point: 'init returns',
      text: 'init returns',
      choices: [`init returns 0: ${module.name}#${number} LIVE`, 'init returns -ENODEV'],
      writes: [image.state, f],
      goes: [END, 'fails'],
      run: (state, choice) => {
        if (choice === 1) return 'fails'
        state[image.state] = LIVE
        state[f] = 0
        return END
      },
    }),
    ...label('fails', takeOut(world, module, f, ending, 'init fails')),
  ]
}

const label = (name: string, [first, ...rest]: Step[]): Step[] => [{ ...first!, label: name }, ...rest]

/** The special option: frees what earlier unloading left behind, whoever may still be in it. */
export function reclaim(module: ModuleCells): Fragment {
  return [
    {
      point: 'reclaim',
      text: 'reclaim',
      choices: [`rmmod --reclaim: free what ${module.name} left behind`, 'nobody asks for --reclaim'],
      reads: every(module, 'state'),
      writes: [module.kept, ...every(module, 'text')],
      run: (state, choice) => {
        if (choice === 1) return undefined
        for (const image of module.images) {
          if (state[image.text] !== PRESENT || state[image.state] !== GONE) continue
          const twice = free(state, image)
          if (twice !== undefined) return twice
          state[module.kept]!--
        }
        return undefined
      },
    },
  ]
}
