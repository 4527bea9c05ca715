import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, type TestContext } from 'node:test'
import { turns } from './latch.ts'
import { callAll, loaded, type Stage, stage } from './stage.ts'

export const GOOD = `export const init = k => k.register('p', () => 'good')`

/** Nothing half-loaded, nothing lost: what was there serves on, and of the bad one nothing is known. */
export async function isAsBefore({ kernel, probe }: Stage): Promise<void> {
  await turns()
  assert.deepEqual(loaded(kernel), ['good#1 LIVE'])
  assert.deepEqual(await callAll(kernel, 'p'), ['good'])
  assert.deepEqual(probe.said, [])
  assert.deepEqual(
    kernel.lsmod().map(({ holders }) => holders),
    [[]],
  )
}

export async function withGood(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  options: Parameters<typeof stage>[2] = {},
): Promise<Stage> {
  const made = stage(t, { 'good.ts': GOOD, ...files }, options)
  await made.kernel.insmod(made.file('good.ts'))
  return made
}

/** In a suite: whatever is done in its tests, the process hears of nothing. */
export function expectSilence(): void {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  const EVENTS = ['unhandledRejection', 'uncaughtException'] as const
  beforeEach(() => {
    for (const event of EVENTS) process.on(event, note)
  })
  afterEach(async () => {
    await turns()
    for (const event of EVENTS) process.off(event, note)
    assert.deepEqual(unhandled.splice(0), [])
  })
  const warnings: Error[] = []
  const warn = (warning: Error) => void warnings.push(warning)
  process.on('warning', warn)
  after(() => {
    process.off('warning', warn)
    assert.deepEqual(warnings, [])
  })
}
