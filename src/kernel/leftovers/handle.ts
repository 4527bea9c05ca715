import type { Seam } from '../seam.ts'
import type { CallSite } from './call_site.ts'
import type { LeftoverKind } from './kinds.ts'
import type { Leftovers, Resource } from './leftovers.ts'

/** How one sort of object is told open from closed, and closed. */
export interface HandleSort<T extends object> {
  readonly kind: LeftoverKind
  readonly silent?: boolean
  what(handle: T): string
  isOpen(handle: T): boolean
  /** It cannot be opened again. Without this, only an object that the collector has taken is over. */
  isOver?(handle: T): boolean
  isClosing?(handle: T): boolean
  isTold?(handle: T): boolean
  close(handle: T, seam: Seam): unknown
}

/** A call site holds the receivers of its frames, which may hold the handle: kept by the handle, it goes when the handle goes. */
const sites = new WeakMap<object, CallSite>()

/**
 * An object that can tell whether it is open. It is held weakly and gets no listeners, so the table neither keeps it nor changes it: what is
 * really open is held by the event loop, and what is not may be collected.
 */
class Handle<T extends object> implements Resource {
  readonly kind: LeftoverKind
  readonly silent: boolean
  readonly #reference: WeakRef<T>
  readonly #sort: HandleSort<T>

  constructor(handle: T, sort: HandleSort<T>) {
    this.kind = sort.kind
    this.silent = sort.silent ?? false
    this.#reference = new WeakRef(handle)
    this.#sort = sort
  }

  get site(): CallSite | undefined {
    const handle = this.#reference.deref()
    return handle && sites.get(handle)
  }

  what(): string {
    return this.#ask(handle => this.#sort.what(handle)) ?? this.kind
  }

  isOpen(): boolean {
    return this.#ask(handle => this.#sort.isOpen(handle)) ?? false
  }

  isOver(): boolean {
    return this.#ask(handle => this.#sort.isOver?.(handle) ?? false) ?? true
  }

  isClosing(): boolean {
    return this.#ask(handle => this.#sort.isClosing?.(handle) ?? false) ?? false
  }

  isTold(): boolean {
    return this.#ask(handle => this.#sort.isTold?.(handle) ?? false) ?? false
  }

  close(seam: Seam): unknown {
    return this.#ask(handle => this.#sort.close(handle, seam))
  }

  #ask<A>(question: (handle: T) => A): A | undefined {
    const handle = this.#reference.deref()
    return handle && question(handle)
  }
}

export function trackHandle<T extends object>(
  leftovers: Leftovers,
  handle: T,
  sort: HandleSort<T>,
  site: CallSite | undefined,
): void {
  if (site) sites.set(handle, site)
  leftovers.opened.add(handle)
  leftovers.add(new Handle(handle, sort))
}
