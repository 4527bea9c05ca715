import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const ROUNDS = 4

/** The collector, also in a process that was started without --expose-gc: the flag is read when a context is made. */
function collector(): () => void {
  if (typeof globalThis.gc === 'function') return globalThis.gc as () => void
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc') as () => void
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}

/**
 * Collects until what can be collected is: a weak reference that was looked at stays alive to the end of the job, so there is a turn of the event loop between
 * the rounds. Blocks the host for each round as long as a full collection takes; called only by operations that ask for it.
 */
export async function collectGarbage(rounds = ROUNDS): Promise<void> {
  const gc = collector()
  for (let round = 0; round < rounds; round++) {
    await setImmediate()
    gc()
  }
  await setImmediate()
}
