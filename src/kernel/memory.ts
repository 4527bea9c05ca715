import { getHeapStatistics } from 'node:v8'
import type { Image } from '../images/image.ts'
import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import { oldSpaceLimit, oldSpaceUsed } from './memory_gauge.ts'

/**
 * V8 keeps two copies of a source text (the author's and the compiled one), a description of each function, and its closure. Measured over modules
 * of functions, classes and data: 6 to 27 bytes a byte of source, 8 for code made of functions that have all been called, 3 to 4 for a driver whose
 * functions have not, and 12 to 20 KB for what comes with every image. A `MemoryGauge` corrects the estimates as a process goes on.
 */
const BYTES_PER_SOURCE_BYTE = 8
const BYTES_PER_IMAGE = 12 * 1024
/**
 * How full old space may get. V8 ends a process in which collection after collection leaves more than four fifths of it in use. Lack of memory is just when there
 * is one collection after another, and the text of the image that wants to come in has been read by then.
 */
const FULL = 0.65

/** Heap bytes that an image of this much source is taken to need. An estimate: `why` and a heap snapshot give the exact figure. */
export const estimatedBytes = (sourceBytes: number): number => BYTES_PER_IMAGE + BYTES_PER_SOURCE_BYTE * sourceBytes

export interface MemoryUse {
  /** Source bytes, and their estimated heap bytes, of the images in service. */
  readonly live: { readonly images: number; readonly source: number; readonly estimated: number }
  /** The same for removed images that are still in memory. */
  readonly lingering: { readonly images: number; readonly source: number; readonly estimated: number }
  /** What `createKernel({ memory })` allows, in bytes. */
  readonly limit: number | undefined
  /** Of the whole process, as V8 counts: bytes in use, and how many there may be. */
  readonly heapUsed: number
  readonly heapLimit: number
}

export function memoryUse(core: Core): MemoryUse {
  const { scale } = core.gauge
  const sum = (sizes: readonly number[]) => ({
    images: sizes.length,
    source: sizes.reduce((total, size) => total + size, 0),
    estimated: Math.round(scale * sizes.reduce((total, size) => total + estimatedBytes(size), 0)),
  })
  const heap = getHeapStatistics()
  return {
    live: sum(sizesInService(core)),
    lingering: sum(core.lingering.list().map(({ size }) => size)),
    limit: core.settings.memory?.limit,
    heapUsed: heap.used_heap_size,
    heapLimit: heap.heap_size_limit,
  }
}

/** Of images in service and of those that are on their way into it or, replaced, out of it. */
function sizesInService({ modules, outgoing, admitted }: Core): number[] {
  const sizes = new Map(admitted)
  for (const { label, state } of [...modules.values(), ...outgoing])
    if ('loaded' in state && state.loaded) sizes.set(label, state.loaded.image.bytes)
  return [...sizes.values()]
}

/**
 * Lets an image in, or not, once its files have been read and before any is compiled. What the collector can give back is not in the way: it is asked first.
 *
 * @param reclaim frees one lingering image, oldest first; false when there is none
 * @throws ModuleError ENOMEM
 */
export async function admit(
  core: Core,
  file: string,
  image: Pick<Image, 'label' | 'bytes'>,
  reclaim: () => Promise<boolean>,
): Promise<void> {
  const { memory } = core.settings
  if (!memory) return
  const { gauge } = core
  const needed = (): number => Math.round(gauge.scale * estimatedBytes(image.bytes))
  const enters = (): boolean => {
    const { live, lingering } = memoryUse(core)
    if (live.estimated + lingering.estimated + needed() > memory.limit) return false
    if (oldSpaceUsed() + needed() > FULL * oldSpaceLimit()) return false
    // In the same tick, so that of two that are loaded at once the second counts the first.
    core.admitted.set(image.label, image.bytes)
    return true
  }
  if (!gauge.isZeroed) {
    await core.seam.collect()
    gauge.zero()
  }
  if (enters()) return
  await core.seam.collect()
  const { live: before, lingering: left } = memoryUse(core)
  gauge.measure((before.estimated + left.estimated) / gauge.scale)
  if (enters()) return
  if (memory.onPressure === 'reclaim') while (await reclaim()) if (enters()) return
  const { live, lingering } = memoryUse(core)
  throw new ModuleError('ENOMEM', {
    file,
    limit: memory.limit,
    used: live.estimated,
    lingering: lingering.estimated,
    needed: needed(),
  })
}
