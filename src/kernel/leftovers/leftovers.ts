import { pause, type Seam, within } from '../seam.ts'
import type { CallSite } from './call_site.ts'
import { ENDS_QUIETLY, LASTING, type LeftoverKind, NO_KIND } from './kinds.ts'

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

/** What `close` says when there turned out to be nothing to close. */
export const NOT_OPEN = Symbol('not open')

/** Anything that a module opened and has not closed. One owner, a label, one disposer. */
export interface Resource {
  readonly kind: LeftoverKind
  readonly site: CallSite | undefined
  /** Closed like the others, but nothing that its author would have to care for. */
  readonly silent?: boolean
  what(): string
  /** Not asked of what leaves the table at the moment that it ends. */
  isOpen?(): boolean
  /** It can never be open again: the table may forget it. */
  isOver?(): boolean
  /** The module may have asked it to close, which takes a moment. */
  isClosing?(): boolean
  /** The module has asked it to end, for certain. */
  isTold?(): boolean
  /**
   * Closes it without calling the author's code. What closes slowly gives a promise.
   *
   * @throws when it could not be closed
   */
  close(seam: Seam): unknown
}

/** Milliseconds that a module's own, unfinished closing gets before it counts as left behind. */
const SETTLE_MS = 300
/** The same for what was told to end, for certain: a process may have something to put in order. */
const TOLD_MS = 2000
const SETTLE_STEP_MS = 5
/** Turns of the event loop in which things that close tell that they have. */
const SETTLE_TURNS = 3
/** Milliseconds for one thing to close. */
const CLOSE_MS = 3000
/** Closing one thing may make the module open another; whoever does so again and again is not followed for ever. */
const ROUNDS = 4
/** The table is not searched for what is over before it has this many entries. */
const SWEEP_AT_LEAST = 64

/** Listeners and agents go late: what used them has often taken them along by then. What is not reported must not take along what is. */
const rank = ({ kind, silent }: Resource): number =>
  silent ? LAST_TURN : kind === 'listener' ? 2 : kind === 'agent' ? 1 : 0
const LAST_TURN = 3

/** The table of everyone who has not opened anything yet. Nothing is ever added to it. */
const NOTHING = new Set<Resource>()

const isOpen = (resource: Resource): boolean => resource.isOpen?.() ?? true

/** Milliseconds that it may take to close by itself. */
function patienceWith(resource: Resource): number {
  if ((!resource.isTold && !resource.isClosing) || !isOpen(resource)) return 0
  if (resource.isTold?.()) return TOLD_MS
  return resource.isClosing?.() ? SETTLE_MS : 0
}

/** The things that one image has open: each is added when it is opened and removed when it ends by itself or is closed by the module. */
export class Leftovers {
  #opened: WeakSet<object> | undefined
  #table = NOTHING
  #sweepAt = SWEEP_AT_LEAST
  /** Once set, what is opened is closed at once. */
  #ended: Seam | undefined
  /** Once set, it is told when something is opened that goes on for ever. */
  #late: (() => void) | undefined

  /** The objects among them, for as long as they live. */
  get opened(): WeakSet<object> {
    this.#opened ??= new WeakSet()
    return this.#opened
  }

  /** How many are open. */
  get size(): number {
    let open = 0
    for (const resource of this.#table) if (!resource.silent && isOpen(resource)) open++
    return open
  }

  /** How many are in the table, those included that are over and did not say so: never many more than twice those that are open. */
  get held(): number {
    return this.#table.size
  }

  /** From here what is opened is closed at once: the code was thrown away before it served anybody, but an init that was given up may go on. */
  end(seam: Seam): void {
    this.#ended = seam
  }

  /** From here the module is gone. `late` is called when its code, which may still run, has opened something that goes on for ever. */
  leave(late: () => void): void {
    this.#late = late
    if ([...this.#table].some(({ kind }) => LASTING.has(kind))) late()
  }

  add(resource: Resource): void {
    if (this.#table === NOTHING) this.#table = new Set()
    this.#table.add(resource)
    if (this.#table.size >= this.#sweepAt) this.#sweep()
    if (LASTING.has(resource.kind)) this.#late?.()
    // Not before the module has what it opened in hand.
    const seam = this.#ended
    if (seam) void Promise.resolve().then(() => this.#close(resource, () => false, seam))
  }

  remove(resource: Resource): void {
    this.#table.delete(resource)
  }

  /** Forgets what is over and did not say so. The table doubles before the next time, so that adding costs the same however long it is. */
  #sweep(): void {
    for (const resource of this.#table) if (resource.isOver?.()) this.#table.delete(resource)
    this.#sweepAt = Math.max(SWEEP_AT_LEAST, this.#table.size * 2)
  }

  /**
   * Closes all, oldest first, and names each. Never rejects.
   *
   * @param spare tells the kinds that are left open and in the table, because a call in flight may need them: asked anew each time, since calls begin while other things are closed
   */
  async closeAll(
    seam: Seam,
    isOwn: (file: string) => boolean,
    spare: () => ReadonlySet<LeftoverKind> = () => NO_KIND,
  ): Promise<Leftover[]> {
    const report: Leftover[] = []
    await this.#settle(spare, seam)
    for (let round = 0; round < ROUNDS; round++) {
      const spared = spare()
      const found = [...this.#table].filter(({ kind }) => !spared.has(kind))
      if (found.length === 0) break
      const closing = Array.from({ length: LAST_TURN + 1 }, (_, turn) => turn).flatMap(turn =>
        found.filter(resource => rank(resource) === turn).map(resource => this.#close(resource, isOwn, seam)),
      )
      for (const leftover of await Promise.all(closing)) if (leftover) report.push(leftover)
      if (!found.every(({ kind }) => ENDS_QUIETLY.has(kind)))
        for (let turn = 0; turn < SETTLE_TURNS; turn++)
          await seam.step('what was closed has told whom it concerns', seam.loopTurn())
    }
    return report
  }

  /** An `exit` that has said `kill()` or `terminate()` has done its part, though the process or thread takes a moment to go. */
  async #settle(spare: () => ReadonlySet<LeftoverKind>, seam: Seam): Promise<void> {
    for (let turn = 0; turn < SETTLE_TURNS && this.#table.size > 0; turn++)
      await seam.step('what closes at once has closed', seam.loopTurn())
    const started = seam.now()
    const unsettled = (): boolean => {
      const waited = seam.now() - started
      const spared = spare()
      return [...this.#table].some(resource => !spared.has(resource.kind) && waited < patienceWith(resource))
    }
    while (unsettled()) await seam.step('what was told to close has had a moment', pause(seam, SETTLE_STEP_MS))
  }

  async #close(resource: Resource, isOwn: (file: string) => boolean, seam: Seam): Promise<Leftover | undefined> {
    if (!this.#table.delete(resource)) return undefined
    const { kind, site, silent } = resource
    let what = ''
    let closed = true
    try {
      if (!isOpen(resource)) return undefined
      what = resource.what()
      const closing = resource.close(seam)
      if (closing === NOT_OPEN) return undefined
      if (closing instanceof Promise) {
        const ended = within(seam, CLOSE_MS, closing, tookTooLong)
        if ((await seam.step(`a ${kind} is closed`, ended)) === NOT_OPEN) return undefined
      }
    } catch {
      closed = false
    }
    return silent ? undefined : { kind, where: site?.place(isOwn) ?? 'unknown', closed, what }
  }
}

const tookTooLong = (): Error => new Error('it took too long to close')
