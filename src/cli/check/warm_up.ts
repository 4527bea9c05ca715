import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Kernel } from '../../kernel/kernel.ts'

const CYCLES = 100
/** As many as the log holds, so that it grows no more while something is measured. */
const LOG_ENTRIES = 4096

/** Loads, calls and unloads a module that does nothing: what grows while that is new is not the fault of the module that is checked. */
export async function warmUp(kernel: Kernel): Promise<void> {
  const file = fileURLToPath(new URL('outlive_check_warm_up.js', import.meta.url))
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const { name } = await kernel.insmod(file)
    const calls = [...kernel.point<() => Promise<void>>('outlive.check')].map(call => call())
    await kernel.rmmod(name, { wait: true })
    await Promise.all(calls)
    await turn()
  }
  if (kernel.scheme === 'retain') await kernel.reclaim()
  for (let entry = 0; entry < LOG_ENTRIES; entry++) kernel.log.debug('the log of a kernel is a ring: this fills it up')
}
