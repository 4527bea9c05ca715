import { parentPort, workerData } from 'node:worker_threads'
import { type Analysis, analyse } from './analyse.ts'
import { RingReader, type SharedRing } from './chunk_ring.ts'
import { SnapshotReader } from './snapshot_reader.ts'

/** What the thread that reads a snapshot is told. */
export interface WorkerTask {
  readonly ring: SharedRing
  readonly label: string
  readonly kernel: string | undefined
  readonly ownFiles: string
}

/** What it says. */
export type WorkerMessage =
  | { readonly is: 'ready' }
  | { readonly is: 'progress'; readonly share: number }
  | { readonly is: 'done'; readonly analysis: Analysis }
  | { readonly is: 'failed'; readonly error: unknown }

const say = (message: WorkerMessage): void => parentPort?.postMessage(message)

function work({ ring, label, kernel, ownFiles }: WorkerTask): void {
  const source = new RingReader(ring)
  try {
    const reader = new SnapshotReader()
    for (const bytes of source.read()) reader.push(bytes)
    const onProgress = (share: number) => say({ is: 'progress', share })
    const analysis = analyse(reader.finish(), { label, kernel, ownFiles, onProgress })
    say({ is: 'done', analysis })
  } catch (error) {
    source.abandon()
    say({ is: 'failed', error })
  }
}

say({ is: 'ready' })
// The first message is on its way before this thread blocks.
parentPort?.once('message', () => work(workerData as WorkerTask))
