import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runProgram } from '../support/program.ts'

interface Churn {
  readonly collected: number
  readonly lingering: readonly string[]
  readonly bytesPerRound: number
}

const ROUNDS = 150
/** A version that stays costs ten times as much; what the engine keeps for itself goes up and down by a third of this. */
const BYTES = 3000

describe('memory', () => {
  for (const [how, what] of [
    ['insert', 'inserts, calls and removals'],
    ['replace', 'replaces'],
  ] as const)
    it(`is given back by plain collections after ${ROUNDS} ${what}: every image, and nearly every byte`, async () => {
      const { collected, lingering, bytesPerRound } = await runProgram<Churn>('gc/programs/churn', how, String(ROUNDS))
      assert.deepEqual(lingering, [])
      assert.equal(collected, ROUNDS)
      assert.ok(bytesPerRound < BYTES, `${bytesPerRound} bytes stayed for each`)
    })
})
