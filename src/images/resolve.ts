import { isBuiltin } from 'node:module'
import { dirname, isAbsolute, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { kindOf, manifestOf, realFile } from './disk.ts'
import { EXTENSIONS, type Loader, type RecallAnswer, resolvePackage } from './package_resolver.ts'

export type { Loader }

/** Where a specifier leads, and who owns the code there. */
export type Target =
  | HostTarget
  /** Belongs to the image and goes when it goes. */
  | { readonly owner: 'image'; readonly file: string }
  /** Another module of the kernel: a dependency. */
  | { readonly owner: 'module'; readonly file: string }
  | { readonly owner: 'builtin'; readonly name: string }

export type HostTarget =
  /** A package outside the module's folder, unless it is one of `own`: shared, loaded once by Node's own loader. */
  | { readonly owner: 'host'; readonly file: string }
  /** A `data:` URL. */
  | { readonly owner: 'url'; readonly url: string }

/** One key for each module that a target can lead to. */
export const keyOf = (target: Target): string => {
  if (target.owner === 'builtin') return `node:${target.name.replace(/^node:/, '')}`
  return target.owner === 'url' ? target.url : target.file
}

export interface Ownership {
  /** The module's folder, or undefined for a module of a single file. */
  readonly root: string | undefined
  /** See `ImageEnvironment`. */
  provided?(specifier: string): string | undefined
  /** Is this file the entry of a module of the module folders? */
  isModule(file: string): boolean
  /** What the resolver said before, where somebody remembers. */
  readonly recall?: RecallAnswer | undefined
  /** The packages that belong to the image though they are installed outside of its folder; see `OwnPackages`. */
  readonly own?: { isLedTo(file: string, specifier: string, from: string): boolean } | undefined
}

/** The file that a specifier names, symbolic links followed; undefined when there is none. */
function resolveFile(specifier: string, from: string, loader: Loader, recall?: RecallAnswer): string | undefined {
  const path = loader === 'import' ? pathOf(specifier, from) : specifier
  if (path === undefined || path.startsWith('file:')) return undefined
  return (isRelative(path) ? plainFile(path, from, loader) : undefined) ?? resolvePackage(path, from, loader, recall)
}

/** An ES module's relative specifiers are URLs: percent escapes count, and a query only tells instances apart, of which an image has one. */
function pathOf(specifier: string, from: string): string | undefined {
  if (!specifier.startsWith('file:') && !(isRelative(specifier) && /[%?#]/.test(specifier))) return specifier
  try {
    return fileURLToPath(new URL(specifier, pathToFileURL(from)))
  } catch {
    return undefined
  }
}

/** Most paths name a file as it is, or but for what `require` adds, which needs no resolver. */
function plainFile(specifier: string, from: string, loader: Loader): string | undefined {
  const path = isAbsolute(specifier) ? specifier : join(dirname(from), specifier)
  if (loader === 'import') return realFile(path)
  if (!NAMES_FOLDER.test(specifier))
    for (const extension of ['', ...EXTENSIONS.require]) {
      const file = realFile(path + extension)
      if (file !== undefined) return file
    }
  return kindOf(path) === 'folder' && !manifestOf(path) ? realFile(join(path, 'index.js')) : undefined
}

const NAMES_FOLDER = /(?:^|\/)\.{0,2}$/

/** As `pathToFileURL`, which takes as long as reading a small file. */
export const urlOfFile = (file: string): string => (PLAIN_PATH.test(file) ? `file://${file}` : pathToFileURL(file).href)

/** Nothing that a URL would write in another way. */
const PLAIN_PATH = /^(?:\/[\w@-][\w.@-]*)+$/

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
  const provided = ownership.provided?.(specifier)
  if (provided !== undefined) return { owner: 'host', file: provided }
  const file = resolveFile(specifier, from, loader, ownership.recall)
  if (file === undefined) return undefined
  // The `imports` of a package.json may name a builtin.
  if (isBuiltin(file)) return { owner: 'builtin', name: file }
  const { root } = ownership
  if (root !== undefined && isInside(file, root)) return { owner: 'image', file }
  if (ownership.isModule(file)) return { owner: 'module', file }
  const isPackage = !isRelative(specifier) || file.includes(`${sep}node_modules${sep}`)
  const isHosts = isPackage && !ownership.own?.isLedTo(file, specifier, from)
  return { owner: isHosts ? 'host' : 'image', file }
}
