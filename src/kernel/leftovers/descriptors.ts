import fs from 'node:fs'
import type { CallSite } from './call_site.ts'
import { type Leftovers, NOT_OPEN, type Resource } from './leftovers.ts'

/** Which file a descriptor stands for. */
const fileOf = (fd: number): string => {
  const { dev, ino } = fs.fstatSync(fd, { bigint: true })
  return `${dev}:${ino}`
}

/**
 * Descriptors that a module opened. A descriptor is only a number, which the system gives again once it is closed: to whoever opens the next
 * file, which may be the host. So one that is closed in a way that no view sees must not be closed a second time, and is compared with the
 * file that was opened.
 */
export class Descriptors {
  readonly #leftovers: Leftovers
  readonly #open = new Map<unknown, Resource>()

  constructor(leftovers: Leftovers) {
    this.#leftovers = leftovers
  }

  add(fd: number, path: unknown, site: CallSite): void {
    this.remove(fd)
    const file = fileOf(fd)
    const resource: Resource = {
      kind: 'file',
      site,
      what: () => `file descriptor ${fd} of ${String(path)}`,
      close: () => {
        this.#open.delete(fd)
        if (!standsFor(fd, file)) return NOT_OPEN
        fs.closeSync(fd)
        return undefined
      },
    }
    this.#open.set(fd, resource)
    this.#leftovers.add(resource)
  }

  /** It was closed, or somebody else will close it. */
  remove(fd: unknown): void {
    const resource = this.#open.get(fd)
    if (!resource) return
    this.#open.delete(fd)
    this.#leftovers.remove(resource)
  }
}

const standsFor = (fd: number, file: string): boolean => {
  try {
    return fileOf(fd) === file
  } catch {
    return false
  }
}
