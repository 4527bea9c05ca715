import { getHeapStatistics } from 'node:v8'
import type { Image } from '../images/image.ts'
import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'

/**
 * V8 keeps two copies of a source text (the author's and the compiled one), a description of each function, and its closure. Measured over modules
 * of functions, classes and data: 6 to 27 bytes a byte of source, 8 for code made of functions, and 12 KB for what comes with every image.
 */
const BYTES_PER_SOURCE_BYTE = 8
const BYTES_PER_IMAGE = 12 * 1024
/** Below this much free heap V8 spends its time collecting and then aborts the process. */
const DANGER = 4 * 1024 * 1024

/** Heap bytes that an image of this much source is taken to need. An estimate: `why` and a heap snapshot give the exact figure. */
export const estimatedBytes = (sourceBytes: number): number => BYTES_PER_IMAGE + BYTES_PER_SOURCE_BYTE * sourceBytes

export interface MemoryUse {
  /** Source bytes, and their estimated heap bytes, of the images in service. */
  readonly live: { readonly images: number; readonly source: number; readonly estimated: number }
  /** The same for removed images that are still in memory. */
  readonly lingering: { readonly images: number; readonly source: number; readonly estimated: number }
  readonly limit: number | undefined
  readonly heapUsed: number
  readonly heapLimit: number
}

export function memoryUse(core: Core): MemoryUse {
  const sum = (sizes: readonly number[]) => ({
    images: sizes.length,
    source: sizes.reduce((total, size) => total + size, 0),
    estimated: sizes.reduce((total, size) => total + estimatedBytes(size), 0),
  })
  const heap = getHeapStatistics()
  return {
    live: sum(
      [...core.modules.values()].flatMap(({ state }) =>
        'loaded' in state && state.loaded ? [state.loaded.image.bytes] : [],
      ),
    ),
    lingering: sum(core.lingering.list().map(({ size }) => size)),
    limit: core.settings.memory?.limit,
    heapUsed: heap.used_heap_size,
    heapLimit: heap.heap_size_limit,
  }
}

/**
 * Lets an image in, or not, once its files have been read and before any is compiled. What the collector can give back is not in the way: it is asked first.
 *
 * @param reclaim frees one lingering image, oldest first; false when there is none
 * @throws ModuleError ENOMEM
 */
export async function admit(core: Core, file: string, image: Image, reclaim: () => Promise<boolean>): Promise<void> {
  const { memory } = core.settings
  if (!memory) return
  const needed = estimatedBytes(image.bytes)
  const fits = (): boolean => {
    const { live, lingering, heapUsed, heapLimit } = memoryUse(core)
    return live.estimated + lingering.estimated + needed <= memory.limit && heapUsed + needed + DANGER <= heapLimit
  }
  if (fits()) return
  await core.seam.collect()
  if (memory.onPressure === 'reclaim') while (!fits() && (await reclaim()));
  if (fits()) return
  const { live, lingering } = memoryUse(core)
  throw new ModuleError('ENOMEM', {
    file,
    limit: memory.limit,
    used: live.estimated,
    lingering: lingering.estimated,
    needed,
  })
}
