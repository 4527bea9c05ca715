import type { CallSite } from './call_site.ts'

/** What a module can leave behind. */
export type LeftoverKind = 'timeout' | 'interval' | 'immediate' | 'listener' | 'server'

/** What ends by itself, and what a call that is still in flight may be waiting for. */
export const ONE_SHOT: ReadonlySet<LeftoverKind> = new Set<LeftoverKind>(['timeout', 'immediate'])

/** One thing that a module left behind, as an UnloadReport tells it. */
export interface Leftover {
  readonly kind: LeftoverKind
  /** `file:line:column` in the author's file. */
  readonly where: string
  /** Whether it could be closed. */
  readonly closed: boolean
  /** More about it: the event of a listener, the address of a server. */
  readonly what: string
}

/** Anything that a module opened and has not closed. One owner, a label, one disposer. */
export interface Resource {
  readonly kind: LeftoverKind
  readonly what: () => string
  readonly close: () => void
}

/** The things that one image has open: each is added when it is opened and removed when it ends by itself or is closed by the module. */
export class Leftovers {
  readonly #open = new Map<Resource, CallSite>()

  get size(): number {
    return this.#open.size
  }

  /** @param site where it was opened; made by `captureCallSite` of the function that the module called */
  add(resource: Resource, site: CallSite): void {
    this.#open.set(resource, site)
  }

  remove(resource: Resource): void {
    this.#open.delete(resource)
  }

  /**
   * Closes all, oldest first, and names each.
   *
   * @param spare kinds that are left open and in the table, because a call in flight may need them
   */
  closeAll(isOwn: (file: string) => boolean, spare: ReadonlySet<LeftoverKind> = new Set()): Leftover[] {
    const report: Leftover[] = []
    for (const [resource, site] of this.#open) {
      const { kind } = resource
      if (spare.has(kind)) continue
      this.#open.delete(resource)
      const what = resource.what()
      let closed = true
      try {
        resource.close()
      } catch {
        closed = false
      }
      report.push({ kind, where: site.place(isOwn), closed, what })
    }
    return report
  }
}
