import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createModel, type Exploration, explore, MODEL_NAMES } from '#dist/races/index.js'
import { exploreNaively } from './naive.ts'
import { models } from './programs.ts'

const keys = ({ races }: Exploration) => races.map(({ kind, point }) => `${kind} ${point}`).sort()

/** Random programs: a run of a change has always the same ones, and others elsewhere. */
const RUNS = { numRuns: 750, seed: Number(process.env.OUTLIVE_FIRST_SEED ?? Math.floor(Math.random() * 2 ** 30)) }

describe('partial-order reduction', () => {
  for (const name of MODEL_NAMES) {
    it(`finds in ${name} what the full exploration and a naive one find`, () => {
      const model = createModel(name)
      const reduced = explore(model, { shortest: false })
      const full = explore(model, { shortest: false, reduction: false })
      assert.deepEqual(keys(reduced), keys(full))
      assert.deepEqual(keys(full), [...exploreNaively(model).keys()].sort())
      assert.ok(reduced.states < full.states, `${reduced.states} states reduced, ${full.states} in full`)
    })
  }

  for (const size of [{ cpus: 3 }, { modules: 2 }, { rounds: 2 }]) {
    it(`finds the same races as the full exploration with ${JSON.stringify(size)}`, () => {
      for (const name of ['inside', 'outside', 'outside-ignoring', 'retain', 'retain-reclaim'] as const) {
        const model = createModel(name, size)
        const reduced = explore(model, { shortest: false })
        assert.deepEqual(keys(reduced), keys(explore(model, { shortest: false, reduction: false })), name)
      }
    })
  }

  it('finds every race of random programs that a naive exploration finds, and no other', () => {
    let racy = 0
    let smaller = 0
    fc.assert(
      fc.property(models(false), model => {
        const expected = exploreNaively(model)
        const reduced = explore(model)
        assert.deepEqual(keys(reduced), [...expected.keys()].sort())
        for (const race of reduced.races) assert.equal(race.schedule.length, expected.get(`${race.kind} ${race.point}`))
        if (expected.size > 0) racy++
        if (reduced.states < explore(model, { reduction: false }).states) smaller++
      }),
      RUNS,
    )
    assert.ok(racy > 150 && smaller > 150, `${racy} of the programs had a race, ${smaller} were reduced`)
  })

  it('keeps that up when programs loop', () => {
    let cyclic = 0
    fc.assert(
      fc.property(models(true), model => {
        const isLivelock = (key: string) => key.includes('goes round for ever')
        const reduced = keys(explore(model, { shortest: false }))
        const full = keys(explore(model, { shortest: false, reduction: false }))
        assert.deepEqual(reduced, full)
        assert.deepEqual(
          reduced.filter(key => !isLivelock(key)),
          [...exploreNaively(model).keys()].sort(),
        )
        if (reduced.some(isLivelock)) cyclic++
      }),
      RUNS,
    )
    assert.ok(cyclic > 5, `${cyclic} of the programs went round for ever`)
  })
})
