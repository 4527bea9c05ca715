import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fixture } from '../support/paths.ts'
import { AT_ONCE, shareOf } from '../support/share.ts'
import { findingsOf, reportOf } from './command.ts'

/** Says nothing about unloading: a route may well refuse a request that asks for nothing. */
const NOTES = new Set(['failed call'])

const SCHEMES = ['collect', 'retain', 'refcount']
/** Every so many modules are checked under all schemes, as `check` does by itself; a check of the others under one of them in turn takes a third of the time. */
const ALL_SCHEMES = 9

describe('check raises no false alarm', { concurrency: AT_ONCE }, () => {
  const modules = readdirSync(fixture('check', 'clean'))
  it('over two dozen modules', () => assert.ok(modules.length >= 24))
  for (const [index, name] of shareOf([...modules.entries()]))
    it(name, async () => {
      const schemes = index % ALL_SCHEMES === 0 ? SCHEMES : [SCHEMES[index % SCHEMES.length]!]
      const asked = schemes.length === 1 ? ['--scheme', schemes[0]!] : []
      const report = await reportOf([fixture('check', 'clean', name), '--cycles', '8', ...asked])
      assert.deepEqual([report.safe, findingsOf(report).filter(text => !NOTES.has(text.split(':')[0]!))], [true, []])
      assert.deepEqual(
        report.schemes.map(({ scheme, inserted, collected }) => [scheme, inserted - collected]),
        schemes.map(scheme => [scheme, 0]),
      )
    })
})
