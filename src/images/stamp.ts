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

/** Two changes of one file within this time may leave the same time on it: the clocks of file systems go on once in 10 ms or more often. */
const CLOCK_TICK_MS = 20

/** On file systems that keep whole seconds, or every other second. A time without a part of a second may come from one. */
const COARSE_TICK_MS = 2000

/** May whatever changed then, in milliseconds since the epoch, change again and keep this time? A time to come may be reached again, too. */
export const isRecentTime = (time: number): boolean =>
  Date.now() - time <= (time % 1000 === 0 ? COARSE_TICK_MS : CLOCK_TICK_MS)

/** May a stamp that was taken just now stand for the contents? Not that of a file which has only just changed: the next change might not show. */
export const isSettled = ({ changed }: Stamp): boolean => !isRecentTime(changed)
