import type { ChildProcess } from 'node:child_process'
import type cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import { noteEmitterView, viewEmitter } from './emitter_listeners.ts'
import { type HandleSort, trackHandle } from './handle.ts'
import { hush } from './hush.ts'
import type { Leftovers } from './leftovers.ts'
import { viewOpener } from './view_object.ts'

type Cluster = typeof cluster

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null

const workerSort: HandleSort<Worker> = {
  kind: 'child',
  what: worker => `cluster worker ${worker.process.pid}`,
  isOpen: worker => isRunning(worker.process),
  isOver: worker => !isRunning(worker.process),
  isClosing: worker => worker.exitedAfterDisconnect,
  isTold: worker => worker.process.killed,
  close: worker => {
    hush(worker, ['exit', 'disconnect', 'error', 'message'])
    const exited = new Promise(resolve => worker.process.once('exit', resolve))
    worker.process.kill('SIGKILL')
    return exited
  },
}

/** The cluster module is an emitter of the process, and starts children. */
export function viewCluster(real: Cluster, leftovers: Leftovers): Cluster {
  const emitter = viewEmitter({ emitter: real, label: 'cluster' }, leftovers)
  const fork =
    real.fork && viewOpener(real.fork, (worker: Worker, site) => trackHandle(leftovers, worker, workerSort, site))
  return noteEmitterView(
    new Proxy(emitter, {
      get: (target, key) => (key === 'fork' ? fork : (Reflect.get(target, key) as unknown)),
    }),
  )
}
