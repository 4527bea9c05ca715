import { fileURLToPath } from 'node:url'
import { watchKernelsMade } from '../../control/made_kernels.ts'
import { ModuleError } from '../../kernel/errno.ts'
import { runHostCode } from '../../kernel/host_code.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { messageOf } from '../../kernel/thrown.ts'

/** A host file that has run. */
type HostFile =
  /** Its default export is a function that wants the kernel before any module is inserted. */
  | { readonly is: 'guest'; start(kernel: Kernel): Promise<void> }
  /** It has made its own kernel. */
  | { readonly is: 'master'; readonly kernel: Kernel }

/** A host file is given this very copy of Outlive, so that its kernels are known here. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['outlive', fileURLToPath(new URL('../../index.js', import.meta.url))],
  ['outlive/races', fileURLToPath(new URL('../../races/index.js', import.meta.url))],
])

/**
 * Runs a host file, TypeScript or JavaScript on every Node version. Either its default export, a function, is given the kernel before any module is inserted, or it makes
 * a kernel with `createKernel`: the first that it makes is the host's.
 *
 * @param onKernel called with every kernel that it makes
 * @throws ModuleError ENOENT, ENOEXEC, EINIT, and EINVAL when it does neither
 */
export async function runHostFile(path: string, onKernel: (kernel: Kernel) => void): Promise<HostFile> {
  const made: Kernel[] = []
  const note = (kernel: Kernel): void => {
    made.push(kernel)
    onKernel(kernel)
  }
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = await watchKernelsMade(note, () => runHostCode('host', path, PACKAGES))
  } catch (error) {
    for (const kernel of made) await kernel.close()
    throw error
  }
  const { default: start } = exported
  if (typeof start === 'function') return { is: 'guest', start: kernel => begin(path, () => start(kernel)) }
  const [kernel] = made
  if (kernel) return { is: 'master', kernel }
  throw new ModuleError('EINVAL', {
    reason: `${path} must export a default function, which is given the kernel, or make one with createKernel`,
  })
}

async function begin(path: string, start: () => unknown): Promise<void> {
  try {
    await start()
  } catch (error) {
    if (error instanceof ModuleError) throw error
    const reason = messageOf(error)
    throw new ModuleError('EINIT', { file: path, reason }, { cause: error })
  }
}
