import fs from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Resolver } from 'enhanced-resolve'
import enhancedResolve from 'enhanced-resolve'

const { CachedInputFileSystem, ResolverFactory } = enhancedResolve

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

export type Loader = 'import' | 'require'

export interface Ownership {
  /** The module's folder, or undefined for a module of a single file. */
  readonly root: string | undefined
  /** Is this file the entry of a module of the module folders? */
  isModule(file: string): boolean
}

/** Resolved paths are remembered for the length of one load: between two loads the disk may change. */
const REMEMBERED_MS = 2000
const fileSystem = new CachedInputFileSystem(fs, REMEMBERED_MS)
const syncModule = process.features.require_module === true ? ['module-sync'] : []
/** TypeScript authors may write the name that the file will have once compiled. */
const extensionAlias = {
  '.js': ['.js', '.ts', '.tsx', '.jsx'],
  '.mjs': ['.mjs', '.mts'],
  '.cjs': ['.cjs', '.cts'],
  '.jsx': ['.jsx', '.tsx'],
}

const makeResolver = (conditions: string[], options: { fullySpecified: boolean; extensions: string[] }): Resolver =>
  ResolverFactory.createResolver({
    fileSystem,
    useSyncFileSystemCalls: true,
    conditionNames: ['node', 'node-addons', ...conditions, ...syncModule],
    extensionAlias,
    ...options,
  })

const resolvers: Record<Loader, Resolver> = {
  import: makeResolver(['import'], { fullySpecified: true, extensions: [] }),
  require: makeResolver(['require'], {
    fullySpecified: false,
    extensions: ['.js', '.json', '.node', '.cjs', '.ts', '.cts'],
  }),
}

/** Forget what the disk looked like: a new load begins. */
export const forgetDisk = (): void => fileSystem.purge()

/** The file that a specifier names, symbolic links followed; undefined when there is none. */
export function resolveFile(specifier: string, from: string, loader: Loader): string | undefined {
  const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : specifier
  try {
    const found = resolvers[loader].resolveSync({}, dirname(from), path)
    // enhanced-resolve keeps a query as part of the path; a query only tells instances apart, and an image has one of each file.
    return found === false ? undefined : found.replace(/[?#].*$/s, '')
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
