import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { folderOf, loadFolder } from '../support/image_harness.ts'
import { graphs, render } from '../support/module_graphs.ts'
import type { RenderOptions } from '../support/module_text.ts'
import { idle, RunLog } from '../support/run_log.ts'

/** With FUZZ_RUNS a search for what is not known yet; otherwise the same graphs each time, since Node's loader has faults of its own. */
const RUNS =
  process.env.FUZZ_RUNS === undefined
    ? { numRuns: 25, seed: Number(process.env.OUTLIVE_FIRST_SEED ?? 20030730) }
    : { numRuns: Number(process.env.FUZZ_RUNS) }

const KINDS: Readonly<Record<string, RenderOptions>> = {
  'ES modules': { awaits: false, commonJs: false },
  'ES modules with top-level await': { awaits: true, commonJs: false },
  'ES modules, CommonJS and JSON': { awaits: false, commonJs: true },
}

// Node warns of what files of a circle do not export yet.
process.removeAllListeners('warning')

/** What the files tell while they are loaded. */
async function toldBy(load: () => Promise<unknown>): Promise<readonly string[]> {
  const log = new RunLog()
  Object.assign(globalThis, { t: log })
  await load()
  await idle()
  return log.lines
}

describe('random module graphs run as by the native loader', () => {
  for (const [what, options] of Object.entries(KINDS))
    it(what, async () => {
      await fc.assert(
        fc.asyncProperty(graphs, async graph => {
          const files = render(graph, options)
          fc.pre(files !== undefined)
          const folder = folderOf(files)
          const image = await toldBy(() => loadFolder(folder))
          const native = await toldBy(() => import(pathToFileURL(join(folder, 'main.mjs')).href))
          assert.ok(native.length > 0)
          assert.deepEqual(image, native)
        }),
        RUNS,
      )
    })
})
