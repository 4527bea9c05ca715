import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import {
  type CallCount,
  OUT_OF_IMAGES,
  OUT_OF_TIME,
  SCHEMES,
  type Scheme,
  STOP,
  type Task,
  type UnloadCount,
  wordsFor,
} from './shared.ts'

export interface StressOptions {
  /** Calls into a module to make under each scheme, by all calling threads together. */
  readonly calls: number
  /** Threads that call; one more unloads. */
  readonly callers: number
  /** Milliseconds under each scheme, after which it ends with fewer calls. */
  readonly timeLimit: number
}

export const DEFAULT_STRESS: StressOptions = { calls: 5_000_000, callers: 1, timeLimit: 20_000 }

export interface StressResult {
  readonly scheme: Scheme
  readonly calls: number
  readonly turnedAway: number
  /** Calls whose code was freed while a thread was in it: the race, for real. */
  readonly gone: number
  readonly gonePerMillion: number
  readonly unloads: number
  readonly refused: number
  readonly ms: number
  /** What came first: all calls made, the time over, or every image used that there is room for. */
  readonly ended: 'calls' | 'time' | 'images'
}

/** Images that a run has room for; their words are never used twice, so that a stale pointer is always known as one. */
const IMAGES = 8_000_000

const END_OF: Readonly<Record<number, StressResult['ended']>> = {
  0: 'calls',
  [OUT_OF_TIME]: 'time',
  [OUT_OF_IMAGES]: 'images',
}

/** Runs one scheme on real threads: some call, one unloads and loads as fast as it can. */
export async function stress(scheme: Scheme, options: Partial<StressOptions> = {}): Promise<StressResult> {
  const { calls, callers, timeLimit } = { ...DEFAULT_STRESS, ...options }
  const shared = new SharedArrayBuffer(wordsFor(IMAGES) * Int32Array.BYTES_PER_ELEMENT)
  const words = new Int32Array(shared)
  const stop = () => Atomics.compareExchange(words, STOP, 0, OUT_OF_TIME)
  const start = (task: Pick<Task, 'role' | 'calls'>) =>
    new Worker(new URL('./worker.js', import.meta.url), { workerData: { ...task, scheme, shared, images: IMAGES } })
  const threads = Array.from({ length: callers }, () => start({ role: 'calls', calls: Math.ceil(calls / callers) }))
  const unloader = start({ role: 'unloads', calls: 0 })
  const everyone = [...threads, unloader]
  try {
    await Promise.all(everyone.map(thread => once(thread, 'online')))
    const begun = performance.now()
    const timer = setTimeout(stop, timeLimit)
    for (const thread of everyone) thread.postMessage('go')
    const unloaded = once(unloader, 'message') as Promise<[UnloadCount]>
    const counts = await Promise.all(threads.map(thread => once(thread, 'message') as Promise<[CallCount]>))
    clearTimeout(timer)
    const ended = END_OF[Atomics.load(words, STOP)]!
    stop()
    const ms = performance.now() - begun
    const sum = (of: (count: CallCount) => number) => counts.reduce((total, [count]) => total + of(count), 0)
    const made = sum(count => count.calls)
    const gone = sum(count => count.gone)
    const [unloading] = await unloaded
    return {
      scheme,
      calls: made,
      turnedAway: sum(count => count.turnedAway),
      gone,
      gonePerMillion: made === 0 ? 0 : (gone / made) * 1e6,
      ...unloading,
      ms,
      ended,
    }
  } finally {
    stop()
    await Promise.all(everyone.map(thread => thread.terminate()))
  }
}

/** All three, one after the other. */
export async function stressAll(
  options: Partial<StressOptions> = {},
  onResult?: (result: StressResult) => void,
): Promise<StressResult[]> {
  const results: StressResult[] = []
  for (const scheme of SCHEMES) {
    const result = await stress(scheme, options)
    onResult?.(result)
    results.push(result)
  }
  return results
}
