import { type Core, forget } from './core.ts'
import { release } from './holders.ts'
import { type LeftoverKind, NO_KIND, NOT_LASTING, ONE_SHOT } from './leftovers/kinds.ts'
import type { Leftover } from './leftovers/leftovers.ts'
import type { Loaded, Module } from './module.ts'
import type { ReclaimReport } from './reclaim.ts'
import { type Seam, TimedOut, within } from './seam.ts'
import { errorOf } from './thrown.ts'
import { type SchemeName, schemeOf } from './unload/scheme.ts'

interface FreeOptions {
  /** Milliseconds that `exit` waits for calls in flight. */
  readonly grace?: number
  /** Does not wait for a count. */
  readonly force?: boolean
}

/** What an unload found and did. */
export interface UnloadReport {
  readonly module: string
  readonly generation: number
  readonly scheme: SchemeName
  /** Asynchronous calls that were running when the module was withdrawn. */
  readonly callsInFlight: number
  /** Whether all of them finished within the grace period. */
  readonly drained: boolean
  /** What the module had opened and not closed: now closed, each with its place. */
  readonly leftovers: readonly Leftover[]
  /** What `exit`, or a deferred function, threw. It stopped nothing. */
  readonly exitError: Error | undefined
  /** Bytes of source that the image keeps until it is collected. */
  readonly bytes: number
  /** Milliseconds from the withdrawal to GONE. */
  readonly ms: number
  /** With the option `reclaim`: what that gave back. */
  readonly reclaimed?: ReclaimReport
}

/** Takes away, in this very tick, everything that the kernel knows of a LIVE module. What is left to do takes its time in `finishRemoval`. */
export function withdraw(module: Module): Loaded {
  const { state } = module
  if (state.is !== 'LIVE') throw new TypeError(`${module.label} is ${state.is}`)
  const { loaded } = state
  module.gate.withdraw()
  module.transition({ is: 'GOING', phase: 'leaving', loaded, since: Date.now() }, () => loaded.context.withdraw())
  return loaded
}

/** What was so when a module was withdrawn, for the report of an unload that has waited since. */
interface Withdrawn {
  readonly at: number
  readonly callsInFlight: number
}

/** How an unload that is not like any other began. */
interface Departure {
  readonly withdrawn?: Withdrawn
  /** The ends of images that import from this one and leave with it: they are taken apart first. */
  readonly importers?: readonly Promise<unknown>[]
}

/**
 * The slow part of an unload, from the wait for calls in flight to GONE. Nothing in it can fail it.
 */
export async function finishRemoval(
  core: Core,
  module: Module,
  loaded: Loaded,
  options: FreeOptions,
  { withdrawn, importers = [] }: Departure = {},
): Promise<UnloadReport> {
  const { seam, log } = core
  const started = withdrawn?.at ?? seam.now()
  const { image, context } = loaded
  // A call that unloads its own module is in flight once its synchronous part is over.
  await undefined
  const callsInFlight = withdrawn?.callsInFlight ?? module.gate.inFlight
  const { counts, afterwards } = schemeOf(module.scheme)
  // What a replaced image is still referenced by can only become less.
  if (counts && !options.force) await seam.step(`${module.label}: its count is zero`, module.count.zero(undefined))
  const drained = await seam.step(
    `${module.label}: end of the grace period`,
    module.gate.drained(options.grace ?? core.settings.grace, seam),
  )
  if (!drained) {
    const { inFlight } = module.gate
    const calls = inFlight === 1 ? '1 call' : `${inFlight} calls`
    const end = counts ? 'are refused' : 'finish in the old code'
    log.warn(`${calls} still in flight after the grace period; they ${end}`, module.name)
  }
  for (const importer of importers) await seam.step(`${module.label}: what imports from it has left`, importer)
  context.abort()
  const exitError = await runExit(core, module, loaded)
  const leftovers = await seam.step(
    `${module.label}: its leftovers are closed`,
    closeLeftovers(core, module, image.files),
  )
  release(module)
  // Freed at once, as a count of zero allows; whoever ignored the count meets ESTALE.
  if (counts) module.gate.cut('removed')
  const since = Date.now()
  core.lingering.add(module, image, since)
  // Until here an import of the file finds a module that is being unloaded, not a file that is no module.
  forget(core, module)
  core.outgoing.delete(module)
  module.transition({ is: 'GONE', since })
  const ms = seam.now() - started
  log.info(`${module.label} removed, ${image.bytes} bytes ${afterwards}`, module.name)
  return {
    module: module.name,
    generation: module.generation,
    scheme: module.scheme,
    callsInFlight,
    drained,
    leftovers,
    exitError,
    bytes: image.bytes,
    ms,
  }
}

/** `exit`, then deferred functions and used resources. @returns the first that was thrown */
async function runExit(core: Core, module: Module, { context, hooks }: Loaded): Promise<Error | undefined> {
  const { seam, log } = core
  const limit = core.settings.exitTimeout
  let first: Error | undefined
  const note = (what: string) => (error: unknown) => {
    const thrown = errorOf(error)
    first ??= thrown
    log.error(thrown instanceof TimedOut ? thrown.message : `${what} threw: ${thrown.message}`, module.name)
  }
  const { exit } = hooks
  if (exit) {
    const late = () => new TimedOut('exit', limit)
    const exited = within(
      seam,
      limit,
      Promise.resolve().then(() => exit(context)),
      late,
    )
    await seam.step(`${module.label}: end of exit`, exited).catch(note('exit'))
  }
  const disposing = context.dispose(seam, limit, note('a deferred function'))
  if (disposing) await seam.step(`${module.label}: its deferred functions have run`, disposing)
  return first
}

/** A call that outlasts the grace period, or a late one, may be waiting for a timer or a socket of its own: it keeps such things until the last call has ended. */
async function closeLeftovers(core: Core, module: Module, files: readonly string[]): Promise<Leftover[]> {
  const { seam } = core
  const isOwn = (file: string): boolean => files.includes(file)
  const note = (leftovers: readonly Leftover[]): void => {
    for (const { kind, where, closed } of leftovers)
      if (kind === 'addon') core.log.info(`left behind: addon from ${where}, which nothing can unload`, module.name)
      else
        core.log.warn(`left behind: ${kind} from ${where}${closed ? ', closed' : ', could not be closed'}`, module.name)
  }
  let wasInUse = false
  const spare = (): ReadonlySet<LeftoverKind> => {
    const isInUse = module.gate.inFlight > 0
    wasInUse ||= isInUse
    return isInUse ? ONE_SHOT : NO_KIND
  }
  const close = (): Promise<Leftover[]> => module.leftovers.closeAll(seam, isOwn, spare)
  const closeRest = async (): Promise<void> => {
    while (wasInUse) {
      await seam.step(`${module.label}: its last call has ended`, module.gate.drained(Number.POSITIVE_INFINITY, seam))
      wasInUse = false
      note(await close())
    }
  }
  const leftovers = await close()
  note(leftovers)
  void closeRest()
  closeWhatComesLate(module, seam, async () => note(await module.leftovers.closeAll(seam, isOwn, () => NOT_LASTING)))
  return leftovers
}

/**
 * Code of a module that is gone may go on, after an `await` of what nobody has to close, such as the contents of a file. An interval or a watcher that it then opens would stay for
 * ever. What a late call opens it keeps until it has ended.
 */
function closeWhatComesLate({ gate, label, leftovers }: Module, seam: Seam, close: () => Promise<void>): void {
  let isClosing = false
  const closeSoon = async (): Promise<void> => {
    // Not before the code has what it opened in hand, and the call that opened it is counted.
    await undefined
    await seam.step(`${label}: no late call is under way`, gate.drained(Number.POSITIVE_INFINITY, seam))
    // From here on what is opened may be too late for this closing.
    isClosing = false
    await seam.step(`${label}: what it has opened late is closed`, close())
  }
  leftovers.leave(() => {
    if (isClosing) return
    isClosing = true
    void closeSoon()
  })
}
