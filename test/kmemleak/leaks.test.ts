import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { WhyReport } from '#dist/kernel/kmemleak/index.js'
import { fixture, root } from '../support/paths.ts'
import { AT_ONCE, shareOf } from '../support/share.ts'

/** What the host of a fixture says that `why` has to find. */
interface Expected {
  readonly kind: string
  readonly says: readonly string[]
  /** Nobody but Outlive itself may be named. */
  readonly internal?: boolean
}

const run = promisify(execFile)

async function why(name: string, ...args: string[]): Promise<{ expected?: Expected; report: WhyReport }> {
  const { stdout } = await run(process.execPath, [fixture('leaks', 'run.mjs'), fixture('leaks', name), ...args], {
    cwd: root,
    maxBuffer: 1 << 26,
  })
  return JSON.parse(stdout) as { expected?: Expected; report: WhyReport }
}

/** `file:line:` of the line with this comment, or undefined. */
function marked(name: string, file: string, mark: string): string | undefined {
  const path = fixture('leaks', name, file)
  const line = readFileSync(path, 'utf8')
    .split('\n')
    .findIndex(text => text.includes(mark))
  return line === -1 ? undefined : `${path}:${line + 1}:`
}

const names = readdirSync(fixture('leaks'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name)

describe('why names who holds a removed image', { concurrency: AT_ONCE }, () => {
  assert.ok(names.length >= 24)
  for (const name of shareOf(names))
    it(name, async () => {
      const { expected, report } = await why(name)
      const all = JSON.stringify([...report.holders, ...report.internal], undefined, 1)
      if (!expected) {
        assert.equal(report.found, false, all)
        return
      }
      assert.equal(report.found, true)
      assert.ok(report.retainedBytes > 5_000 && report.retainedBytes < 200_000, String(report.retainedBytes))
      const [told, untold] = expected.internal ? [report.internal, report.holders] : [report.holders, report.internal]
      const [holder, ...others] = told
      assert.ok(holder, all)
      assert.equal(holder.kind, expected.kind, all)
      let at = 0
      for (const part of expected.says) {
        const found = holder.text.indexOf(part, at)
        assert.notEqual(found, -1, `'${part}' is missing, or out of order, in: ${holder.text}`)
        at = found + part.length
      }
      const place = marked(name, 'host.mjs', '// holder')
      if (place !== undefined) assert.ok(holder.place?.startsWith(place), `${holder.place} is not ${place}`)
      const held = marked(name, 'leak.ts', '// held')
      if (held !== undefined) assert.ok(holder.held.place?.startsWith(held), `${holder.held.place} is not ${held}`)
      assert.deepEqual(others, [], 'one leak, one holder')
      assert.deepEqual(untold, [], 'what Outlive or V8 hold is told apart')
    })
})

describe('why', () => {
  for (const name of shareOf(['host-map']))
    it('says the same without a thread of its own', async () => {
      const [apart, inline] = await Promise.all([why(name), why(name, 'inline')])
      assert.deepEqual(
        inline.report.holders.map(holder => holder.text),
        apart.report.holders.map(holder => holder.text),
      )
    })
})
