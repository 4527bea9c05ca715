import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kindOf, manifestOf } from './disk.ts'
import { ImageFault } from './fault.ts'
import { urlOfFile } from './resolve.ts'

export const isPath = (specifier: string): boolean => /^\.{0,2}\/|^\.{1,2}$/.test(specifier)

/** What Node's own loader would say of an `import()` that leads nowhere. */
export function resolutionError(specifier: string, from: string): Error {
  if (specifier.startsWith('node:')) return coded('ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${specifier}`)
  const asked = `imported from ${from}`
  if (isPath(specifier) || URL.canParse(specifier)) {
    const { href, protocol } = new URL(specifier, urlOfFile(from))
    if (protocol !== 'file:')
      return coded(
        'ERR_UNSUPPORTED_ESM_URL_SCHEME',
        `Only file, data and node URLs are loaded, not '${protocol}' ${asked}`,
      )
    return noFile(pathOf(href), asked)
  }
  return packageError(specifier, from, asked)
}

/** What stopped a load that the code asked for while it runs, which is told that as Node would tell it. */
export const errorForCode = (error: unknown): unknown =>
  error instanceof ImageFault && error.fault.kind === 'unresolved'
    ? resolutionError(error.fault.specifier, error.fault.place.file)
    : error

function packageError(specifier: string, from: string, asked: string): Error {
  const { resolve } = createRequire(from)
  try {
    resolve(specifier)
  } catch (error) {
    const { code, message, path } = error as NodeJS.ErrnoException
    // Such as that a package does not export it: Node says best what is wrong, but to a `require` not who asked.
    if (code?.startsWith('ERR_')) {
      if (!message.includes(asked)) (error as Error).message = message.replace(/(?=; targets must)|$/, ` ${asked}`)
      return error as Error
    }
    const [, target] = /^Cannot find module '(.+)'$/.exec(message) ?? []
    if (path !== undefined && target !== undefined) return notFound(`module '${target}'`, asked)
  }
  if (specifier.startsWith('#'))
    return coded(
      'ERR_PACKAGE_IMPORT_NOT_DEFINED',
      `Package import specifier "${specifier}" is not defined ${asked}`,
      TypeError,
    )
  const [, name, file] = PACKAGE.exec(specifier) ?? []
  const folders = name === undefined ? [] : (resolve.paths(name) ?? []).map(folder => join(folder, name))
  const folder = folders.find(path => kindOf(path) === 'folder')
  if (folder === undefined) return notFound(`package '${name ?? specifier}'`, asked)
  if (file !== undefined) return noFile(join(folder, file), asked)
  const main = manifestOf(folder)?.main
  return notFound(`package '${join(folder, typeof main === 'string' ? main : 'index.js')}'`, asked)
}

/** The name of a package, and what follows the slash. */
const PACKAGE = /^((?:@[^/]+\/)?[^/]+)(?:\/(.+))?$/

const notFound = (what: string, asked: string): Error => coded('ERR_MODULE_NOT_FOUND', `Cannot find ${what} ${asked}`)

const noFile = (path: string, asked: string): Error =>
  kindOf(path) === 'folder'
    ? coded('ERR_UNSUPPORTED_DIR_IMPORT', `Directory import '${path}' is not supported resolving ES modules ${asked}`)
    : notFound(`module '${path}'`, asked)

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}

const coded = (code: string, message: string, Class: ErrorConstructor = Error): Error =>
  Object.assign(new Class(message), { code })
