import type { FolderContents } from '../folder_contents.ts'
import type { ModuleLocation } from '../module_location.ts'
import { type KnownModules, stemOf } from './paths.ts'
import type { ModuleRecord } from './record.ts'

/** Two modules of one name: only the first can be loaded by it. */
interface Duplicate {
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

  constructor(folders: readonly FolderContents[]) {
    for (const contents of folders) this.#addFolder(contents)
  }

  nameOf(file: string): string | undefined {
    return this.#names.get(file)
  }

  #addFolder(contents: FolderContents): void {
    for (const location of contents.modules()) {
      this.#names.set(location.file, location.name)
      const kept = this.modules.get(location.name)
      if (kept) this.duplicates.push({ kept, hidden: location })
      else {
        this.modules.set(location.name, location)
        this.folderOf.set(location.name, contents.folder)
      }
    }
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
