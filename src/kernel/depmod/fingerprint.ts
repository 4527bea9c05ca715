import fs from 'node:fs'
import { join, sep } from 'node:path'
import { crypto } from '../../images/node_parts.ts'
import type { FolderContents } from '../folder_contents.ts'
import type { FileStamp } from './stamp.ts'

/**
 * By which a folder is known to be as it was when its modules were read: which modules are where, and the times and size of each of their files.
 * Looking at thousands of files costs what the system takes for that, and nothing is kept of each.
 */
export interface Fingerprint {
  /** Files of the modules that do not stand in the folder itself. */
  readonly further: readonly string[]
  readonly hash: string
}

/** Undefined when the stamps do not tell it: a file is too new, was read twice and had changed, or is of a module that another of its name hides. */
export function fingerprintOf(contents: FolderContents, stamps: Iterable<FileStamp>): Fingerprint | undefined {
  const unplaced = new Map<string, FileStamp>()
  for (const stamp of stamps) {
    const other = unplaced.get(stamp.path)
    if (stamp.mtime === 0 || (other !== undefined && (other.ctime !== stamp.ctime || other.hash !== stamp.hash)))
      return undefined
    unplaced.set(stamp.path, stamp)
  }
  const ordered: FileStamp[] = []
  for (const name of contents.files) {
    const path = join(contents.folder, name)
    const stamp = unplaced.get(path)
    if (stamp === undefined) return undefined
    unplaced.delete(path)
    ordered.push(stamp)
  }
  const sheet = new Sheet(ordered.length + unplaced.size)
  for (const { mtime, ctime, size } of [...ordered, ...unplaced.values()]) sheet.add(mtime, ctime, size)
  const further = [...unplaced.keys()]
  return { further, hash: sheet.hashWith(contents, further) }
}

/** Is all as it was? The host may be let go on after each piece: `pause` says whether to wait. */
export async function stillHolds(
  { further, hash }: Fingerprint,
  contents: FolderContents,
  pause: () => Promise<void> | undefined,
): Promise<boolean> {
  const prefix = join(contents.folder, sep)
  const sheet = new Sheet(contents.files.length + further.length)
  for (const [folder, names] of [[prefix, contents.files] as const, ['', further] as const])
    for (let at = 0; at < names.length; at += PIECE) {
      if (!lookAt(folder, names, at, sheet)) return false
      const paused = pause()
      if (paused) await paused
    }
  return sheet.hashWith(contents, further) === hash
}

/** Files looked at in one go. */
const PIECE = 64

/** Writes down one piece; false when a file of it is gone. */
function lookAt(prefix: string, names: readonly string[], from: number, sheet: Sheet): boolean {
  const to = Math.min(from + PIECE, names.length)
  try {
    for (let at = from; at < to; at++) {
      const found = fs.statSync(prefix + names[at]!, { throwIfNoEntry: false })
      if (found === undefined) return false
      sheet.add(found.mtimeMs, found.ctimeMs, found.size)
    }
    return true
  } catch {
    return false
  }
}

/** Times and sizes, a row a file. */
class Sheet {
  readonly #cells: Float64Array
  #filled = 0

  constructor(files: number) {
    this.#cells = new Float64Array(files * 3)
  }

  add(mtime: number, ctime: number, size: number): void {
    this.#cells[this.#filled++] = mtime
    this.#cells[this.#filled++] = ctime
    this.#cells[this.#filled++] = size
  }

  hashWith({ files, placed }: FolderContents, further: readonly string[]): string {
    return crypto()
      .createHash('sha256')
      .update(JSON.stringify([placed, further]))
      .update(files.join('\0'))
      .update(this.#cells)
      .digest('hex')
  }
}
