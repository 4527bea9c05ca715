import { basename, dirname, join, resolve } from 'node:path'
import { isInside } from '../images/resolve.ts'
import { FolderContents, listFolder } from './folder_contents.ts'
import { fullPath, isModuleFile, locateFolder, type ModuleLocation, nameOfFile, realPath } from './module_location.ts'

/** The folders in which a kernel finds modules by name. Nothing is read before it is asked for. */
export class ModuleFolders {
  readonly folders: readonly string[]

  constructor(folders: string | readonly string[] | undefined) {
    this.folders = (typeof folders === 'string' ? [folders] : (folders ?? [])).map(fullPath)
  }

  /** What stands in each folder; one that is given twice, by whatever paths, counts once. Those that are as they were `before` are not read again. */
  contents(before: readonly FolderContents[] = []): FolderContents[] {
    const found = new Map<string, FolderContents>()
    for (const given of this.folders) {
      const contents = new FolderContents(
        given,
        before.find(earlier => earlier.given === given),
      )
      if (!found.has(contents.folder)) found.set(contents.folder, contents)
    }
    return [...found.values()]
  }

  /** Every module of the folders, by name; where two have one name the first wins. */
  list(): ModuleLocation[] {
    const found = new Map<string, ModuleLocation>()
    for (const folder of this.folders)
      for (const location of listFolder(folder)) if (!found.has(location.name)) found.set(location.name, location)
    return [...found.values()]
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
      if (dirname(file) === real) {
        const placed = real === folder ? undefined : join(folder, basename(file))
        return isModuleFile(basename(file)) ? { name: nameOfFile(file), file, root: undefined, placed } : undefined
      }
      const top = file.slice(real.length + 1).split(/[\\/]/)[0]!
      const location = locateFolder(join(folder, top))
      if (location?.file === file) return location
    }
    return undefined
  }

  /** The name of the module that a file of the folders is a part of, whether or not the file is still there. */
  belongingTo(changed: string): string | undefined {
    // A signature goes with the file that it is of.
    const path = changed.replace(/\.sig$/, '')
    for (const folder of this.folders) {
      // By the path that leads through links, or the one that does not.
      const base = [folder, realPath(folder) ?? folder].find(way => isInside(path, way))
      if (base === undefined) continue
      const top = path.slice(base.length + 1).split(/[\\/]/)[0]!
      if (join(base, top) === path) return isModuleFile(basename(path)) ? nameOfFile(path) : undefined
      return locateFolder(join(base, top))?.name
    }
    return undefined
  }

  /** Is this path, symbolic links followed, inside one of the folders? Of a path that does not exist, its spelling counts. */
  contains(path: string): boolean {
    return this.holds(realPath(path) ?? resolve(path))
  }

  /** The same of a path without symbolic links. */
  holds(file: string): boolean {
    return this.folders.some(folder => isInside(file, realPath(folder) ?? folder))
  }
}
