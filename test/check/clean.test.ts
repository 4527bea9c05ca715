import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fixture } from '../support/paths.ts'
import { AT_ONCE, shareOf } from '../support/share.ts'
import { findingsOf, reportOf } from './command.ts'

/** Says nothing about unloading: a route may well refuse a request that asks for nothing. */
const NOTES = new Set(['failed call'])

describe('check raises no false alarm', { concurrency: AT_ONCE }, () => {
  const modules = readdirSync(fixture('check', 'clean'))
  it('over two dozen modules', () => assert.ok(modules.length >= 24))
  for (const name of shareOf(modules))
    it(name, async () => {
      const report = await reportOf([fixture('check', 'clean', name), '--cycles', '8'])
      assert.deepEqual([report.safe, findingsOf(report).filter(text => !NOTES.has(text.split(':')[0]!))], [true, []])
      assert.deepEqual(
        report.schemes.map(({ scheme, inserted, collected }) => [scheme, inserted - collected]),
        [
          ['collect', 0],
          ['retain', 0],
          ['refcount', 0],
        ],
      )
    })
})
