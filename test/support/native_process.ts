import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Files, folderOf } from './image_harness.ts'

const CHILD = fileURLToPath(new URL('./native_child.js', import.meta.url))

export interface NativeOutcome {
  /** As `outcomeOf` tells it. */
  readonly outcome: string
  readonly stack: string | undefined
}

/**
 * Loads files by Node's own loader in a process of its own: what some lines of Node reject a second time, with nobody to handle it, would fail the test that runs.
 */
export function loadNativeApart(files: Files, entry = 'main.mjs'): NativeOutcome {
  const { href } = pathToFileURL(join(folderOf(files), entry))
  const out = execFileSync(process.execPath, ['--no-warnings', '--unhandled-rejections=none', CHILD, href], {
    encoding: 'utf8',
  })
  return JSON.parse(out) as NativeOutcome
}
