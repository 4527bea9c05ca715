import { lazyRequire } from '../images/lazy.ts'
import { ModuleError } from '../kernel/errno.ts'
import type { Kernel, KernelService } from '../kernel/kernel.ts'
import { checkNames } from '../kernel/kernel_options.ts'
import { shown } from '../kernel/shown.ts'
import type { ControlServer } from './server.ts'
import { socketPath } from './socket_folder.ts'

/** What `createKernel({ control })` takes: `true` for a socket named after the process, or a path. */
export type ControlSetting = boolean | { readonly path: string }

const threads = lazyRequire<typeof import('node:worker_threads')>('node:worker_threads')

let kernels = 0

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
  // A process may have several kernels, in several threads, each with a socket of its own.
  const { isMainThread, threadId } = threads()
  const thread = isMainThread ? String(process.pid) : `${process.pid}-thread${threadId}`
  const name = kernels++ === 0 ? thread : `${thread}-${kernels}`
  const path = setting === true ? socketPath(name) : setting.path
  let serving: Promise<ControlServer | undefined> | undefined
  return {
    name,
    path,
    start(kernel: Kernel) {
      // With an HTTP server, which most hosts of the library do without.
      serving = import('./server.ts')
        .then(({ serveControl }) => serveControl(kernel, { path, name }))
        .catch((error: Error) => {
          kernel.log.error(`control socket: ${error.message}`)
          return undefined
        })
      return serving
    },
    async stop() {
      const server = await serving
      await server?.close()
    },
  }
}
