import { type Core, forget } from './core.ts'
import { ModuleError } from './errno.ts'
import { release } from './holders.ts'
import { labelOf } from './image_label.ts'
import { type Leftover, type LeftoverKind, NO_KIND, ONE_SHOT } from './leftovers/leftovers.ts'
import type { Loaded, Module } from './module.ts'
import { type ReclaimReport, reclaimAndExplain } from './reclaim.ts'
import { TimedOut, within } from './seam.ts'
import { errorOf } from './thrown.ts'
import { type SchemeName, schemeOf } from './unload/scheme.ts'

export interface RemoveOptions {
  /** Milliseconds that `exit` waits for calls in flight; 0 does not wait, as the patch of 2003. */
  readonly grace?: number
  /** Takes out what imports from the module first. */
  readonly recursive?: boolean
  /** In `refcount`: waits until the count is zero instead of refusing. New gets and calls fail from then on. */
  readonly wait?: boolean
  /** Calls the waiting off: the module goes back into service. */
  readonly signal?: AbortSignal
  /** Goes ahead although the module is counted in use or permanent, and taints the kernel. Never overrides modules that import from it. */
  readonly force?: boolean
  /** Frees what lingers at once: see `reclaim`. */
  readonly reclaim?: boolean
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

/** @throws ModuleError when the module cannot be removed now; nothing has changed then */
function checkRemovable(module: Module | undefined, name: string): asserts module is Module {
  if (!module || module.state.is === 'GONE') throw new ModuleError('ENOENT', { module: name })
  if (module.holders.size > 0) {
    const holders = [...module.holders].map(holder => holder.name).sort()
    throw new ModuleError('EHOLDERS', { module: module.name, holders })
  }
  const { state } = module
  if (state.is !== 'LIVE')
    throw new ModuleError('ENOTLIVE', { module: module.name, being: state.is === 'GOING' ? 'unloaded' : 'loaded' })
}

/** @throws ModuleError EPERMANENT, EINUSE: it stays whoever imports from it, unless by force */
function refuseToTake(module: Module, { force, wait }: RemoveOptions): void {
  if (force) return
  const { state, name, count } = module
  if (state.is === 'LIVE' && state.loaded.hooks.info.permanent) throw new ModuleError('EPERMANENT', { module: name })
  if (isHeld(module) && !wait)
    throw new ModuleError('EINUSE', { module: name, count: count.count, holders: count.holders() })
}

const isHeld = (module: Module): boolean => schemeOf(module.scheme).counts && module.count.count > 0

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

/**
 * The slow part of an unload, from the wait for calls in flight to GONE. Nothing in it can fail it.
 */
export async function finishRemoval(
  core: Core,
  module: Module,
  loaded: Loaded,
  options: RemoveOptions,
  withdrawn?: Withdrawn,
): Promise<UnloadReport> {
  const { seam, log } = core
  const started = withdrawn?.at ?? seam.now()
  const { image, context, hooks } = loaded
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
  context.abort()
  let exitError: Error | undefined
  const note = (what: string) => (error: unknown) => {
    const thrown = errorOf(error)
    exitError ??= thrown
    log.error(thrown instanceof TimedOut ? thrown.message : `${what} threw: ${thrown.message}`, module.name)
  }
  const { exit } = hooks
  if (exit) {
    const limit = core.settings.exitTimeout
    const late = () => new TimedOut('exit', limit)
    const exited = within(
      seam,
      limit,
      Promise.resolve().then(() => exit(context)),
      late,
    )
    await seam.step(`${module.label}: end of exit`, exited).catch(note('exit'))
  }
  const disposing = context.dispose(seam, core.settings.exitTimeout, note('a deferred function'))
  if (disposing) await seam.step(`${module.label}: its deferred functions have run`, disposing)
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
  return leftovers
}

/**
 * Unloads a module. Everything that the kernel knows of it is gone before the promise is returned.
 */
export function rmmod(core: Core, name: string, options: RemoveOptions): Promise<UnloadReport> {
  let module: Module | undefined
  let leaving: Promise<UnloadReport>
  try {
    module = core.modules.get(name)
    if (module && options.recursive && module.holders.size > 0) return removeTree(core, module, options)
    const force = options.force === true
    checkRemovable(module, name)
    refuseToTake(module, options)
    const held = isHeld(module)
    if (force) taintIfForced(core, module, held)
    leaving =
      held && !force ? waitForZero(core, module, options) : finishRemoval(core, module, withdraw(module), options)
  } catch (error) {
    return Promise.reject(error as Error)
  }
  return options.reclaim ? leaving.then(report => reclaimAfter(core, report)) : leaving
}

function taintIfForced(core: Core, module: Module, held: boolean): void {
  const permanent = module.state.is === 'LIVE' && module.state.loaded.hooks.info.permanent
  if (!held && !permanent) return
  const reason = held ? `with a count of ${module.count.count}` : 'although it is permanent'
  core.taints.add('forcedUnload', `${module.label} was unloaded by force ${reason}`, module)
}

/** `rmmod --wait`: no new get or call succeeds from here; called off, the module serves again. */
async function waitForZero(core: Core, module: Module, options: RemoveOptions): Promise<UnloadReport> {
  const { state } = module
  if (state.is !== 'LIVE') throw new TypeError(`${module.label} is ${state.is}`)
  // Called off before it has begun: nothing has to be put back.
  options.signal?.throwIfAborted()
  const { loaded } = state
  const withdrawn = { at: core.seam.now(), callsInFlight: module.gate.inFlight }
  module.gate.withdraw()
  module.transition({ is: 'GOING', phase: 'waiting', loaded, since: Date.now() }, () => loaded.context.suspend())
  try {
    await core.seam.step(`${module.label}: its count is zero`, module.count.zero(options.signal))
  } catch (error) {
    module.gate.reopen()
    loaded.context.publish()
    module.transition({ is: 'LIVE', loaded, since: state.since })
    throw error
  }
  loaded.context.withdraw()
  module.transition({ is: 'GOING', phase: 'leaving', loaded, since: Date.now() })
  return finishRemoval(core, module, loaded, options, withdrawn)
}

async function reclaimAfter(core: Core, report: UnloadReport): Promise<UnloadReport> {
  const label = labelOf({ name: report.module, generation: report.generation })
  // The collector may have been faster; then there is nothing to force.
  if (!core.lingering.isInMemory(label)) return { ...report, reclaimed: { images: [], bytes: report.bytes } }
  return { ...report, reclaimed: await reclaimAndExplain(core, label) }
}

/** Those that import from `module`, however indirectly, before it. */
async function removeTree(core: Core, module: Module, options: RemoveOptions): Promise<UnloadReport> {
  // Nothing goes for the sake of one that cannot.
  refuseToTake(module, options)
  while (module.holders.size > 0) {
    const holder = [...module.holders][0]!
    // An image that is being replaced, or made for a replacement, goes by itself, and cannot be told to.
    if (core.modules.get(holder.name) !== holder)
      throw new ModuleError('ENOTLIVE', {
        module: holder.name,
        being: holder.state.is === 'GOING' ? 'unloaded' : 'loaded',
      })
    await core.seam.step(`${module.label}: ${holder.label} has left`, rmmod(core, holder.name, options))
  }
  return rmmod(core, module.name, options)
}
