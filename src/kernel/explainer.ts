import fs from 'node:fs'
import { loadError } from './load_errors.ts'

/** As many files may be open at once while the explainer is loaded. */
const DESCRIPTORS = 3

/**
 * What explains an image by a heap snapshot; loaded when it is needed.
 *
 * @throws ModuleError ENOENT when the process has no descriptors left for that
 */
export async function loadExplainer(): Promise<typeof import('./kmemleak/index.ts')> {
  needDescriptors(DESCRIPTORS)
  return await import('./kmemleak/index.ts')
}

/** Asked first: Node never imports again what it could not read once. */
function needDescriptors(count: number): void {
  const opened: number[] = []
  try {
    while (opened.length < count) opened.push(fs.openSync(process.execPath, 'r'))
  } catch (error) {
    throw loadError(error, process.execPath)
  } finally {
    for (const descriptor of opened) fs.closeSync(descriptor)
  }
}
