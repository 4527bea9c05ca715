import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  createModel,
  explore,
  type Fragment,
  Memory,
  type Model,
  type Progress,
  RacesModelError,
  replay,
  type Step,
} from '#dist/races/index.js'

/** A model of its own: programs over a few cells, one CPU each. */
function modelOf(memory: Memory, programs: Fragment[], rest: Partial<Model> = {}): Model {
  return {
    name: 'own',
    id: 'own',
    summary: '',
    expects: 'none',
    columns: programs.map((_, i) => `CPU ${i}`),
    cells: memory.names,
    initial: memory.initial,
    actors: programs.map((program, i) => ({ name: `CPU ${i}`, column: i, program: [program] })),
    invariants: [],
    ...rest,
  }
}

const step = (point: string, rest: Partial<Step>): Step => ({
  point,
  text: point,
  reads: [],
  writes: [],
  run: () => undefined,
  ...rest,
})

/** Counts up for ever. */
function endless(by = 1): Model {
  const memory = new Memory()
  const count = memory.cell('count')
  const up = step('up', {
    label: 'again',
    writes: [count],
    goes: ['again'],
    run: state => {
      state[count]! += by
      return 'again'
    },
  })
  return modelOf(memory, [[up], [up]])
}

describe('a limit ends the exploration and says how far it came', () => {
  const large = createModel('collect', { cpus: 4, modules: 2, rounds: 3 })

  it('of states', () => {
    const { verdict, limit, message, states } = explore(large, { maxStates: 5000 })
    assert.deepEqual({ verdict, limit }, { verdict: 'unfinished', limit: 'states' })
    assert.match(
      message!,
      /^stopped at the limit of 5000 states; \d+ states and schedules of up to \d+ steps were tried; no schedule of at most \d steps has a race$/,
    )
    assert.ok(states >= 5000 && states < 7000, `${states} states`)
  })

  it('of states, but a race that is near the start is found all the same', () => {
    const { verdict, limit, races } = explore(createModel('inside', { cpus: 8, modules: 4, rounds: 2 }), {
      maxStates: 100_000,
    })
    assert.deepEqual({ verdict, limit }, { verdict: 'race', limit: 'states' })
    assert.equal(races[0]!.schedule.length, 7)
  })

  it('of time', () => {
    const started = performance.now()
    const { verdict, limit, message } = explore(large, { timeLimit: 200 })
    assert.deepEqual({ verdict, limit }, { verdict: 'unfinished', limit: 'time' })
    assert.match(message!, /^stopped at the limit of 0\.2 seconds; \d+ states/)
    assert.ok(performance.now() - started < 60_000)
  })

  it('of depth, and what is within it was tried in full', () => {
    const within = explore(createModel('outside'), { maxDepth: 10 })
    assert.equal(within.verdict, 'unfinished')
    assert.equal(within.limit, 'depth')
    assert.match(within.message!, /longer than the limit of 10 steps; .*; no schedule of at most 10 steps has a race$/)
    assert.equal(explore(createModel('inside'), { maxDepth: 6 }).verdict, 'unfinished')
    const found = explore(createModel('inside'), { maxDepth: 7 })
    assert.deepEqual(
      found.races.map(({ point, schedule }) => [point, schedule.length]),
      [['jump to open', 7]],
    )
  })

  it('of depth, for a model that never ends', () => {
    const { verdict, message } = explore(endless(), { maxStates: 100_000 })
    assert.equal(verdict, 'unfinished')
    assert.match(message!, /schedules are longer than the limit of 10000 steps/)
  })

  it('and a count that grows beyond its cell is an error, not a wrong answer', () => {
    assert.throws(() => explore(endless(100)), { name: 'RacesModelError', message: /count .*16 bits/ })
  })

  it('keeps the races that were found before', () => {
    const { verdict, limit, races } = explore(createModel('inside', { cpus: 4, rounds: 2 }), {
      maxStates: 3000,
    })
    assert.equal(verdict, 'race')
    assert.equal(limit, 'states')
    assert.ok(races.length > 0)
    for (const { seed, what } of races)
      assert.equal(replay(createModel('inside', { cpus: 4, rounds: 2 }), seed).violation?.what, what)
  })

  it('and progress is told meanwhile', () => {
    const told: Progress[] = []
    explore(large, { timeLimit: 1000, onProgress: progress => told.push(progress) })
    assert.ok(told.length >= 2, `told ${told.length} times`)
    assert.ok(told[0]!.states > 0 && told[0]!.depth > 0 && told[0]!.ms > 0)
  })

  it('that is none is refused', () => {
    for (const options of [{ maxStates: 0 }, { maxDepth: Number.NaN }, { timeLimit: -1 }])
      assert.throws(() => explore(large, options), { name: 'RangeError', message: /expected a number of at least 1/ })
  })
})

describe('a mistake in a model is said', () => {
  const memory = new Memory()
  const cell = memory.cell('the cell')
  const refused = (fragment: Fragment, message: RegExp) =>
    assert.throws(
      () => explore(modelOf(memory, [fragment])),
      error => error instanceof RacesModelError && message.test(error.message),
    )

  it('when a step touches a cell that it does not name', () => {
    refused([step('sly', { run: state => void state[cell] as undefined })], /step 'sly' reads the cell and does not/)
    refused(
      [step('sly', { reads: [cell], run: state => void (state[cell] = 1) as undefined })],
      /step 'sly' writes the cell and does not say so/,
    )
    refused([step('sly', { when: state => state[cell] === 0 })], /step 'sly' reads the cell/)
    refused([step('sly', { run: state => void state.slice() as undefined })], /step 'sly' uses state.slice/)
  })

  it('when a label is missing, there twice, or not announced', () => {
    refused([step('jump', { goes: ['nowhere'] })], /step 'jump' goes to nowhere, a label that is not there/)
    refused([step('a', { label: 'x' }), step('b', { label: 'x' })], /the label x is there twice/)
    refused([step('jump', { run: () => 'end' })], /step 'jump' went to end unannounced/)
  })

  it('when it is too large to table', () => {
    const many = Array.from({ length: 4001 }, (_, i) => step(`${i}`, {}))
    refused(many, /more than 4000 steps/)
    refused([step('choose', { choices: Array.from({ length: 63 }, String) })], /63 different moves/)
    assert.throws(() => createModel('inside', { rounds: 1_000_000 }), { name: 'RangeError', message: /rounds/ })
    assert.throws(() => createModel('inside', { cpus: 1 }), { name: 'RangeError', message: /cpus/ })
  })
})

describe('progress', () => {
  it('is missing when two CPUs wait for each other', () => {
    const memory = new Memory()
    const [a, b] = [memory.cell('lock a'), memory.cell('lock b')]
    const take = (lock: number, name: string) =>
      step(`lock ${name}`, {
        writes: [lock],
        when: state => state[lock] === 0,
        run: state => void (state[lock] = 1) as undefined,
      })
    const drop = step('unlock both', { writes: [a, b], run: state => void (state[a] = state[b] = 0) as undefined })
    const model = modelOf(memory, [
      [take(a, 'a'), take(b, 'b'), drop],
      [take(b, 'b'), take(a, 'a'), drop],
    ])
    const { races } = explore(model)
    assert.deepEqual(
      races.map(({ kind, what, schedule }) => [kind, what, schedule.length]),
      [['stuck', "CPU 0 waits for ever at 'lock b'", 2]],
    )
    assert.equal(replay(model, races[0]!.seed).violation?.kind, 'stuck')
  })

  it('is missing when somebody goes round for ever, although it moves', () => {
    const memory = new Memory()
    const flag = memory.cell('flag')
    const spin = step('spin', {
      label: 'spin',
      reads: [flag],
      goes: ['spin'],
      run: state => (state[flag] === 0 ? 'spin' : undefined),
    })
    const choose = step('raise or not', {
      choices: ['raise', 'not'],
      writes: [flag],
      run: (state, choice) => void (state[flag] = 1 - choice) as undefined,
    })
    const model = modelOf(memory, [[spin], [choose]])
    const { races } = explore(model)
    assert.deepEqual(
      races.map(({ kind, schedule }) => [kind, schedule.length]),
      [['stuck', 1]],
    )
    assert.match(races[0]!.what, /goes round for ever/)
    assert.equal(replay(model, races[0]!.seed).violation?.what, races[0]!.what)
  })

  it('is not missing when a loop can always be left', () => {
    const memory = new Memory()
    const flag = memory.cell('flag')
    const spin = step('spin', {
      label: 'spin',
      reads: [flag],
      goes: ['spin'],
      run: state => (state[flag] === 0 ? 'spin' : undefined),
    })
    const raise = step('raise', { writes: [flag], run: state => void (state[flag] = 1) as undefined })
    assert.equal(explore(modelOf(memory, [[spin], [raise]])).verdict, 'none')
  })

  it('of one who waits for somebody asleep for good is not asked for', () => {
    const memory = new Memory()
    const held = memory.cell('held', 1)
    const sleep = step('sleep', { when: () => false, forever: true })
    const wait = (holders: readonly number[]) =>
      step('wait', { reads: [held], when: state => state[held] === 0, holders: () => holders })
    assert.equal(explore(modelOf(memory, [[sleep], [wait([0])]])).verdict, 'none')
    assert.equal(explore(modelOf(memory, [[sleep], [wait([])]])).verdict, 'race')
  })
})
