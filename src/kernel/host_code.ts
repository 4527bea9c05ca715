import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { ImageFault } from '../images/fault.ts'
import { FileImage } from '../images/file_image.ts'
import { NO_GLOBALS } from '../images/image.ts'
import { ModuleError } from './errno.ts'
import { loadError } from './load_errors.ts'
import { messageOf } from './thrown.ts'

const nativeRequire = createRequire(import.meta.url)

/**
 * Runs a file of the host's own, such as its configuration: TypeScript or JavaScript, on every Node version.
 *
 * @param label what the file is, for messages
 * @param packages files of packages by specifier, which it gets whatever is installed beside it
 * @returns its exports
 * @throws ModuleError ENOENT, ENOEXEC, EINIT
 */
export async function runHostCode(
  label: string,
  path: string,
  packages: ReadonlyMap<string, string> = new Map(),
): Promise<Readonly<Record<string, unknown>>> {
  const image = new FileImage({
    label,
    entry: resolve(path),
    root: undefined,
    environment: {
      globals: NO_GLOBALS,
      builtin: name => nativeRequire(name) as unknown,
      provided: specifier => packages.get(specifier),
      isModule: () => false,
      requestModule: () =>
        Promise.reject(
          new ModuleError('EINVAL', {
            reason: `a ${label} calls modules through extension points, it does not import them`,
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
      : new ModuleError('EINIT', { file: path, reason: messageOf(error) }, { cause: error })
  }
  return image.entryRecord.namespace as Readonly<Record<string, unknown>>
}
