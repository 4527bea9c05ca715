import { lazyRequire } from '../images/lazy.ts'
import { ModuleError } from '../kernel/errno.ts'
import type { Kernel, KernelService } from '../kernel/kernel.ts'
import { checkNames } from '../kernel/kernel_options.ts'
import { shown } from '../kernel/shown.ts'
import { messageOf } from '../kernel/thrown.ts'
import type { ControlServer } from './server.ts'
import { socketPath } from './socket_folder.ts'

/** What `createKernel({ control })` takes: `true` for a socket named after the process, or a path. */
export type ControlSetting = boolean | { readonly path: string }

const threads = lazyRequire<typeof import('node:worker_threads')>('node:worker_threads')

let kernels = 0

/** A process may have several kernels, in several threads, each with a socket of its own. */
function nextName(): string {
  const { isMainThread, threadId } = threads()
  const thread = isMainThread ? String(process.pid) : `${process.pid}-thread${threadId}`
  return kernels++ === 0 ? thread : `${thread}-${kernels}`
}

/**
 * A control socket for a kernel in somebody's own program. One that cannot listen is logged; the host goes on without it.
 *
 * @throws ModuleError EINVAL
 */
export function controlService(setting: ControlSetting): KernelService | undefined {
  if (setting === false) return undefined
  if (setting !== true && (typeof setting?.path !== 'string' || setting.path === ''))
    throw new ModuleError('EINVAL', {
      reason: `createKernel: control must be true, false or { path }, got ${shown(setting)}`,
    })
  checkNames('createKernel: control', setting === true ? {} : setting, ['path'])
  let name = nextName()
  const pathOf = (): string => (setting === true ? socketPath(name) : setting.path)
  const serve = async (kernel: Kernel): Promise<ControlServer | undefined> => {
    // With an HTTP server, which most hosts of the library do without.
    const { serveControl, isTaken } = await import('./server.ts')
    for (;;) {
      try {
        return await serveControl(kernel, { path: pathOf(), name })
      } catch (error) {
        if (!isTaken(error) || setting !== true) {
          const advice = isTaken(error)
            ? '; each kernel needs a path of its own, or control: true, which finds one'
            : ''
          kernel.log.error(`control socket: ${messageOf(error)}${advice}`)
          return undefined
        }
        // Another copy of this file counts for itself.
        name = nextName()
      }
    }
  }
  let serving: Promise<ControlServer | undefined> | undefined
  return {
    get name() {
      return name
    },
    get path() {
      return pathOf()
    },
    start(kernel: Kernel) {
      serving = serve(kernel)
      return serving
    },
    async stop() {
      const server = await serving
      await server?.close()
    },
  }
}
