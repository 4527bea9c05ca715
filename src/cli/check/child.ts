import { pathToFileURL } from 'node:url'
import { ModuleError } from '../../kernel/errno.ts'
import { messageOf } from '../../kernel/thrown.ts'
import { SchemeCheck } from './cycles.ts'
import type { SchemeResult } from './findings.ts'
import type { CheckSettings } from './settings.ts'
import { WatchedKernel } from './watched_kernel.ts'

/** What the process that does the work tells the one that prints. */
export type ChildMessage =
  | { readonly is: 'cycle'; readonly done: number; readonly of: number }
  | { readonly is: 'result'; readonly result: SchemeResult }
  | { readonly is: 'error'; readonly message: string; readonly frame: string | undefined }

const tell = (message: ChildMessage): Promise<void> =>
  new Promise((resolve, reject) => process.send!(message, undefined, {}, error => (error ? reject(error) : resolve())))

/** Milliseconds that `exit` waits for calls in flight: enough for what is not stuck. */
const GRACE = 1000

async function check(settings: CheckSettings): Promise<void> {
  const { scheme, modules, ownPackages } = settings
  const kernel = new WatchedKernel({ scheme, ownPackages, grace: GRACE, ...(modules !== undefined && { modules }) })
  try {
    if (settings.setup !== undefined) {
      const { default: prepare } = (await import(pathToFileURL(settings.setup).href)) as { default?: unknown }
      if (typeof prepare === 'function') await (prepare(kernel) as unknown)
    }
    const onCycle = (done: number, of: number) => void tell({ is: 'cycle', done, of })
    const result = await new SchemeCheck(kernel, settings).run(onCycle)
    await tell({ is: 'result', result })
  } catch (error) {
    const frame = error instanceof ModuleError ? error.data.frame : undefined
    const message = messageOf(error)
    await tell({ is: 'error', message, frame: typeof frame === 'string' && frame !== '' ? frame : undefined })
  }
}

process.once('message', (settings: CheckSettings) => {
  // Whatever the module has left running must not keep the process.
  void check(settings).finally(() => process.exit())
})
