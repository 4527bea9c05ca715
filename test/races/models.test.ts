import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  createModel,
  type Exploration,
  explore,
  MODEL_NAMES,
  type ModelName,
  modelOfSeed,
  replay,
  timeline,
} from '#dist/races/index.js'
import { exploreNaively } from './naive.ts'

const RACY: Partial<Record<ModelName, string[]>> = {
  inside: [
    'freed count down',
    'freed count up',
    'freed jump to open',
    'freed jump to release',
    'freed open returns',
    'freed release returns',
  ],
  'outside-ignoring': ['freed jump to open', 'freed jump to release', 'freed open returns', 'freed release returns'],
  'retain-reclaim': [
    'freed handler returns',
    'freed jump to handler',
    'freed jump to open',
    'freed jump to release',
    'freed open returns',
    'freed release returns',
  ],
}

const keys = ({ races }: Exploration) => races.map(({ kind, point }) => `${kind} ${point}`).sort()

describe('the six models', () => {
  for (const name of MODEL_NAMES) {
    const expected = RACY[name]

    it(`${name} ${expected ? 'has a race' : 'has none'}`, () => {
      const exploration = explore(createModel(name))
      assert.equal(exploration.verdict, expected ? 'race' : 'none')
      assert.equal(exploration.model.expects, exploration.verdict)
      assert.deepEqual(keys(exploration), expected ?? [])
      assert.equal(exploration.limit, undefined)
    })

    it(`${name} runs every step of its programs`, () => {
      assert.deepEqual(explore(createModel(name)).never, [])
    })

    for (const size of [{ cpus: 3 }, { modules: 2 }, { rounds: 2 }])
      it(`${name} is no different with ${JSON.stringify(size)}`, () => {
        const { verdict, limit } = explore(createModel(name, size), { shortest: false })
        assert.deepEqual({ verdict, limit }, { verdict: expected ? 'race' : 'none', limit: undefined })
      })
  }

  it('come to the same number of states every time', () => {
    const count = () => MODEL_NAMES.map(name => explore(createModel(name)).states)
    assert.deepEqual(count(), count())
  })
})

describe('a race', () => {
  for (const name of Object.keys(RACY) as ModelName[]) {
    const { model, races } = explore(createModel(name))

    it(`of ${name} comes with a shortest schedule`, () => {
      const lengths = exploreNaively(model)
      for (const { kind, point, schedule, shortest } of races) {
        assert.ok(shortest)
        assert.equal(schedule.length, lengths.get(`${kind} ${point}`), point)
      }
    })

    it(`of ${name} happens again from its seed alone`, () => {
      for (const { seed, kind, what, schedule } of races) {
        const again = replay(modelOfSeed(seed), seed)
        assert.equal(again.steps.length, schedule.length)
        assert.deepEqual(again.violation, { kind, what })
        assert.deepEqual(again.steps.at(-1)!.violation, { kind, what })
        assert.ok(again.steps.slice(0, -1).every(step => step.violation === undefined))
      }
    })
  }

  it('is told as a timeline with a column for each CPU', () => {
    const { model, races } = explore(createModel('inside'))
    assert.equal(
      timeline(model, races[0]!.seed),
      [
        '     CPU 0: calls                CPU 1: unloads',
        '     -------------------------   -------------------------------------',
        '  1  f = table[hello]   (#1)',
        '  2                              rmmod hello: the count is 0, so GOING',
        '  3                              exit: table[hello] = none',
        '  4                              exit: free_irq()',
        '  5                              wait: no interrupt on CPU 0',
        '  6                              free the memory of hello#1',
        '  7  jump to open() of hello#1',
        '  => freed: calls into code that is gone',
      ].join('\n'),
    )
  })

  it('has a seed that nothing else is taken for', () => {
    const inside = createModel('inside')
    for (const [seed, message] of [
      ['', /not a seed/],
      ['inside', /not a seed/],
      ['inside.2.0', /not a seed: it has the form/],
      ['nothing.2.1.1.01', /not a seed of any of inside/],
      ['inside.2.1.1.!', /stands for no move/],
      ['inside.2.1.1.zz', /step 1 of the seed cannot happen/],
      ['inside.2.1.1.000000000000', /step 8 of the seed cannot happen/],
      ['inside.1.1.1.0', /cpus: expected a whole number from 2/],
      ['inside.2.1.1e9.0', /rounds: expected a whole number/],
    ] as const)
      assert.throws(() => replay(modelOfSeed(seed), seed), { name: 'RangeError', message }, seed)
    assert.throws(() => replay(inside, 'outside.2.1.1.0'), /the seed is for outside.2.1.1, not for inside.2.1.1/)
    assert.equal(replay(inside, 'inside.2.1.1.').steps.length, 0)
  })
})

describe('collect', () => {
  it('does free: both the first image and one whose init failed, before the end', () => {
    const model = createModel('collect')
    const text = (image: number) => model.cells.indexOf(`hello#${image}.text`)
    const freed = new Set<number>()
    explore({
      ...model,
      atEnd: state => {
        for (const image of [1, 2]) if (state[text(image)] === 2) freed.add(image)
        return undefined
      },
    })
    assert.deepEqual([...freed].sort(), [1, 2])
  })
})
