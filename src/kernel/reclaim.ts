import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import { parseLabel } from './image_label.ts'
import type { LingeringImage } from './lingering.ts'
import { estimatedBytes } from './memory.ts'

/** What reclaiming one image gave. */
export interface ReclaimedImage {
  readonly image: string
  /** Bytes of source that it kept. */
  readonly bytes: number
  /** Whether the collector has taken it. When not, somebody outside still holds a function of it, which fails with ESTALE when called through a point. */
  readonly freed: boolean
  /** Who holds it, when it was not freed; left out for images beyond the first few, since finding out takes a heap snapshot each. */
  readonly heldBy?: readonly string[]
  /** Leftovers that had been opened since its removal, and were closed. */
  readonly leftovers: number
}

export interface ReclaimReport {
  readonly images: readonly ReclaimedImage[]
  /** Bytes of source that came back. */
  readonly bytes: number
}

/**
 * The special rmmod option: frees what lingers now, at the caller's risk. Leftovers are closed by force, calls into the image throw ESTALE from then on, those in
 * flight included, the kernel lets go of it, and is tainted.
 *
 * @param label `hello#3`, or undefined for every lingering image
 * @throws ModuleError ENOENT when no image of that name lingers
 */
async function reclaim(core: Core, label: string | undefined): Promise<ReclaimReport> {
  const wanted = core.lingering.list().filter(({ image }) => label === undefined || image === label)
  if (label !== undefined && wanted.length === 0) {
    const there = [...core.modules.values(), ...core.outgoing].find(module => module.label === label)
    const state = there && { state: there.state.is }
    throw new ModuleError('ENOENT', { module: label, lingering: true, ...state })
  }
  return reclaimImages(core, wanted)
}

async function reclaimImages(core: Core, wanted: readonly LingeringImage[]): Promise<ReclaimReport> {
  const cut: { image: string; bytes: number; leftovers: number }[] = []
  for (const { image, size } of wanted) {
    const leftovers = await core.seam.step(`${image}: cut off`, core.lingering.cut(image, core.seam))
    const cause = parseLabel(image)
    core.taints.add('forcedUnload', `${image} was reclaimed`, cause)
    core.log.warn(`${image} reclaimed`, cause?.name)
    cut.push({ image, bytes: size, leftovers })
  }
  await core.seam.step('garbage collected', core.seam.collect())
  const images = cut.map(entry => ({ ...entry, freed: !core.lingering.isInMemory(entry.image) }))
  return { images, bytes: images.reduce((sum, { bytes, freed }) => sum + (freed ? bytes : 0), 0) }
}

/** To reclaim is to collect, and a collection holds the host up: it is done for no less than this part of the limit. */
const LEAST_SHARE = 1 / 4

/** Reclaims the images that were removed first; false when none lingers that was not reclaimed before. */
export async function reclaimOldest(core: Core): Promise<boolean> {
  const least = (core.settings.memory?.limit ?? 0) * LEAST_SHARE
  const oldest: LingeringImage[] = []
  let bytes = 0
  for (const image of core.lingering.list()) {
    if (image.reclaimed) continue
    oldest.push(image)
    bytes += core.gauge.scale * estimatedBytes(image.size)
    if (bytes >= least) break
  }
  if (oldest.length === 0) return false
  await reclaimImages(core, oldest)
  return true
}

/** Each explanation takes a heap snapshot. */
const EXPLAINED = 3

/** As `reclaim`, and tells who holds what stays. */
export async function reclaimAndExplain(core: Core, label: string | undefined): Promise<ReclaimReport> {
  const report = await reclaim(core, label)
  const images: ReclaimedImage[] = []
  let explained = 0
  for (const entry of report.images) {
    if (entry.freed || explained++ >= EXPLAINED) images.push(entry)
    else {
      const { found, holders, internal } = await core.seam.step(`${entry.image}: explained`, core.explain(entry.image))
      // The snapshot begins with a collection of its own, which may have been the one that took it.
      const heldBy = [...holders, ...internal].map(({ text }) => text)
      images.push(found ? { ...entry, heldBy } : { ...entry, freed: true })
    }
  }
  return { images, bytes: images.reduce((sum, { bytes, freed }) => sum + (freed ? bytes : 0), 0) }
}
