import { describe, it } from 'node:test'
import fc from 'fast-check'
import { property } from './property.ts'

/** Some five seconds of processor time. A search takes OUTLIVE_MODEL_RUNS=2000. */
const RUNS = Number(process.env.OUTLIVE_MODEL_RUNS ?? 60)
/** What failed comes again with the seed that it tells. In CI each run of a change is the same. */
const SEED = Number(process.env.OUTLIVE_SEED ?? process.env.OUTLIVE_FIRST_SEED ?? Math.floor(Math.random() * 2 ** 31))

describe('random operations on a kernel over real files', () => {
  it('do what the model says', () => fc.assert(property(), { numRuns: RUNS, seed: SEED, includeErrorInReport: true }))
})
