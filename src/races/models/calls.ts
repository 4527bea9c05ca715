import { type Cell, END, type Fragment, type State, type Step, type Violation } from '../model.ts'
import {
  COMING,
  every,
  imageAt,
  imageName,
  inside,
  jump,
  LIVE,
  type ModuleCells,
  PRESENT,
  touch,
  type World,
} from './parts.ts'

/** Loads the subsystem's pointer into the CPU's register. */
function lookUp(module: ModuleCells, f: Cell): Step {
  return {
    point: 'look up',
    text: state => `f = table[${module.name}]   (${state[module.table] === 0 ? 'none' : `#${state[module.table]}`})`,
    reads: [module.table],
    writes: [f],
    goes: [END],
    run: state => {
      state[f] = state[module.table]!
      return state[f] === 0 ? END : undefined
    },
  }
}

/** The user leaves the file open for good; it stands last in its fragment, and nobody comes by it but by its label. */
const keepsOpen: Step = {
  label: 'keeps it open',
  point: 'keeps it open',
  text: 'keeps the file open',
  reads: [],
  writes: [],
  when: () => false,
  forever: true,
  run: () => undefined,
}

const openReturns = {
  point: 'open returns',
  text: 'open() returns',
  choices: ['open() returns', 'open() returns; the file is never closed'],
  goes: ['keeps it open'],
  run: (_: State, choice: number) => (choice === 1 ? 'keeps it open' : undefined),
} as const

/** The last instruction inside the module; the register is forgotten. */
function releaseReturns(module: ModuleCells, f: Cell): Step {
  return inside(module, f, {
    point: 'release returns',
    text: 'release() returns',
    writes: [f],
    goes: [END],
    run: state => {
      state[f] = 0
      return END
    },
  })
}

const jumpTo = (module: ModuleCells, f: Cell, operation: 'open' | 'release'): Step =>
  jump(module, f, {
    point: `jump to ${operation}`,
    text: state => `jump to ${operation}() of ${imageName(module, state, f)}`,
  })

/** Linux 2.4: the module's own code raises and lowers its count, so the CPU is inside before and after. */
export function countingInside(module: ModuleCells, f: Cell): Fragment {
  const count = (by: 1 | -1) =>
    inside(module, f, {
      point: by === 1 ? 'count up' : 'count down',
      text: by === 1 ? 'open(): MOD_INC_USE_COUNT' : 'release(): MOD_DEC_USE_COUNT',
      writes: every(module, 'count'),
      run: state => {
        state[imageAt(module, state, f).count]! += by
        return undefined
      },
    })
  return [
    lookUp(module, f),
    jumpTo(module, f, 'open'),
    count(1),
    inside(module, f, openReturns),
    jumpTo(module, f, 'release'),
    count(-1),
    releaseReturns(module, f),
    keepsOpen,
  ]
}

/** Linux 2.5: the subsystem gets a reference before it calls and puts it back after; it looks up under its lock. */
export function countingOutside(module: ModuleCells, f: Cell): Fragment {
  const early: Violation = { kind: 'early', what: 'a call enters a module whose init has not finished' }
  const late: Violation = { kind: 'late', what: 'a call enters a module whose exit has begun' }
  const promised = (step: Step): Step => ({
    ...step,
    reads: [...step.reads, ...every(module, 'state'), ...every(module, 'exiting')],
    run: (state, choice) => {
      const image = imageAt(module, state, f)
      if (state[image.text] === PRESENT && state[image.state] === COMING) return early
      if (state[image.text] === PRESENT && state[image.exiting] !== 0) return late
      return step.run(state, choice)
    },
  })
  return [
    {
      point: 'lock',
      text: `lock the table of ${module.name}`,
      reads: [],
      writes: [module.lock],
      when: state => state[module.lock] === 0,
      run: state => {
        state[module.lock] = 1
        return undefined
      },
    },
    {
      ...lookUp(module, f),
      goes: ['none'],
      run: state => ((state[f] = state[module.table]!) === 0 ? 'none' : undefined),
    },
    touch(module, f, {
      point: 'try_module_get',
      text: state => {
        const live = state[imageAt(module, state, f).state] === LIVE
        return `try_module_get(${imageName(module, state, f)})   ${live ? 'counted' : 'refused'}`
      },
      reads: every(module, 'state'),
      writes: [f, ...every(module, 'count')],
      run: state => {
        const image = imageAt(module, state, f)
        if (state[image.state] === LIVE) state[image.count]!++
        else state[f] = 0
        return undefined
      },
    }),
    {
      label: 'none',
      point: 'unlock',
      text: 'unlock',
      reads: [f],
      writes: [module.lock],
      goes: [END],
      run: state => {
        state[module.lock] = 0
        return state[f] === 0 ? END : undefined
      },
    },
    promised(jumpTo(module, f, 'open')),
    inside(module, f, openReturns),
    promised(jumpTo(module, f, 'release')),
    inside(module, f, { point: 'release returns', text: 'release() returns' }),
    touch(module, f, {
      point: 'module_put',
      text: state => `module_put(${imageName(module, state, f)})`,
      writes: [f, ...every(module, 'count')],
      goes: [END],
      run: state => {
        state[imageAt(module, state, f).count]!--
        state[f] = 0
        return END
      },
    }),
    keepsOpen,
  ]
}

/** Nobody counts: load the pointer, jump. So the 2003 patch, so a JavaScript host, and so networking all along. */
export function uncounted(module: ModuleCells, f: Cell): Fragment {
  return [
    lookUp(module, f),
    jumpTo(module, f, 'open'),
    inside(module, f, openReturns),
    jumpTo(module, f, 'release'),
    releaseReturns(module, f),
    keepsOpen,
  ]
}

/**
 * An interrupt on CPU 0, whose own program stands still meanwhile: it calls the module's handler, uncounted in every
 * scheme, as handlers may not sleep. Unloading that frees waits for it with a grace period.
 */
export function interrupt(world: World, module: ModuleCells, h: Cell): Fragment {
  const { interrupted } = world
  return [
    {
      point: 'interrupt',
      text: `interrupt: looks for a handler`,
      reads: [module.vector],
      writes: [interrupted, h],
      goes: ['no handler'],
      run: state => {
        state[interrupted] = 1
        state[h] = state[module.vector]!
        return state[h] === 0 ? 'no handler' : undefined
      },
    },
    jump(module, h, { point: 'jump to handler', text: state => `jump to handler of ${imageName(module, state, h)}` }),
    inside(module, h, {
      point: 'handler returns',
      text: 'handler returns',
      writes: [h],
      run: state => {
        state[h] = 0
        return undefined
      },
    }),
    {
      label: 'no handler',
      point: 'return from interrupt',
      text: 'return from interrupt',
      reads: [],
      writes: [interrupted],
      run: state => {
        state[interrupted] = 0
        return undefined
      },
    },
  ]
}
