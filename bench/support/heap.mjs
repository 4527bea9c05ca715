import { setImmediate } from 'node:timers/promises'

/**
 * Collects all that can be collected. Plain `gc()`, a few times with a turn of the event loop between: code that stays in microtasks keeps the
 * targets of weak references alive, and finalization callbacks run in turns of their own.
 */
export async function settle(rounds = 3) {
  if (typeof globalThis.gc !== 'function') throw new Error('needs node --expose-gc')
  for (let round = 0; round < rounds; round++) {
    await setImmediate()
    globalThis.gc()
  }
  await setImmediate()
}

export async function settledHeap() {
  await settle()
  return process.memoryUsage().heapUsed
}
