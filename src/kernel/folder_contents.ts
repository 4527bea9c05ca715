import fs from 'node:fs'
import { extname, join, sep } from 'node:path'
import { isRecentTime } from '../images/stamp.ts'
import { isShortage, reasonOf } from '../images/system_errors.ts'
import { ModuleError } from './errno.ts'
import { loadError } from './load_errors.ts'
import { EXTENSIONS, isModuleFile, locateFolder, type ModuleLocation, nameOfFile, realPath } from './module_location.ts'

/** True when a further change might not show in the times: any change shows in `ctime`, once the clock has ticked. */
export const isRecent = ({ ctimeMs }: fs.Stats): boolean => isRecentTime(ctimeMs)

/** A module that is a folder, or behind a symbolic link, and the name by which it stands in the folder of modules. */
interface Placed {
  readonly entry: string
  readonly location: ModuleLocation
}

/** What stands in a folder of modules, by names and links alone: no file is looked into but the package.json of a folder. */
export class FolderContents {
  /** Its path as it was given. */
  readonly given: string
  /** The folder, symbolic links followed. */
  readonly folder: string
  /** When an entry came or went last; undefined when that was so lately that another could come without changing it. */
  readonly #changed: string | undefined
  /** Names of plain files that are modules, in order. */
  readonly files: readonly string[]
  /** Names of folders and links, each of which may be a module, or become one without the folder's time changing. */
  readonly #others: readonly string[]
  readonly placed: readonly Placed[]

  /** @param before what stood there at an earlier time: while no entry has come or gone, its names are taken */
  constructor(given: string, before?: FolderContents) {
    this.given = given
    this.folder = realPath(given) ?? given
    this.#changed = changeTime(given)
    if (before?.folder === this.folder && this.#changed !== undefined && before.#changed === this.#changed) {
      this.files = before.files
      this.#others = before.#others
    } else [this.files, this.#others] = readNames(this.folder)
    this.placed = this.#others.flatMap(entry => {
      const location = locateEntry(join(given, entry), entry)
      return location ? [{ entry, location }] : []
    })
  }

  /** False when an entry may have come or gone since. What happens deeper inside a module's folder does not show here. */
  get isCurrent(): boolean {
    return this.#changed !== undefined && changeTime(this.given) === this.#changed
  }

  /** All modules in order of their names; several may have one name, the preferred one first. */
  modules(): ModuleLocation[] {
    const prefix = join(this.folder, sep)
    const isLinked = this.folder !== this.given
    const plain = this.files.map(entry => ({
      entry,
      location: {
        name: nameOfFile(entry),
        file: prefix + entry,
        root: undefined,
        placed: isLinked ? join(this.given, entry) : undefined,
      },
    }))
    return [...plain, ...this.placed]
      .map(({ entry, location }) => ({ location, key: orderKey(entry) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ location }) => location)
  }
}

/** The modules of one folder, in order of their names. */
export const listFolder = (folder: string): ModuleLocation[] => new FolderContents(folder).modules()

function changeTime(folder: string): string | undefined {
  const stats = statsOf(folder)
  return stats && !isRecent(stats) ? `${stats.ino} ${stats.mtimeMs} ${stats.ctimeMs}` : undefined
}

/** @throws ModuleError ENOENT for one that may not be looked at */
function statsOf(folder: string): fs.Stats | undefined {
  try {
    return fs.statSync(folder, { throwIfNoEntry: false })
  } catch (error) {
    const reason = reasonOf(error as NodeJS.ErrnoException)
    throw new ModuleError('ENOENT', { missing: folder, reason }, { cause: error })
  }
}

/** Thousands of plain files need no look at each. */
function readNames(folder: string): [files: string[], others: string[]] {
  const files: string[] = []
  const others: string[] = []
  try {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const { name } = entry
      if (entry.isFile()) {
        if (isModuleFile(name)) files.push(name)
      } else if (!name.startsWith('.') && name !== 'node_modules') others.push(name)
    }
  } catch (error) {
    // That nobody can look now does not mean that nothing is there.
    if (isShortage(error)) throw loadError(error, folder)
    // There is no such folder.
  }
  return [files.sort(), others.sort()]
}

/** The module that a folder or a link is. */
function locateEntry(path: string, name: string): ModuleLocation | undefined {
  try {
    const stats = fs.statSync(path)
    if (stats.isDirectory()) return locateFolder(path)
    if (stats.isFile() && isModuleFile(name))
      return { name: nameOfFile(name), file: fs.realpathSync.native(path), root: undefined, placed: path }
  } catch (error) {
    if (error instanceof ModuleError || isShortage(error)) throw loadError(error, path)
    // A dangling link, or a file that went while we looked.
  }
  return undefined
}

/** Sorts files by the names of their modules, and those of one name by the preference of their extensions. */
const orderKey = (file: string): string => {
  const rank = (EXTENSIONS as readonly string[]).indexOf(extname(file))
  return `${nameOfFile(file)}\0${rank === -1 ? EXTENSIONS.length : rank}\0${file}`
}
