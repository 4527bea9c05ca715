import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Also in a process that was started without --expose-gc: the flag is read when a context is made. */
function collector() {
  if (typeof globalThis.gc === 'function') return globalThis.gc
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
const gc = collector()

/**
 * Collects all that can be collected. Plain `gc()`, a few times with a turn of the event loop between: code that stays in microtasks keeps the
 * targets of weak references alive, and finalization callbacks run in turns of their own.
 */
export async function settle(rounds = 3) {
  for (let round = 0; round < rounds; round++) {
    await setImmediate()
    gc()
  }
  await setImmediate()
}

export async function settledHeap() {
  await settle()
  return process.memoryUsage().heapUsed
}
