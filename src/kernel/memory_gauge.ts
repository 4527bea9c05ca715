import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import { lazyRequire } from '../images/lazy.ts'

const workerThreads = lazyRequire<typeof import('node:worker_threads')>('node:worker_threads')

const MEGABYTE = 1024 * 1024

/** Estimates of less than this together are not measured: what else goes on in a heap would show more than they do. */
const SMALLEST_MEASURED = 8 * MEGABYTE

/** A measurement taken at a bad moment must not let everything in. */
const LOWEST_SCALE = 0.25

/**
 * How much the estimates of images really come to. They are made for the worst: code of many small functions takes less than half of what they say. So
 * each time that the collector has run for lack of memory, what the heap has grown by since the first image is compared to what they said.
 */
export class MemoryGauge {
  #base: number | undefined
  #scale = 1

  /** By what an estimate is to be multiplied; 1 until something was measured. */
  get scale(): number {
    return this.#scale
  }

  get isZeroed(): boolean {
    return this.#base !== undefined
  }

  /** Says that the heap holds no images yet, and has just been collected. */
  zero(): void {
    this.#base = oldSpaceUsed()
  }

  /** Compares, right after a collection. */
  measure(estimated: number): void {
    if (this.#base === undefined || estimated < SMALLEST_MEASURED) return
    this.#scale = Math.min(1, Math.max(LOWEST_SCALE, (oldSpaceUsed() - this.#base) / estimated))
  }
}

/**
 * Bytes that live in the part of the heap whose limit ends a process: all but the space where objects are born. What is large is born in one of its own, and is counted: the next
 * collection, which may be the one that ends the process, moves all of it that is in use.
 */
export const oldSpaceUsed = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name }) => space_name !== 'new_space')
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0)

/**
 * The limit of that part. V8 tells only one for both parts together, and the share of the young one differs by version: so where a limit was set, it is
 * read where it was set.
 */
export function oldSpaceLimit(): number {
  const { maxOldGenerationSizeMb } = workerThreads().resourceLimits
  if (maxOldGenerationSizeMb !== undefined && maxOldGenerationSizeMb > 0) return maxOldGenerationSizeMb * MEGABYTE
  const words = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)]
  const given = words.flatMap(word => /^--max[-_]old[-_]space[-_]size=(\d+)$/.exec(word)?.[1] ?? []).map(Number)
  const whole = getHeapStatistics().heap_size_limit
  // What stands on the command line counts more than NODE_OPTIONS.
  return given[0] === undefined || given[0] === 0 ? whole : Math.min(whole, given[0] * MEGABYTE)
}
