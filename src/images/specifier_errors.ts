import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { kindOf } from './disk.ts'
import { urlOfFile } from './resolve.ts'

export const isPath = (specifier: string): boolean => /^\.{0,2}\/|^\.{1,2}$/.test(specifier)

/** What Node's own loader would say of an `import()` that leads nowhere. */
export function resolutionError(specifier: string, from: string): Error {
  if (specifier.startsWith('node:')) return coded('ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${specifier}`)
  const asked = `imported from ${from}`
  if (specifier.startsWith('#'))
    return coded(
      'ERR_PACKAGE_IMPORT_NOT_DEFINED',
      `Package import specifier "${specifier}" is not defined ${asked}`,
      TypeError,
    )
  if (isPath(specifier) || URL.canParse(specifier)) {
    const { href, protocol } = new URL(specifier, urlOfFile(from))
    if (protocol !== 'file:')
      return coded(
        'ERR_UNSUPPORTED_ESM_URL_SCHEME',
        `Only file, data and node URLs are loaded, not '${protocol}' ${asked}`,
      )
    const path = pathOf(href)
    return kindOf(path) === 'folder'
      ? coded('ERR_UNSUPPORTED_DIR_IMPORT', `Directory import '${path}' is not supported resolving ES modules ${asked}`)
      : coded('ERR_MODULE_NOT_FOUND', `Cannot find module '${path}' ${asked}`)
  }
  try {
    createRequire(from).resolve(specifier)
  } catch (error) {
    // Such as that a package does not export it: Node says best what is wrong.
    if (String((error as NodeJS.ErrnoException).code).startsWith('ERR_')) return error as Error
  }
  return coded('ERR_MODULE_NOT_FOUND', `Cannot find package '${specifier}' ${asked}`)
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}

const coded = (code: string, message: string, Class: ErrorConstructor = Error): Error =>
  Object.assign(new Class(message), { code })
