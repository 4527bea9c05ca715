import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import { finishRemoval, type UnloadReport, withdraw } from './free_module.ts'
import { labelOf } from './image_label.ts'
import type { Module } from './module.ts'
import { reclaimAndExplain } from './reclaim.ts'
import { schemeOf } from './unload/scheme.ts'

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
    // Called off before it has begun, whether or not there would have been anything to wait for.
    options.signal?.throwIfAborted()
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
  const { loaded } = state
  const withdrawn = { at: core.seam.now(), callsInFlight: module.gate.inFlight }
  module.gate.withdraw()
  module.transition({ is: 'GOING', phase: 'waiting', loaded, since: Date.now() }, () => loaded.context.suspend())
  try {
    await core.seam.step(`${module.label}: its count is zero`, module.count.zero(options.signal))
  } catch (error) {
    module.gate.reopen()
    const tellOfEntries = loaded.context.publish()
    module.transition({ is: 'LIVE', loaded, since: state.since })
    tellOfEntries()
    throw error
  }
  loaded.context.withdraw()
  module.transition({ is: 'GOING', phase: 'leaving', loaded, since: Date.now() })
  return finishRemoval(core, module, loaded, options, { withdrawn })
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
