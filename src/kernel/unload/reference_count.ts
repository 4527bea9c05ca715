import { ModuleError } from '../errno.ts'
import { parseLabel } from '../image_label.ts'
import { type CallSite, captureCallSite } from '../leftovers/call_site.ts'
import type { KernelLog } from '../printk.ts'

/** What `tryModuleGet` gives: as long as it is held, a module under `refcount` is not removed. */
export interface Reference extends Disposable {
  readonly module: string
  readonly generation: number
  /** @throws ModuleError EINVAL when it was put before */
  put(): void
}

/** Who holds a module, for the message that refuses its removal. */
export interface Holder {
  /** `file:line:column` of the get, or the name of the entry that is being called. */
  readonly where: string
  readonly count: number
}

/**
 * The count of one image. References have the place where they were taken; calls through extension points are counted by the entry called.
 */
export class ReferenceCount {
  // Made when they are first needed: most modules are never counted.
  #references: Map<Reference, CallSite> | undefined
  #calls: Map<string, number> | undefined
  #waiting: Set<() => void> | undefined
  readonly #label: string
  readonly #log: KernelLog
  #count = 0
  #isAbandoned = false

  constructor(label: string, log: KernelLog) {
    this.#label = label
    this.#log = log
  }

  get count(): number {
    return this.#count
  }

  /** Does anybody hold a reference that can be put? */
  get isHeld(): boolean {
    return this.#references !== undefined && this.#references.size > 0
  }

  get(module: string, generation: number, below: Function): Reference {
    const put = (): void => {
      if (!this.#references?.delete(reference)) this.#refusePut('the reference was put before')
      this.#drop()
    }
    const reference: Reference = { module, generation, put, [Symbol.dispose]: put }
    this.#references ??= new Map()
    this.#references.set(reference, captureCallSite(below))
    this.#count++
    return reference
  }

  /** Puts the latest reference that is still held, for callers that keep none. */
  putAny(): void {
    const latest = [...(this.#references?.keys() ?? [])].at(-1)
    if (latest) latest.put()
    else this.#refusePut('nobody holds a reference')
  }

  enter(entry: string): void {
    this.#count++
    this.#calls ??= new Map()
    this.#calls.set(entry, (this.#calls.get(entry) ?? 0) + 1)
  }

  leave(entry: string): void {
    const left = this.#calls!.get(entry)! - 1
    if (left === 0) this.#calls!.delete(entry)
    else this.#calls!.set(entry, left)
    this.#drop()
  }

  holders(): Holder[] {
    const places = new Map<string, number>()
    const add = (where: string, count: number) => places.set(where, (places.get(where) ?? 0) + count)
    for (const site of this.#references?.values() ?? [])
      add(
        site.place(() => true),
        1,
      )
    for (const [entry, count] of this.#calls ?? []) add(`calls of ${entry}`, count)
    return [...places].map(([where, count]) => ({ where, count }))
  }

  /** From here nobody waits for what is still held: who holds it may never put it back. */
  abandon(): void {
    this.#isAbandoned = true
    this.#wake()
  }

  /** Resolves when the count is zero; rejects with the signal's reason when that comes first. */
  zero(signal: AbortSignal | undefined): Promise<void> {
    if (this.#count === 0 || this.#isAbandoned) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const cancel = () => {
        this.#waiting?.delete(done)
        reject(signal!.reason as Error)
      }
      const done = () => {
        signal?.removeEventListener('abort', cancel)
        resolve()
      }
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      signal?.addEventListener('abort', cancel, { once: true })
      this.#waiting ??= new Set()
      this.#waiting.add(done)
    })
  }

  #drop(): void {
    if (--this.#count > 0) return
    this.#wake()
  }

  #wake(): void {
    if (!this.#waiting) return
    for (const done of this.#waiting) done()
    this.#waiting.clear()
  }

  /** A put too many means that somebody else's reference may be gone: loud, and never below zero. */
  #refusePut(reason: string): never {
    const text = `modulePut without tryModuleGet on ${this.#label}: ${reason}`
    this.#log.error(text, parseLabel(this.#label)?.name)
    throw new ModuleError('EINVAL', { reason: text })
  }
}
