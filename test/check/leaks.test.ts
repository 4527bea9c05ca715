import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { fixture } from '../support/paths.ts'
import { AT_ONCE, shareOf } from '../support/share.ts'
import { findingsOf, reportOf } from './command.ts'

const QUICK = ['--scheme', 'collect', '--cycles', '8']
/** What is held is held from the first cycle on. */
const BRIEFLY = ['--scheme', 'collect', '--cycles', '2']
/** Kinds that are told and fail nothing. */
const NOTES: ReadonlySet<string> = new Set(['environment'])

interface Expected {
  /** Held by the kernel itself, on purpose: no leak of the module. */
  readonly internal?: boolean
  readonly kind: string
  readonly says: readonly string[]
}

const leaks = readdirSync(fixture('leaks'), { withFileTypes: true }).filter(entry => entry.isDirectory())

/** `check` asks what `why` asks, which is tested with each of them: that it asks is seen by one in six. */
const ONE_OF = 6

describe('check finds what holds the code of a module', { concurrency: AT_ONCE }, () => {
  for (const { name } of shareOf(leaks, ONE_OF))
    it(name, async () => {
      const host = pathToFileURL(fixture('leaks', name, 'host.mjs')).href
      const { expected } = (await import(host)) as { expected: Expected | undefined }
      const file = fixture('leaks', name, 'leak.ts')
      const options = ['--setup', fixture('check', 'leak_host.mjs'), '--modules', fixture('leaks', name)]
      const report = await reportOf([file, ...options, ...BRIEFLY], { LEAK: name })
      const held = report.findings.filter(({ kind }) => kind === 'held')
      if (!expected || expected.internal) {
        assert.deepEqual(held, [], 'nothing is held')
        return
      }
      assert.equal(report.safe, false)
      const found = report.findings.filter(({ kind }) => kind !== 'patched' && kind !== 'global')
      const isNamed = held.some(({ text }) => expected.says.every(part => text.includes(part)))
      assert.ok(isNamed, `not the holder that is wanted: ${JSON.stringify(found)}`)
    })
})

describe('check finds what a module does beside holding code', { concurrency: AT_ONCE }, () => {
  for (const name of shareOf(readdirSync(fixture('check', 'leaky'))))
    it(name, async () => {
      const file = fixture('check', 'leaky', name)
      const [, kind = '', text = ''] = /^\/\/ ([\w ]+): (.*)/.exec(readFileSync(file, 'utf8'))!
      const report = await reportOf([file, ...QUICK])
      const found = report.findings.find(finding => finding.kind === kind && finding.text.includes(text))
      assert.ok(found, `found only ${JSON.stringify(findingsOf(report))}`)
      assert.deepEqual([found.fails, report.safe], [!NOTES.has(kind), NOTES.has(kind)])
      if (kind === 'leftover' || kind === 'symbol') assert.match(found.place!, new RegExp(`/${name}:\\d+:\\d+$`))
    })
})
