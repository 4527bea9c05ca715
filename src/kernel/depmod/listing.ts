import fs from 'node:fs'
import { listFolder, type ModuleFolders, type ModuleLocation } from '../module_folders.ts'
import { type KnownModules, stemOf } from './paths.ts'
import type { ModuleRecord } from './record.ts'

/** Two modules of one name: only the first can be loaded by it. */
export interface Duplicate {
  readonly kept: ModuleLocation
  readonly hidden: ModuleLocation
}

/** Which modules the folders hold, by path alone. */
export class Listing implements KnownModules {
  readonly modules = new Map<string, ModuleLocation>()
  /** The folder that a module is in, symbolic links followed. */
  readonly folderOf = new Map<string, string>()
  readonly duplicates: Duplicate[] = []
  readonly #names = new Map<string, string>()
  /** By folder: when an entry came or went last. */
  readonly #times: readonly number[]
  readonly #given: readonly string[]
  /** Symbolic links followed. */
  readonly folders: readonly string[]

  constructor({ folders }: ModuleFolders) {
    this.#given = folders
    this.folders = [...new Set(folders.map(realPath))]
    this.#times = folders.map(changeTime)
    for (const folder of folders) this.#addFolder(folder)
  }

  nameOf(file: string): string | undefined {
    return this.#names.get(file)
  }

  /** False when a folder has surely changed since. What happens deeper inside a module's folder does not show here. */
  get isCurrent(): boolean {
    return this.#given.every((folder, index) => {
      const time = changeTime(folder)
      return time !== RECENT && time === this.#times[index]
    })
  }

  #addFolder(folder: string): void {
    const real = realPath(folder)
    for (const location of listFolder(folder)) {
      this.#names.set(location.file, location.name)
      const kept = this.modules.get(location.name)
      if (kept) this.duplicates.push({ kept, hidden: location })
      else {
        this.modules.set(location.name, location)
        this.folderOf.set(location.name, real)
      }
    }
  }
}

const RECENT = -1
const CLOCK_TICK = 20

function changeTime(folder: string): number {
  const mtime = fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return Date.now() - mtime > CLOCK_TICK ? mtime : RECENT
}

const realPath = (folder: string): string => {
  try {
    return fs.realpathSync.native(folder)
  } catch {
    return folder
  }
}

/** The stems of modules that came, went or moved between two listings: whoever imports by such a stem must be read again. */
export function changedStems(before: ReadonlyMap<string, string>, after: Listing): Set<string> {
  const stems = new Set<string>()
  const note = (file: string, root: string | undefined): void => {
    stems.add(stemOf(file))
    if (root !== undefined) stems.add(stemOf(root))
  }
  for (const [name, { file, root }] of after.modules) if (before.get(name) !== file) note(file, root)
  for (const [name, file] of before) if (after.modules.get(name)?.file !== file) note(file, undefined)
  return stems
}

export const asksForAny = (record: ModuleRecord, stems: ReadonlySet<string>): boolean =>
  record.asksFor.some(stem => stems.has(stem))
