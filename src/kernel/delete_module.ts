import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import type { Leftover } from './leftovers/leftovers.ts'
import { release } from './load_module.ts'
import type { Loaded, Module, SchemeName } from './module.ts'
import { within } from './seam.ts'

export interface RemoveOptions {
  /** Milliseconds that `exit` waits for calls in flight; 0 does not wait, as the patch of 2003. */
  readonly grace?: number
  /** Takes out what imports from the module first. */
  readonly recursive?: boolean
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
}

/** @throws ModuleError when the module cannot be removed now; nothing has changed then */
export function checkRemovable(module: Module | undefined, name: string): asserts module is Module {
  if (!module || module.state.is === 'GONE') throw new ModuleError('ENOENT', { module: name })
  if (module.holders.size > 0) {
    const holders = [...module.holders].map(holder => holder.name).sort()
    throw new ModuleError('EHOLDERS', { module: module.name, holders })
  }
  const { state } = module
  if (state.is !== 'LIVE')
    throw new ModuleError('ENOTLIVE', { module: module.name, being: state.is === 'GOING' ? 'unloaded' : 'loaded' })
  if (state.loaded.hooks.info.permanent) throw new ModuleError('EPERMANENT', { module: module.name })
}

/** Takes away, in this very tick, everything that the kernel knows of a LIVE module. What is left to do takes its time in `finishRemoval`. */
export function withdraw(core: Core, module: Module): Loaded {
  const { state } = module
  if (state.is !== 'LIVE') throw new TypeError(`${module.label} is ${state.is}`)
  const { loaded } = state
  module.gate.withdraw()
  loaded.context.withdraw()
  if (core.byFile.get(module.file) === module) core.byFile.delete(module.file)
  module.transition({ is: 'GOING', loaded, since: Date.now() })
  return loaded
}

/**
 * The slow part of an unload, from the wait for calls in flight to GONE. Nothing in it can fail it.
 */
export async function finishRemoval(
  core: Core,
  module: Module,
  loaded: Loaded,
  options: RemoveOptions,
): Promise<UnloadReport> {
  const { seam, log } = core
  const started = seam.now()
  const { image, context, hooks } = loaded
  const callsInFlight = module.gate.inFlight
  const drained = await module.gate.drained(options.grace ?? core.settings.grace, seam)
  if (!drained)
    log.warn(
      `${module.gate.inFlight} calls still in flight after the grace period; they finish in the old code`,
      module.name,
    )
  context.abort()
  let exitError: Error | undefined
  const note = (what: string) => (error: unknown) => {
    exitError ??= error instanceof Error ? error : new Error(String(error))
    log.error(`${what}: ${exitError.message}`, module.name)
  }
  const { exit } = hooks
  if (exit) {
    const limit = core.settings.exitTimeout
    const late = () => new Error(`exit took longer than ${limit} ms`)
    await within(
      seam,
      limit,
      Promise.resolve().then(() => exit(context)),
      late,
    ).catch(note('exit threw'))
  }
  await within(
    seam,
    core.settings.exitTimeout,
    context.dispose(note('a deferred function threw')),
    () => new Error('deferred functions took too long'),
  ).catch(note('deferred'))
  const leftovers = module.leftovers.closeAll(file => image.files.includes(file))
  for (const { kind, where, closed } of leftovers)
    log.warn(`left behind: ${kind} from ${where}${closed ? ', closed' : ', could not be closed'}`, module.name)
  release(module)
  const since = Date.now()
  core.lingering.add(module, image, since)
  if (core.modules.get(module.name) === module) core.modules.delete(module.name)
  module.transition({ is: 'GONE', since })
  const ms = seam.now() - started
  log.info(`${module.label} removed, ${image.bytes} bytes linger until nobody can call them`, module.name)
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

/**
 * Unloads a module. Everything that the kernel knows of it is gone before the promise is returned.
 */
export function rmmod(core: Core, name: string, options: RemoveOptions): Promise<UnloadReport> {
  let module: Module | undefined
  try {
    module = core.modules.get(name)
    if (module && options.recursive && module.holders.size > 0) return removeTree(core, module, options)
    checkRemovable(module, name)
  } catch (error) {
    return Promise.reject(error as Error)
  }
  return finishRemoval(core, module, withdraw(core, module), options)
}

/** Those that import from `module`, however indirectly, before it. */
async function removeTree(core: Core, module: Module, options: RemoveOptions): Promise<UnloadReport> {
  while (module.holders.size > 0) {
    const [holder] = module.holders
    await rmmod(core, holder!.name, options)
  }
  return rmmod(core, module.name, options)
}
