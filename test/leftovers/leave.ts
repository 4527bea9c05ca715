import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Leftover, UnloadReport } from 'outlive'
import { turns } from '../support/latch.ts'
import { type Stage, stage } from '../support/stage.ts'

/** What modules under test hand out, as the global `left`. */
export type Left = Record<string, unknown>

/** Stands in a fixture right before the place that a report must name. */
const MARK = '/*!*/'

export interface Case {
  /** The body of a module: what stands at its top, then `init`. */
  readonly top?: string
  readonly init: string
  /** What a tidy author does in `exit`. Without it the kind cannot be closed by a module. */
  readonly exit: string
  readonly files?: Readonly<Record<string, string>>
  readonly kind: Leftover['kind']
  readonly what: RegExp
  /** While the module is loaded: that what it opened is really open. */
  readonly open?: (left: Left, stage: Stage) => unknown
  /** After it was unloaded: that it is really closed. */
  readonly closed?: (left: Left, stage: Stage) => unknown
  /** Why the test does not run here. */
  readonly skip?: string | false
}

const moduleOf = ({ top = '', init }: Case, exit: string): string =>
  `${top}\nexport async function init(k) {\n${init}\n}\nexport async function exit(k) {\n${exit}\n}\n`

/** `line:column` of the mark. */
export function placeOf(source: string): string {
  const before = source.slice(0, source.indexOf(MARK) + MARK.length).split('\n')
  return `${before.length}:${before.at(-1)!.length + 1}`
}

export function leftOf(t: TestContext): Left {
  const shared = globalThis as { left?: Left }
  const left: Left = (shared.left = {})
  t.after(() => void delete shared.left)
  return left
}

/** Runs the collector until no removed image is in memory. */
export async function collected({ kernel }: Stage): Promise<void> {
  // An image that was looked at stays to the end of the job, so there is a turn between looking and collecting.
  for (let round = 0; round < 50 && kernel.lingering().length > 0; round++) {
    await turns()
    globalThis.gc!()
    await turns()
  }
  const images = kernel.lingering().map(({ image }) => image)
  assert.deepEqual(images, [], 'still in memory')
}

async function insertAndRemove(t: TestContext, each: Case, exit: string, open: Case['open']) {
  const left = leftOf(t)
  const source = moduleOf(each, exit)
  const scene = stage(t, { 'it/package.json': '{"name":"it","main":"main.mjs"}', 'it/main.mjs': source, ...each.files })
  left.folder = scene.folder.path
  await scene.kernel.insmod(scene.file('it'))
  await open?.(left, scene)
  const report: UnloadReport = await scene.kernel.rmmod('it')
  return { left, scene, source, report }
}

/** Three tests for one way to leave something behind. */
export function leaves(name: string, each: Case): void {
  const options = { skip: each.skip ?? false }
  describe(name, options, () => {
    it('is named with its place, closed, and keeps no image', async t => {
      const { left, scene, source, report } = await insertAndRemove(t, each, '', each.open)
      const where = `${scene.file('it/main.mjs')}:${placeOf(source)}`
      assert.deepEqual(
        report.leftovers.map(leftover => [leftover.kind, leftover.where, leftover.closed]),
        [[each.kind, where, true]],
      )
      assert.match(report.leftovers[0]!.what, each.what)
      await each.closed?.(left, scene)
      for (const key of Object.keys(left)) delete left[key]
      await collected(scene)
    })

    it('is not reported when the module closes it', async t => {
      const { report } = await insertAndRemove(t, each, each.exit, undefined)
      assert.deepEqual([report.leftovers, report.exitError], [[], undefined])
    })
  })
}
