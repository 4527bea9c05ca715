import fs from 'node:fs'
import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import { parseLabel } from './image_label.ts'
import type { WhyOptions, WhyReport } from './kmemleak/index.ts'
import { loadError } from './load_errors.ts'
import { foldName } from './module.ts'

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

/**
 * @param image `hello#3`; a bare name is the oldest lingering image of that module
 * @throws ModuleError ENOENT for an image that there never was
 */
export async function why(core: Core, image: string, options: WhyOptions): Promise<WhyReport> {
  const label = imageMeant(core, image)
  const { seam, mark } = core
  const { explainImage } = await seam.step('why: what explains is there', loadExplainer())
  return seam.step(`why ${label}: the heap is read`, explainImage(label, options, mark))
}

function imageMeant(core: Core, image: string): string {
  const given = foldName(image)
  const label = parseLabel(given)
  if (label && label.generation <= (core.generations.get(label.name) ?? 0)) return given
  const oldest = core.lingering.list().find(({ image: lingering }) => parseLabel(lingering)?.name === given)
  const state = core.modules.get(given)?.state.is
  if (!oldest) throw new ModuleError('ENOENT', { module: image, lingering: true, ...(state && { state }) })
  return oldest.image
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
