import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stress, stressAll, THREAD_SCHEMES } from '#dist/races/index.js'

describe('real threads', () => {
  it('run no code that is gone under outside and retain', async () => {
    for (const scheme of ['outside', 'retain'] as const) {
      const result = await stress(scheme, { calls: 100_000, timeLimit: 20_000 })
      assert.equal(result.gone, 0, scheme)
      assert.ok(result.calls > 0 && result.unloads > 0, JSON.stringify(result))
    }
  })

  it('run code that is gone under inside, as the model says', async () => {
    // Whether a given call meets the race is up to the machine: so call until one does, in runs of bounded length.
    let gone = 0
    let calls = 0
    for (let run = 0; run < 20 && gone === 0; run++) {
      const result = await stress('inside', { calls: 1_000_000, timeLimit: 5000 })
      gone += result.gone
      calls += result.calls
    }
    assert.ok(gone > 0, `no race in ${calls} calls`)
  })

  it('end in time', async () => {
    const results = await stressAll({ calls: 1e9, timeLimit: 100 })
    assert.deepEqual(
      results.map(({ scheme, ended }) => [scheme, ended]),
      THREAD_SCHEMES.map(scheme => [scheme, 'time']),
    )
    for (const { ms } of results) assert.ok(ms < 60_000)
  })

  it('make the calls that were asked for', async () => {
    const { calls, ended, gonePerMillion } = await stress('retain', { calls: 10_000, callers: 2, timeLimit: 20_000 })
    assert.deepEqual({ calls, ended, gonePerMillion }, { calls: 10_000, ended: 'calls', gonePerMillion: 0 })
  })
})
