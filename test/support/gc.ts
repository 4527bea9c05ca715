/**
 * Calls the collector until `done`. The registry that tells what was collected is heard from in a task of its own, so each round gives the event
 * loop a turn.
 *
 * @throws Error where the collector cannot be called: such a test must fail, not be left out
 */
export async function collectUntil(done: () => boolean, rounds = 40): Promise<boolean> {
  for (let round = 0; round < rounds && !done(); round++) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
  }
  return done()
}

/** One plain collection. */
export function collect(): void {
  const { gc } = globalThis as { gc?: () => void }
  if (!gc) throw new Error('the collector cannot be called: run with --expose-gc')
  gc()
}

/** Bytes of heap in use once garbage is gone. */
export async function settledHeap(): Promise<number> {
  for (let round = 0; round < 8; round++) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}
