import type { Cell, Fragment, State } from '../model.ts'
import { every, free, imageAt, type ModuleCells, PRESENT, type World } from './parts.ts'

/**
 * One cycle of a tracing collector that marks beside the running program, as V8's does: it clears the marks, goes
 * through the heap (the kernel's tables) while the CPUs run on and a write barrier marks whatever they store there, then
 * stops every CPU, takes their registers and stacks as roots, and frees what was not reached.
 */
export function collection(world: World, registers: ReadonlyMap<ModuleCells, readonly Cell[]>): Fragment {
  const { modules } = world
  const marks = modules.flatMap(module => every(module, 'mark'))
  const texts = modules.flatMap(module => every(module, 'text'))
  const tables = modules.flatMap(module => [module.list, module.table, module.vector])
  const stacks = modules.flatMap(module => registers.get(module) ?? [])
  const markFrom = (state: State, module: ModuleCells, pointers: readonly Cell[]) => {
    for (const pointer of pointers) if (state[pointer] !== 0) state[imageAt(module, state, pointer).mark] = 1
  }
  return [
    {
      point: 'collector: clear marks',
      text: 'clear all marks',
      reads: [],
      writes: marks,
      run: state => {
        for (const mark of marks) state[mark] = 0
        return undefined
      },
    },
    {
      point: 'collector: mark the heap',
      text: 'mark what the tables point to',
      reads: tables,
      writes: marks,
      run: state => {
        for (const module of modules) markFrom(state, module, [module.list, module.table, module.vector])
        return undefined
      },
    },
    {
      point: 'collector: stop, mark the stacks, sweep',
      text: state => `stop; mark the stacks; sweep${swept(world, state, registers)}`,
      reads: stacks,
      writes: [...marks, ...texts, ...modules.map(module => module.kept)],
      run: state => {
        for (const module of modules) {
          markFrom(state, module, registers.get(module) ?? [])
          for (const image of module.images) {
            if (state[image.text] !== PRESENT || state[image.mark] !== 0) continue
            const twice = free(state, image)
            if (twice !== undefined) return twice
            state[module.kept]!--
          }
        }
        for (const mark of marks) state[mark] = 0
        return undefined
      },
    },
  ]
}

function swept(world: World, state: State, registers: ReadonlyMap<ModuleCells, readonly Cell[]>): string {
  const names = world.modules.flatMap(module =>
    module.images.flatMap((image, i) => {
      const held = (registers.get(module) ?? []).some(register => state[register] === i + 1)
      return state[image.text] === PRESENT && state[image.mark] === 0 && !held ? [`${module.name}#${i + 1}`] : []
    }),
  )
  return names.length === 0 ? '' : `: ${names.join(' ')}`
}
