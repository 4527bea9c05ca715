import fs from 'node:fs'

/** What the disk says of a file besides its contents. Whoever changes the contents changes this, as far as the clock of the disk tells two moments apart. */
export interface Stamp {
  readonly device: number
  readonly inode: number
  readonly size: number
  /** When anything about the file changed last: another one in its place may have an older time of its text. */
  readonly changed: number
}

export const stampOf = ({ dev, ino, size, ctimeMs }: fs.Stats): Stamp => ({
  device: dev,
  inode: ino,
  size,
  changed: ctimeMs,
})

/** @returns undefined where there is no file */
export function stampAt(file: string): Stamp | undefined {
  const stats = fs.statSync(file, { throwIfNoEntry: false })
  return stats?.isFile() ? stampOf(stats) : undefined
}

export const isSameStamp = (one: Stamp, other: Stamp): boolean =>
  one.changed === other.changed && one.size === other.size && one.inode === other.inode && one.device === other.device

/** By more than this two changes of one file are told apart on every disk. */
const CLOCK_STEP_MS = 2000

/** May a stamp that was taken just now stand for the contents? Not that of a file which has only just changed: the next change might not show. */
export const isSettled = ({ changed }: Stamp): boolean => Date.now() - changed > CLOCK_STEP_MS
