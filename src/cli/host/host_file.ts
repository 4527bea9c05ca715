import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { ImageFault } from '../../images/fault.ts'
import { FileImage } from '../../images/file_image.ts'
import { ModuleError } from '../../kernel/errno.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { loadError } from '../../kernel/load_errors.ts'

const nativeRequire = createRequire(import.meta.url)

/**
 * Runs a host file, TypeScript or JavaScript on every Node version. Its default export, a function, is given the kernel before any module is
 * inserted: there it asks for its extension points.
 *
 * @throws ModuleError ENOENT, ENOEXEC, EINIT, and EINVAL when there is no such function
 */
export async function loadHostFile(kernel: Kernel, path: string): Promise<void> {
  const image = new FileImage({
    label: 'host',
    entry: resolve(path),
    root: undefined,
    environment: {
      globals: {},
      builtin: name => nativeRequire(name) as unknown,
      isModule: () => false,
      requestModule: () =>
        Promise.reject(
          new ModuleError('EINVAL', {
            reason: 'a host calls modules through extension points, it does not import them',
          }),
        ),
    },
  })
  try {
    await image.read()
    image.link(new Map())
    await image.evaluate()
  } catch (error) {
    throw error instanceof ImageFault
      ? loadError(error, path)
      : new ModuleError('EINIT', { file: path, reason: (error as Error).message }, { cause: error })
  }
  const { default: start } = image.entryRecord.namespace as { default?: unknown }
  if (typeof start !== 'function')
    throw new ModuleError('EINVAL', { reason: `${path} must export a default function; it is given the kernel` })
  await start(kernel)
}
