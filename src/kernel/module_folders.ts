import fs from 'node:fs'
import { basename, dirname, extname, join, resolve, sep } from 'node:path'
import { parseJson } from '../images/commonjs.ts'
import { BROKEN_PACKAGE, readPackage } from '../images/package_manifest.ts'
import { isInside } from '../images/resolve.ts'
import { ModuleError } from './errno.ts'
import { loadError } from './load_errors.ts'
import { foldName } from './module.ts'

/** Where a module's code is. */
export interface ModuleLocation {
  readonly name: string
  /** The entry, symbolic links followed. */
  readonly file: string
  /** The module's own folder, or undefined for a module of one file. */
  readonly root: string | undefined
}

/** In order of preference where a folder has several files of one name. */
const EXTENSIONS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx'] as const

const isModuleFile = (file: string): boolean =>
  (EXTENSIONS as readonly string[]).includes(extname(file)) &&
  !/\.d\.[cm]?ts$/.test(file) &&
  !basename(file).startsWith('.') &&
  // The configuration of modprobe may stand beside the modules.
  !basename(file).startsWith('outlive.config.')

const nameOfFile = (file: string): string => foldName(basename(file, extname(file)))

/** The entry of a package folder: `exports["."]`, `main`, or an index file. */
function entryOf(folder: string): string | undefined {
  const manifest = readPackage(folder)
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

function locateFolder(folder: string): ModuleLocation | undefined {
  const entry = entryOf(folder)
  if (entry === undefined) return undefined
  const { name } = readPackage(folder)!
  const named = typeof name === 'string' && name !== '' ? name.replace(/^@[^/]*\//, '') : basename(folder)
  if (!isName(named)) return undefined
  return { name: foldName(named), file: fs.realpathSync.native(entry), root: fs.realpathSync.native(folder) }
}

/**
 * What a path given to insmod names: a file, or a folder with a package.json.
 *
 * @throws ModuleError ENOENT
 */
export function locate(path: string): ModuleLocation {
  const full = resolve(path)
  let real: string
  let isFolder: boolean
  try {
    real = fs.realpathSync.native(full)
    isFolder = fs.statSync(real).isDirectory()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ModuleError('ENOENT', {
      missing: path,
      ...(code === 'EACCES' && { reason: 'Permission denied', errno: code }),
      ...(code === 'ELOOP' && { reason: 'Too many levels of symbolic links', errno: code }),
    })
  }
  if (!isFolder) return { name: nameOfFile(full), file: real, root: undefined }
  const found = locateFolder(full)
  if (!found) throw noModule(full, path)
  return found
}

/** Why a folder is no module. */
function noModule(folder: string, path: string): ModuleError {
  const manifest = join(folder, 'package.json')
  const read = readPackage(folder)
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

/** The folders in which a kernel finds modules by name. Nothing is read before it is asked for. */
export class ModuleFolders {
  readonly folders: readonly string[]

  constructor(folders: string | readonly string[] | undefined) {
    this.folders = (typeof folders === 'string' ? [folders] : (folders ?? [])).map(folder => resolve(folder))
  }

  /** Every module of the folders, by name; where two have one name the first wins. */
  list(): ModuleLocation[] {
    const found = new Map<string, ModuleLocation>()
    for (const folder of this.folders)
      for (const location of listFolder(folder)) if (!found.has(location.name)) found.set(location.name, location)
    return [...found.values()]
  }

  find(name: string): ModuleLocation | undefined {
    if (name === '' || name.includes('/') || name.includes('\\')) return undefined
    const folded = foldName(name)
    for (const folder of this.folders) {
      const direct = EXTENSIONS.map(extension => join(folder, name + extension)).find(isFile)
      if (direct !== undefined && foldName(name) === folded)
        return { name: folded, file: fs.realpathSync.native(direct), root: undefined }
      const listed = listFolder(folder).find(location => location.name === folded)
      if (listed) return listed
    }
    return undefined
  }

  /** Is this one of the folders, by whatever path? */
  has(folder: string): boolean {
    const real = realPath(folder)
    return this.folders.some(own => own === resolve(folder) || (real !== undefined && realPath(own) === real))
  }

  /** Is `file` the entry of a module of the folders? */
  locationOf(file: string): ModuleLocation | undefined {
    for (const folder of this.folders) {
      const real = realPath(folder)
      if (real === undefined || !isInside(file, real)) continue
      if (dirname(file) === real)
        return isModuleFile(file) ? { name: nameOfFile(file), file, root: undefined } : undefined
      const top = file.slice(real.length + 1).split(/[\\/]/)[0]!
      const location = locateFolder(join(real, top))
      if (location?.file === file) return location
    }
    return undefined
  }

  /** The name of the module that a file of the folders is a part of, whether or not the file is still there. */
  belongingTo(changed: string): string | undefined {
    // A signature goes with the file that it is of.
    const path = changed.replace(/\.sig$/, '')
    for (const folder of this.folders) {
      const real = realPath(folder) ?? folder
      if (!isInside(path, real)) continue
      const top = path.slice(real.length + 1).split(/[\\/]/)[0]!
      if (join(real, top) === path) return isModuleFile(path) ? nameOfFile(path) : undefined
      return locateFolder(join(real, top))?.name
    }
    return undefined
  }

  /** Is this path, symbolic links followed, inside one of the folders? Of a path that does not exist, its spelling counts. */
  contains(path: string): boolean {
    const file = realPath(path) ?? resolve(path)
    return this.folders.some(folder => isInside(file, realPath(folder) ?? folder))
  }
}

const isFile = (path: string): boolean => {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch {
    // A link to itself, or a path that can be none.
    return false
  }
}

const realPath = (path: string): string | undefined => {
  try {
    return fs.realpathSync.native(path)
  } catch {
    return undefined
  }
}

/** Sorts files by the names of their modules, and those of one name by the preference of their extensions. */
const orderKey = (file: string): string => {
  const rank = (EXTENSIONS as readonly string[]).indexOf(extname(file))
  return `${nameOfFile(file)}\0${rank === -1 ? EXTENSIONS.length : rank}\0${file}`
}

/** The modules of one folder, in order of their names; several may have one name, the preferred one first. */
export function listFolder(folder: string): ModuleLocation[] {
  let real: string
  let entries: fs.Dirent[]
  try {
    real = fs.realpathSync.native(folder)
    entries = fs.readdirSync(real, { withFileTypes: true })
  } catch {
    return []
  }
  const found: ModuleLocation[] = []
  const sorted = entries.map(entry => ({ entry, key: orderKey(entry.name) })).sort((a, b) => (a.key < b.key ? -1 : 1))
  const prefix = join(real, sep)
  for (const { entry } of sorted) {
    const { name } = entry
    if (name.startsWith('.') || name === 'node_modules') continue
    const path = prefix + name
    // Thousands of plain files need no look at each.
    if (entry.isFile()) {
      if (isModuleFile(name)) found.push({ name: nameOfFile(name), file: path, root: undefined })
      continue
    }
    try {
      if (fs.statSync(path).isDirectory()) {
        const location = locateFolder(path)
        if (location) found.push(location)
      } else if (isModuleFile(name))
        found.push({ name: nameOfFile(path), file: fs.realpathSync.native(path), root: undefined })
    } catch {
      // A dangling link, or a file that went while we looked.
    }
  }
  return found
}
