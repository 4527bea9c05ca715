import fs from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseJson } from '../images/json.ts'
import { BROKEN_PACKAGE, type PackageManifest, readPackage } from '../images/package_manifest.ts'
import { ModuleError } from './errno.ts'
import { loadError } from './load_errors.ts'
import { foldName, withoutScope } from './module.ts'

/** Where a module's code is. */
export interface ModuleLocation {
  readonly name: string
  /** The entry, symbolic links followed. */
  readonly file: string
  /** The module's own folder, or undefined for a module of one file. */
  readonly root: string | undefined
  /** The path that it was found at, where that may lead to another file one day: through a symbolic link, or to the folder of a package. */
  readonly placed?: string | undefined
}

/** In order of preference where a folder has several files of one name. */
export const EXTENSIONS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx'] as const

/** Is a file of this name a module? Declarations of types are none, nor is the configuration of modprobe, which may stand beside the modules. */
export const isModuleFile = (name: string): boolean =>
  /^(?!\.|outlive\.config\.).+\.(?:[cm]?[jt]s|[jt]sx)$/s.test(name) && !/\.d\.[cm]?ts$/.test(name)

/** Could it decide what a module does? A signature goes with the file that it is of. */
export const isSourceFile = (file: string): boolean =>
  /\.(?:[cm]?[jt]sx?|wasm|node|sig)$|(?:^|[\\/])package\.json$/.test(file)

export const nameOfFile = (file: string): string => foldName(basename(file, extname(file)))

/** @throws ModuleError ENOENT when it cannot be read now, though it may be there */
function packageOf(folder: string): PackageManifest | undefined {
  try {
    return readPackage(folder)
  } catch (error) {
    throw loadError(error, folder)
  }
}

/** The entry of a package folder: `exports["."]`, `main`, or an index file. */
function entryOf(folder: string): string | undefined {
  const manifest = packageOf(folder)
  if (!manifest || manifest === BROKEN_PACKAGE) return undefined
  for (const named of [mainExport(manifest.exports), manifest.main])
    if (typeof named === 'string') {
      const entry = [named, ...EXTENSIONS.map(extension => named + extension)]
        .map(path => join(folder, path))
        .find(isFile)
      const found = entry ?? indexOf(join(folder, named))
      if (found !== undefined) return found
    }
  return indexOf(folder)
}

const indexOf = (folder: string): string | undefined =>
  EXTENSIONS.map(extension => join(folder, `index${extension}`)).find(isFile)

const CONDITIONS: ReadonlySet<string> = new Set(['node', 'node-addons', 'import', 'module-sync', 'default'])

/** The first that holds of what is exported for `import`, in the order in which it is written; else what is exported for `require`. */
const mainExport = (exports: unknown): unknown =>
  targetOf(exports, CONDITIONS) ?? targetOf(exports, new Set([...CONDITIONS, 'require']))

function targetOf(exports: unknown, conditions: ReadonlySet<string>): unknown {
  if (Array.isArray(exports)) return exports.map(part => targetOf(part, conditions)).find(found => found !== undefined)
  if (typeof exports !== 'object' || exports === null) return exports ?? undefined
  for (const [condition, target] of Object.entries(exports))
    if (condition === '.' || conditions.has(condition)) {
      const found = targetOf(target, conditions)
      if (found !== undefined) return found
    }
  return undefined
}

/** A name with a slash would lead somewhere else. */
const isName = (name: string): boolean => !/[/\\\0]|^\.\.?$/.test(name)

export function locateFolder(folder: string): ModuleLocation | undefined {
  const entry = entryOf(folder)
  if (entry === undefined) return undefined
  const { name } = packageOf(folder)!
  const named = typeof name === 'string' && name !== '' ? withoutScope(name) : basename(folder)
  if (!isName(named)) return undefined
  const [file, root] = [entry, folder].map(path => fs.realpathSync.native(path)) as [string, string]
  return { name: foldName(named), file, root, placed: folder }
}

/** Of a path as it is given, which may be a `file:` URL, such as `import.meta.resolve` gives. */
export function fullPath(given: string): string {
  if (!given.startsWith('file:')) return resolve(given)
  try {
    return fileURLToPath(given)
  } catch {
    return resolve(given)
  }
}

/**
 * What a path given to insmod names: a file, or a folder with a package.json.
 *
 * @throws ModuleError ENOENT
 */
export function locate(path: string): ModuleLocation {
  const full = fullPath(path)
  let real: string
  let stats: fs.Stats
  try {
    real = fs.realpathSync.native(full)
    stats = fs.statSync(real)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ModuleError('ENOENT', {
      missing: path,
      ...(code === 'EACCES' && { reason: 'Permission denied', errno: code }),
      ...(code === 'ELOOP' && { reason: 'Too many levels of symbolic links', errno: code }),
    })
  }
  // Reading a pipe or a device may never end.
  if (!stats.isFile() && !stats.isDirectory())
    throw new ModuleError('ENOENT', { missing: path, reason: 'it is neither a file nor a folder' })
  if (stats.isFile())
    return { name: nameOfFile(full), file: real, root: undefined, placed: real === full ? undefined : full }
  const found = locateFolder(full)
  if (!found) throw noModule(full, path)
  return found
}

/** Where a module is by now, which its next version is made of; undefined when nothing is there any more. */
export function locateAgain({ name, file, root, placed }: ModuleLocation): ModuleLocation | undefined {
  if (placed !== undefined)
    try {
      const found = locate(placed)
      return found.name === name ? found : undefined
    } catch {
      // Its package.json may be half written: the file that it had says more.
    }
  return [placed ?? file, file].every(path => fs.existsSync(path)) ? { name, file, root, placed } : undefined
}

/** Why a folder is no module. */
function noModule(folder: string, path: string): ModuleError {
  const manifest = join(folder, 'package.json')
  const read = packageOf(folder)
  if (read === BROKEN_PACKAGE)
    try {
      parseJson(manifest, fs.readFileSync(manifest, 'utf8'))
    } catch (error) {
      return loadError(error, manifest)
    }
  const { name } = read ?? {}
  if (typeof name === 'string' && entryOf(folder) !== undefined)
    return new ModuleError('EINVAL', { reason: `'${name}' in ${manifest} is no name of a module` })
  return new ModuleError('ENOENT', {
    missing: path,
    reason: 'a folder is a module when it has a package.json and an entry',
  })
}

const isFile = (path: string): boolean => {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch {
    // A link to itself, or a path that can be none.
    return false
  }
}

export const realPath = (path: string): string | undefined => {
  try {
    return fs.realpathSync.native(path)
  } catch {
    return undefined
  }
}
