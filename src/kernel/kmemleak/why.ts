import { existsSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { isShortage } from '../../images/system_errors.ts'
import { tryToRead } from '../thrown.ts'
import { type Analysis, analyse } from './analyse.ts'
import { createRing, RingWriter } from './chunk_ring.ts'
import type { Holder } from './explain.ts'
import { SnapshotReader } from './snapshot_reader.ts'
import { type Estimate, estimate, takeSnapshot } from './take_snapshot.ts'
import type { WorkerMessage, WorkerTask } from './worker.ts'

/** Why an image is still in memory. */
export interface WhyReport {
  /** `hello#3` */
  readonly image: string
  /** False when it is not: then it was collected, or there never was such an image. */
  readonly found: boolean
  /** Bytes that would come back with it: what it alone keeps alive, its data too. */
  readonly retainedBytes: number
  /** What keeps it, best first. Each of them has to let go. */
  readonly holders: readonly Holder[]
  /** What only Outlive or V8 hold it by: nothing that the program could let go of. */
  readonly internal: readonly Holder[]
  /** Length of the snapshot's text, none of which was stored. */
  readonly snapshotBytes: number
  /** Milliseconds for all of it. */
  readonly ms: number
  /** Milliseconds of these in which the event loop stood still. */
  readonly blockedMs: number
}

/** How far an explanation has come. */
export interface WhyProgress {
  readonly phase: 'collecting' | 'reading' | 'analysing'
  /** Bytes of the snapshot that were read. */
  readonly bytes: number
  /** Of the phase, from 0 to 1, where that is known. */
  readonly share: number | undefined
}

export interface WhyOptions {
  /** Called now and then, also in the middle of the part in which the event loop stands still. */
  readonly onProgress?: (progress: WhyProgress) => void
  /** Called before it starts, on a heap of more than `estimateFrom` bytes. Returning false calls it off. */
  readonly onEstimate?: (estimate: Estimate) => unknown
  /** 500 MB by default. */
  readonly estimateFrom?: number
  /** Analyse in a thread of its own, so that the event loop stands still for the snapshot only; true by default. */
  readonly thread?: boolean
}

const LARGE = 500_000_000
const PROGRESS_STEP = 1 << 20

/** Where Outlive's own files are: what is held from there is told apart. */
const OWN_FILES = new URL('../../', import.meta.url).href

/**
 * Takes a heap snapshot of this process and says what keeps the image in memory.
 *
 * @param label as in `lingering()`: `hello#3`
 * @param kernel the mark of the kernel that it is of; without it, of any
 * @throws Error when `onEstimate` calls it off, or the snapshot cannot be read
 */
export async function explainImage(label: string, options: WhyOptions = {}, kernel?: string): Promise<WhyReport> {
  const cost = estimate()
  if (cost.heapBytes > (options.estimateFrom ?? LARGE) && options.onEstimate?.(cost) === false)
    throw new Error(`why ${label}: called off`)
  const started = performance.now()
  const run = options.thread === false || !mayHaveThreads() ? inThisThread : inAnotherThreadIfPossible
  const { analysis, snapshotBytes, blockedMs } = await run({ label, kernel, ownFiles: OWN_FILES }, options)
  return { image: label, ...analysis, snapshotBytes, ms: performance.now() - started, blockedMs }
}

/** Under `--permission` only with `--allow-worker`. A thread that starts asks for the working directory, which may have been removed. */
const mayHaveThreads = (): boolean =>
  process.permission?.has('worker') !== false && tryToRead(() => existsSync(process.cwd())) === true

type Wanted = Omit<WorkerTask, 'ring'>

interface Result {
  readonly analysis: Analysis
  readonly snapshotBytes: number
  readonly blockedMs: number
}

/**
 * A turn of the event loop: a WeakRef that was read in this one keeps its target until the turn ends, and so does the stack of whoever
 * called.
 */
async function letGo(): Promise<void> {
  await nextTurn()
  await nextTurn()
}

/** Takes the snapshot with progress; what `take` returns false for is not read on. */
function snapshotInto(take: (bytes: Uint8Array) => boolean, options: WhyOptions): number {
  let bytes = 0
  let told = 0
  options.onProgress?.({ phase: 'collecting', bytes, share: undefined })
  takeSnapshot(piece => {
    bytes += piece.length
    if (bytes - told >= PROGRESS_STEP) {
      told = bytes
      options.onProgress?.({ phase: 'reading', bytes, share: undefined })
    }
    return take(piece)
  })
  return bytes
}

async function inThisThread(wanted: Wanted, options: WhyOptions): Promise<Result> {
  await letGo()
  const started = performance.now()
  const reader = new SnapshotReader()
  const bytes = snapshotInto(piece => {
    reader.push(piece)
    return true
  }, options)
  const onProgress = (share: number) => options.onProgress?.({ phase: 'analysing', bytes, share })
  const analysis = analyse(reader.finish(), { ...wanted, onProgress })
  return { analysis, snapshotBytes: bytes, blockedMs: performance.now() - started }
}

/** A thread wants some file descriptors of its own. */
async function inAnotherThreadIfPossible(wanted: Wanted, options: WhyOptions): Promise<Result> {
  try {
    return await inAnotherThread(wanted, options)
  } catch (error) {
    if (!isShortage(error) && (error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INIT_FAILED') throw error
    return inThisThread(wanted, options)
  }
}

async function inAnotherThread(wanted: Wanted, options: WhyOptions): Promise<Result> {
  const ring = createRing()
  const task: WorkerTask = { ring, ...wanted }
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: task,
    execArgv: [],
    env: {},
    name: 'outlive why',
  })
  try {
    const { promise, settle } = listen(worker)
    await settle.ready
    await letGo()
    worker.postMessage('go')
    const started = performance.now()
    const writer = new RingWriter(ring)
    let bytes: number
    try {
      bytes = snapshotInto(piece => writer.write(piece), options)
    } finally {
      writer.end()
    }
    const blockedMs = performance.now() - started
    settle.onProgress = share => options.onProgress?.({ phase: 'analysing', bytes, share })
    return { analysis: await promise, snapshotBytes: bytes, blockedMs }
  } finally {
    await worker.terminate()
  }
}

function listen(worker: Worker): {
  promise: Promise<Analysis>
  settle: { readonly ready: Promise<void>; onProgress: (share: number) => void }
} {
  let ready!: () => void
  let failed!: (error: unknown) => void
  const settle = {
    ready: new Promise<void>((resolve, reject) => {
      ready = resolve
      failed = reject
    }),
    onProgress: (_share: number) => {},
  }
  const promise = new Promise<Analysis>((resolve, reject) => {
    const fail = (error: unknown) => {
      failed(error)
      reject(error as Error)
    }
    worker.on('message', (message: WorkerMessage) => {
      if (message.is === 'ready') ready()
      else if (message.is === 'progress') settle.onProgress(message.share)
      else if (message.is === 'done') resolve(message.analysis)
      else fail(message.error)
    })
    worker.on('error', fail)
    worker.on('exit', code => fail(new Error(`The thread that reads the heap snapshot ended with ${code}`)))
  })
  promise.catch(() => {})
  settle.ready.catch(() => {})
  return { promise, settle }
}
