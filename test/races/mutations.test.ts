import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  createModel,
  END,
  type Exploration,
  explore,
  type Model,
  type ModelName,
  type Step,
} from '#dist/races/index.js'

/** The model with each of its fragments rewritten. */
function edit(model: Model, rewrite: (steps: readonly Step[]) => readonly Step[]): Model {
  return { ...model, actors: model.actors.map(actor => ({ ...actor, program: actor.program.map(rewrite) })) }
}

const patch = (point: string, change: (step: Step) => Step) => (steps: readonly Step[]) =>
  steps.map(step => (step.point === point ? change(step) : step))

const drop = (point: string) => (steps: readonly Step[]) => steps.filter(step => step.point !== point)

/** Puts the step at `point` right behind the one at `after`. */
const move = (point: string, after: string) => (steps: readonly Step[]) => {
  const moved = steps.find(step => step.point === point)
  if (moved === undefined) return steps
  return steps.filter(step => step !== moved).flatMap(step => (step.point === after ? [step, moved] : [step]))
}

const cell = (model: Model, name: string) => {
  const index = model.cells.indexOf(name)
  assert.ok(index >= 0, name)
  return index
}

/** The caller's register among the cells that the step writes. */
const register = (model: Model, step: Step) => step.writes.find(at => model.cells[at]!.startsWith('CPU 0.'))!

const found = ({ races }: Exploration) => new Set(races.map(({ kind, point }) => `${kind} ${point}`))

/** Mistakes that one could make in a scheme that is right, and a race that each must show. */
const MISTAKES: { model: ModelName; mistake: string; make: (model: Model) => Model; shows: string }[] = [
  {
    model: 'outside',
    mistake: 'get the reference after the call',
    make: model =>
      edit(model, steps =>
        move(
          'try_module_get',
          'jump to open',
        )(
          patch('try_module_get', step => ({
            ...step,
            goes: [END],
            run: state => {
              const outcome = step.run(state, 0)
              return outcome === undefined && state[register(model, step)] === 0 ? END : outcome
            },
          }))(steps),
        ),
      ),
    shows: 'freed jump to open',
  },
  {
    model: 'outside',
    mistake: 'put the reference back before release is called',
    make: model =>
      edit(model, steps =>
        move(
          'module_put',
          'open returns',
        )(
          patch('module_put', step => ({
            ...step,
            // The register keeps the pointer, as it does in a driver that puts too early.
            run: state => {
              const at = register(model, step)
              const f = state[at]!
              step.run(state, 0)
              state[at] = f
              return undefined
            },
          }))(steps),
        ),
      ),
    shows: 'late jump to release',
  },
  {
    model: 'outside',
    mistake: 'look up without the lock',
    make: model =>
      edit(
        model,
        patch('lock', step => ({ ...step, when: () => true, run: () => undefined })),
      ),
    shows: 'freed try_module_get',
  },
  {
    model: 'outside',
    mistake: 'count in a module that is not LIVE',
    make: model =>
      edit(
        model,
        patch('try_module_get', step => ({
          ...step,
          writes: [...step.writes, ...step.reads],
          run: state => {
            const states = step.reads.filter(at => model.cells[at]!.endsWith('.state'))
            const before = states.map(at => state[at]!)
            for (const at of states) state[at] = 2
            const outcome = step.run(state, 0)
            states.forEach((at, i) => {
              state[at] = before[i]!
            })
            return outcome
          },
        })),
      ),
    shows: 'early jump to open',
  },
  {
    model: 'outside',
    mistake: 'rmmod --wait does not stop new references first',
    make: model =>
      edit(
        model,
        patch('rmmod --wait: going', step => ({
          ...step,
          run: state => {
            const outcome = step.run(state, 0)
            if (outcome === undefined) state[cell(model, 'hello#1.state')] = 2
            return outcome
          },
        })),
      ),
    shows: 'late jump to open',
  },
  {
    model: 'outside',
    mistake: 'free without waiting for the interrupt',
    make: model => edit(model, drop('exit: grace period')),
    shows: 'freed jump to handler',
  },
  {
    model: 'outside',
    mistake: 'wait for the interrupt before its handler is withdrawn',
    make: model => edit(model, move('exit: grace period', 'exit: unregister')),
    shows: 'freed jump to handler',
  },
  {
    model: 'outside',
    mistake: 'never put the reference back',
    make: model =>
      edit(
        model,
        patch('module_put', step => ({ ...step, run: () => END })),
      ),
    shows: "stuck CPU 1 waits for ever at 'rmmod --wait: count'",
  },
  {
    model: 'outside',
    mistake: 'put the reference back twice',
    make: model =>
      edit(
        model,
        patch('module_put', step => ({
          ...step,
          run: state => {
            const counts = step.writes.filter(at => model.cells[at]!.endsWith('.count'))
            const before = counts.map(at => state[at]!)
            const outcome = step.run(state, 0)
            for (const [i, at] of counts.entries()) if (state[at]! < before[i]!) state[at]!--
            return outcome
          },
        })),
      ),
    shows: 'negative module_put',
  },
  {
    model: 'outside',
    mistake: 'forget to unlock when there is no module',
    make: model =>
      edit(
        model,
        patch('unlock', step => ({ ...step, run: state => (state[step.reads[0]!] === 0 ? END : step.run(state, 0)) })),
      ),
    shows: "stuck CPU 1 waits for ever at 'init: register'",
  },
  {
    model: 'outside',
    mistake: 'forget to unregister',
    make: model =>
      edit(
        model,
        patch('exit: unregister', step => ({ ...step, run: () => undefined })),
      ),
    shows: 'freed try_module_get',
  },
  {
    model: 'retain',
    mistake: 'free after all',
    make: model =>
      edit(
        model,
        patch('exit: off the list', step => ({
          ...step,
          writes: [...step.writes, cell(model, 'hello#1.text')],
          run: state => {
            state[cell(model, 'hello#1.text')] = 2
            return step.run(state, 0)
          },
        })),
      ),
    shows: 'freed jump to open',
  },
  {
    model: 'retain',
    mistake: 'forget what was kept',
    make: model =>
      edit(
        model,
        patch('exit: off the list', step => ({
          ...step,
          run: state => {
            const outcome = step.run(state, 0)
            state[cell(model, 'kept[hello]')]!--
            return outcome
          },
        })),
      ),
    shows: 'lost 1 old images of hello are in memory, not what the kernel counts',
  },
  {
    model: 'retain-reclaim',
    mistake: 'free again what was freed',
    make: model =>
      edit(
        model,
        patch('reclaim', step => ({ ...step, choices: ['reclaim'], run: freesTwice(model) })),
      ),
    shows: 'twice reclaim',
  },
  {
    model: 'collect',
    mistake: 'a collector that does not look at the stacks',
    make: model =>
      edit(
        model,
        patch('collector: stop, mark the stacks, sweep', step => ({
          ...step,
          writes: [...step.writes, ...step.reads],
          run: state => {
            const before = step.reads.map(at => state[at]!)
            for (const at of step.reads) state[at] = 0
            const outcome = step.run(state, 0)
            step.reads.forEach((at, i) => {
              state[at] = before[i]!
            })
            return outcome
          },
        })),
      ),
    shows: 'freed jump to open',
  },
  {
    model: 'collect',
    mistake: 'a collector without its write barrier',
    make: model => {
      const mark = cell(model, 'hello#2.mark')
      const unmarked = (step: Step): Step => ({
        ...step,
        run: (state, choice) => {
          const before = state[mark]!
          const outcome = step.run(state, choice)
          state[mark] = before
          return outcome
        },
      })
      return edit(model, steps => steps.map(step => (/^insmod|^init: /.test(step.point) ? unmarked(step) : step)))
    },
    shows: 'lost a table still points to hello, which is not in memory',
  },
]

function freesTwice(model: Model): Step['run'] {
  const text = cell(model, 'hello#1.text')
  return state => {
    if (state[text] === 2) return { kind: 'twice', what: 'frees what was freed before' }
    state[text] = 2
    return state[text] === 2 ? { kind: 'twice', what: 'frees what was freed before' } : undefined
  }
}

describe('a mistake in a scheme is found', () => {
  for (const { model: name, mistake, make, shows } of MISTAKES) {
    it(`${name}: ${mistake}`, () => {
      const model = createModel(name)
      const broken = make(model)
      const reduced = explore(broken)
      assert.equal(reduced.verdict, 'race')
      assert.ok(found(reduced).has(shows), `${shows} is not among: ${[...found(reduced)].join(', ')}`)
      assert.deepEqual(found(explore(broken, { reduction: false })), found(reduced))
    })
  }
})
