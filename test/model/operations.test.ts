import { describe, it } from 'node:test'
import fc from 'fast-check'
import { property } from './property.ts'

/** Some five seconds of processor time. A search for what is not known yet takes OUTLIVE_MODEL_RUNS=2000, and tells the seed with which it finds something again; otherwise the runs are the same each time. */
const RUNS =
  process.env.OUTLIVE_MODEL_RUNS === undefined
    ? { numRuns: 60, seed: Number(process.env.OUTLIVE_FIRST_SEED ?? 20030730) }
    : {
        numRuns: Number(process.env.OUTLIVE_MODEL_RUNS),
        ...(process.env.OUTLIVE_SEED !== undefined && { seed: Number(process.env.OUTLIVE_SEED) }),
      }

describe('random operations on a kernel over real files', () => {
  it('do what the model says', () => fc.assert(property(), { ...RUNS, includeErrorInReport: true }))
})
