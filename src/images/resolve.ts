import fs from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, isAbsolute, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { forgetDisk, type Loader, resolvePackage } from './package_resolver.ts'

export { forgetDisk, type Loader }

/** Where a specifier leads, and who owns the code there. */
export type Target =
  /** Belongs to the image and goes when it goes. */
  | { readonly owner: 'image'; readonly file: string }
  /** Another module of the kernel: a dependency. */
  | { readonly owner: 'module'; readonly file: string }
  /** A package outside the module's folder: shared, loaded once by Node's own loader. */
  | { readonly owner: 'host'; readonly file: string }
  | { readonly owner: 'builtin'; readonly name: string }
  /** A `data:` URL. */
  | { readonly owner: 'url'; readonly url: string }

export interface Ownership {
  /** The module's folder, or undefined for a module of a single file. */
  readonly root: string | undefined
  /** Is this file the entry of a module of the module folders? */
  isModule(file: string): boolean
}

/** The file that a specifier names, symbolic links followed; undefined when there is none. */
export function resolveFile(specifier: string, from: string, loader: Loader): string | undefined {
  const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : specifier
  return (
    (isRelative(path) ? existingFile(isAbsolute(path) ? path : join(dirname(from), path)) : undefined) ??
    resolvePackage(path, from, loader)
  )
}

/** Most imports name a file as it is, which needs no resolver. */
function existingFile(path: string): string | undefined {
  if (path.includes('?') || path.includes('#')) return undefined
  try {
    const real = fs.realpathSync.native(path)
    return fs.statSync(real).isFile() ? real : undefined
  } catch {
    return undefined
  }
}

const isRelative = (specifier: string): boolean => /^\.{0,2}\/|^\.{1,2}$|^file:/.test(specifier)

export const isInside = (file: string, folder: string): boolean =>
  file.startsWith(folder.endsWith(sep) ? folder : folder + sep)

export function resolveTarget(
  specifier: string,
  from: string,
  loader: Loader,
  ownership: Ownership,
): Target | undefined {
  if (isBuiltin(specifier)) return { owner: 'builtin', name: specifier }
  if (specifier.startsWith('data:')) return { owner: 'url', url: specifier }
  const file = resolveFile(specifier, from, loader)
  if (file === undefined) return undefined
  const { root } = ownership
  if (root !== undefined && isInside(file, root)) return { owner: 'image', file }
  if (ownership.isModule(file)) return { owner: 'module', file }
  const isPackage = !isRelative(specifier) || file.includes(`${sep}node_modules${sep}`)
  return { owner: isPackage ? 'host' : 'image', file }
}
