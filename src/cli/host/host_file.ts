import { ModuleError } from '../../kernel/errno.ts'
import { runHostCode } from '../../kernel/host_code.ts'
import type { Kernel } from '../../kernel/kernel.ts'

/**
 * Runs a host file, TypeScript or JavaScript on every Node version. Its default export, a function, is given the kernel before any module is
 * inserted: there it asks for its extension points.
 *
 * @throws ModuleError ENOENT, ENOEXEC, EINIT, and EINVAL when there is no such function
 */
export async function loadHostFile(kernel: Kernel, path: string): Promise<void> {
  const { default: start } = await runHostCode('host', path)
  if (typeof start !== 'function')
    throw new ModuleError('EINVAL', { reason: `${path} must export a default function; it is given the kernel` })
  try {
    await start(kernel)
  } catch (error) {
    if (error instanceof ModuleError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ModuleError('EINIT', { file: path, reason }, { cause: error })
  }
}
