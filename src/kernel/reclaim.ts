import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'

/** What reclaiming one image gave. */
export interface ReclaimedImage {
  readonly image: string
  /** Bytes of source that it kept. */
  readonly bytes: number
  /** Whether the collector has taken it. When not, somebody outside still holds a function of it, which fails with ESTALE when called through a point. */
  readonly freed: boolean
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
export async function reclaim(core: Core, label: string | undefined): Promise<ReclaimReport> {
  const wanted = core.lingering.list().filter(({ image }) => label === undefined || image === label)
  if (label !== undefined && wanted.length === 0) throw new ModuleError('ENOENT', { module: label, lingering: true })
  const cut: { image: string; bytes: number; leftovers: number }[] = []
  for (const { image, size } of wanted) {
    const leftovers = await core.seam.step(`${image}: cut off`, core.lingering.cut(image))
    core.taints.add('forcedUnload', `${image} was reclaimed`, image.split('#')[0])
    core.log.warn(`${image} reclaimed`, image.split('#')[0])
    cut.push({ image, bytes: size, leftovers })
  }
  await core.seam.step('garbage collected', core.seam.collect())
  const images = cut.map(entry => ({ ...entry, freed: !core.lingering.isInMemory(entry.image) }))
  return { images, bytes: images.reduce((sum, { bytes, freed }) => sum + (freed ? bytes : 0), 0) }
}

/** Reclaims the image that was removed first; false when none lingers that was not reclaimed before. */
export async function reclaimOldest(core: Core): Promise<boolean> {
  const oldest = core.lingering.list().find(({ reclaimed }) => !reclaimed)
  if (!oldest) return false
  await reclaim(core, oldest.image)
  return true
}
