import fs from 'node:fs'
import { sha256 } from '../../images/node_parts.ts'
import { readFile } from '../../images/plain_file.ts'
import { isRecent } from '../folder_contents.ts'

/** By which a file is known to be unchanged. */
export interface FileStamp {
  readonly path: string
  /** Milliseconds; 0 when the file was so new that it could change again without this showing it. */
  readonly mtime: number
  /** When anything of the file changed, its name too: a file that took its place has another, even with the same time and size. */
  readonly ctime: number
  readonly size: number
  readonly hash: string
}

/** The stamp of a file that was just read. */
export function stampOf(path: string, bytes: Uint8Array, hash: string): FileStamp {
  const stats = fs.statSync(path)
  return { path, mtime: isRecent(stats) ? 0 : stats.mtimeMs, ctime: stats.ctimeMs, size: bytes.length, hash }
}

/** The stamp of a file that was not there or could not be read. It never counts as unchanged: what is missing may come from many places. */
export const absentStamp = (path: string): FileStamp => ({ path, mtime: 0, ctime: 0, size: -1, hash: '' })

/** The stamps of a module whose files have not changed: the very same where their times have not either. Undefined when one has changed. */
export function currentStamps(stamps: readonly FileStamp[]): readonly FileStamp[] | undefined {
  const fresh: FileStamp[] = []
  let same = true
  for (const stamp of stamps) {
    const now = freshStamp(stamp)
    if (now === undefined) return undefined
    same &&= now === stamp
    fresh.push(now)
  }
  return same ? stamps : fresh
}

/** The same stamp when the file's times and size are, a new one when only its times are others, undefined when its contents are. */
function freshStamp(stamp: FileStamp): FileStamp | undefined {
  const { path, mtime, ctime, size, hash } = stamp
  try {
    const found = fs.statSync(path, { throwIfNoEntry: false })
    if (found?.size !== size) return undefined
    if (found.mtimeMs === mtime && found.ctimeMs === ctime) return stamp
    const bytes = readFile(path)
    return sha256(bytes) === hash ? stampOf(path, bytes, hash) : undefined
  } catch {
    return undefined
  }
}
