import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it, type TestContext } from 'node:test'
import { searchInProcess } from './in_process.ts'
import type { Found, Search } from './search.ts'

/** CI asks for 100,000. */
const SCHEDULES = Number(process.env.OUTLIVE_SCHEDULES ?? 2000)
const SEED = process.env.OUTLIVE_SEED === undefined ? undefined : Number(process.env.OUTLIVE_SEED)
/** Of the first process, the second has the next: what decides whether a change goes in must not be decided by chance. */
const FIRST_SEED = process.env.OUTLIVE_FIRST_SEED === undefined ? undefined : Number(process.env.OUTLIVE_FIRST_SEED)
/** A process that takes longer than this per thousand schedules hangs. */
const MINUTES_PER_THOUSAND = 1

/** On every processor a share, each with a seed of its own; a seed that was asked for is searched alone. */
async function searchEverywhere(t: TestContext, schedules: number, carrier: Search['carrier']): Promise<void> {
  const processes = SEED === undefined ? Math.min(availableParallelism(), Math.ceil(schedules / 500)) : 1
  const share = Math.ceil(schedules / processes)
  const found = await Promise.all(
    Array.from({ length: processes }, (_, index): Promise<Found> => {
      const random = Math.floor(Math.random() * 2 ** 31)
      const seed = SEED ?? (FIRST_SEED === undefined ? random : FIRST_SEED + index)
      const minutes = 2 + (share / 1000) * MINUTES_PER_THOUSAND
      return searchInProcess({ schedules: share, seed, carrier, shrinks: true }, minutes)
    }),
  )
  const sum = (part: (one: Found) => number): number => found.reduce((total, one) => total + part(one), 0)
  const ran = sum(one => one.schedules)
  const seconds = Math.max(...found.map(one => one.seconds))
  t.diagnostic(
    `${ran} schedules, ${sum(one => one.steps)} steps, ${seconds.toFixed(1)} s in ${processes} processes, ${Math.round(ran / seconds)} a second`,
  )
  const broken = found.find(one => one.broken)?.broken
  assert.ok(!broken, broken?.report)
}

describe('random schedules of the kernel', () => {
  it('break no rule', t => searchEverywhere(t, SCHEDULES, 'memory'))
  it('break no rule when the modules are files', t => searchEverywhere(t, Math.ceil(SCHEDULES / 50), 'files'))
})
