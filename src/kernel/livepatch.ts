import type { Image } from '../images/image.ts'
import { relink } from '../images/relink.ts'
import { mergeParams } from '../modprobe/merge_params.ts'
import type { Core } from './core.ts'
import { createModule } from './create_module.ts'
import type { RemoveOptions } from './delete_module.ts'
import { ModuleError } from './errno.ts'
import { finishRemoval, type UnloadReport } from './free_module.ts'
import { pathOfImports } from './holders.ts'
import { type LoadInfo, prepareModule } from './load_module.ts'
import type { Loaded, Module } from './module.ts'
import type { ModuleLocation } from './module_location.ts'
import type { Params } from './moduleparam.ts'
import { rollBack } from './roll_back.ts'
import { within } from './seam.ts'
import { messageOf, readable } from './thrown.ts'

export interface ReplaceOptions extends Pick<RemoveOptions, 'grace'> {
  readonly params?: Params
  readonly loadDependency?: (location: ModuleLocation) => Promise<unknown>
}

/** What a replace did: the new image is in service, and the old one has been unloaded as `unloaded` tells. */
export interface ReplaceReport {
  readonly module: string
  /** Of the image that serves now. */
  readonly generation: number
  readonly unloaded: UnloadReport
}

/**
 * Puts a new image of a module into the place of the old one in one tick. Until then the old one serves, and whatever fails before leaves it
 * serving.
 *
 * @throws ModuleError
 */
export async function replace(core: Core, name: string, options: ReplaceOptions): Promise<ReplaceReport> {
  const old = liveModule(core, name)
  if (loadedOf(old).hooks.info.permanent) throw new ModuleError('EPERMANENT', { module: name })
  if (core.replacing.has(name)) throw new ModuleError('ENOTLIVE', { module: name, being: 'loaded' })
  let ended!: () => void
  core.replacing.set(name, new Promise(resolve => (ended = resolve)))
  const info: LoadInfo = {
    location: { name, file: old.file, root: old.root },
    given: old.file,
    params: options.params ? mergeParams(old.given, options.params) : old.given,
    ...(options.loadDependency && { loadDependency: options.loadDependency }),
    // Closes over the record alone, which lets go of the code: the new image may hold this for as long as it lives.
    inherit: () => handOff(core, old),
  }
  const next = createModule(core, info.location, info.params)
  let swapped: { next: Loaded; old: Loaded }
  try {
    const loaded = await prepareModule(core, next, info)
    try {
      refuseLoops(next, old, info.given)
      swapped = { next: loaded, old: swap(core, old, next, loaded) }
    } catch (error) {
      await rollBack(core, next, loaded.image)
      throw error
    }
  } catch (error) {
    core.log.error(`not replaced, ${old.label} keeps serving: ${messageOf(error)}`, name)
    throw error
  } finally {
    core.replacing.delete(name)
    ended()
  }
  core.log.info(`${next.label} replaced ${old.label}, ${swapped.next.image.bytes} bytes`, name)
  const unloaded = await finishRemoval(core, old, swapped.old, options)
  return { module: name, generation: next.generation, unloaded }
}

function liveModule(core: Core, name: string): Module {
  const module = core.modules.get(name)
  if (!module) throw new ModuleError('ENOENT', { module: name })
  loadedOf(module)
  return module
}

/** @throws ModuleError ENOENT, ENOTLIVE unless the module is LIVE */
function loadedOf({ name, state }: Module): Loaded {
  if (state.is === 'LIVE') return state.loaded
  if (state.is === 'GONE') throw new ModuleError('ENOENT', { module: name })
  throw new ModuleError('ENOTLIVE', { module: name, being: state.is === 'GOING' ? 'unloaded' : 'loaded' })
}

const handOff = async (core: Core, module: Module): Promise<unknown> => {
  const { handoff } = loadedOf(module).hooks
  if (!handoff) return undefined
  const late = () =>
    new ModuleError('EINIT', {
      module: module.name,
      reason: `handoff took longer than ${core.settings.initTimeout} ms`,
    })
  const handed = within(
    core.seam,
    core.settings.initTimeout,
    Promise.resolve().then(() => handoff()),
    late,
  )
  try {
    return await core.seam.step(`${module.label}: end of handoff`, handed)
  } catch (thrown) {
    const error = readable(thrown)
    if (error instanceof ModuleError) throw error
    const reason = `handoff threw: ${messageOf(error)}`
    throw new ModuleError('EINIT', { module: module.name, reason }, { cause: error })
  }
}

/** The new version may import from modules that import from the old one; then neither could ever go first. */
function refuseLoops(next: Module, old: Module, file: string): void {
  const loop = pathOfImports(next, old)
  if (loop) throw new ModuleError('ELOOP', { file, loop })
}

/** The one tick: places, importers, list. Throws before anything has changed, or not at all. */
function swap(core: Core, old: Module, next: Module, loaded: Loaded): Loaded {
  if (old.state.is !== 'LIVE' || core.modules.get(old.name) !== old) {
    if (old.state.is === 'GOING') throw new ModuleError('ENOTLIVE', { module: old.name, being: 'unloaded' })
    throw new ModuleError('ENOENT', { module: old.name })
  }
  const previous = old.state.loaded
  const relinkAll = relinkImporters(old, previous, loaded)
  // Nothing below can throw.
  relinkAll()
  for (const holder of [...old.holders]) {
    holder.letGo(old)
    holder.hold(next)
  }
  old.gate.withdraw()
  const tell = swapRegistrations(core, previous, loaded)
  core.modules.set(next.name, next)
  core.byFile.set(next.file, next)
  core.outgoing.add(old)
  const since = Date.now()
  next.transition({ is: 'LIVE', loaded, since })
  old.transition({ is: 'GOING', phase: 'leaving', loaded: previous, since })
  for (const told of tell) told()
  return previous
}

/** @throws ModuleError ENOEXEC, naming the importer that would lose an export that it uses */
function relinkImporters(old: Module, previous: Loaded, loaded: Loaded): () => void {
  const importers = new Map<Image, Module>()
  const collect = (module: Module): void => {
    for (const holder of module.holders) {
      const { state } = holder
      if ((state.is !== 'LIVE' && state.is !== 'COMING') || importers.has(state.loaded.image)) continue
      importers.set(state.loaded.image, holder)
      collect(holder)
    }
  }
  collect(old)
  return relink([...importers.keys()], previous.image.entryRecord, loaded.image.entryRecord, (error, image) => {
    if (error.fault.kind !== 'symbol') throw error
    const { symbol, place, frame } = error.fault
    const importer = importers.get(image)!.name
    throw new ModuleError('ENOEXEC', {
      module: old.name,
      importer,
      symbol,
      place: `${place.file}:${place.line}:${place.column}`,
      frame,
    })
  })
}

function swapRegistrations(core: Core, previous: Loaded, loaded: Loaded): (() => void)[] {
  const tell: (() => void)[] = []
  const oldOnes = [...previous.context.registered]
  const newOnes = [...loaded.context.registered]
  for (const name of new Set([...oldOnes, ...newOnes].map(({ point }) => point))) {
    const slots = oldOnes.flatMap(({ point, slot }) => (point === name && slot ? [slot] : []))
    const arriving = newOnes.filter(({ point }) => point === name)
    const swapped = core.point(name).swap(
      slots,
      arriving.map(({ entry }) => entry),
    )
    for (const [index, registered] of arriving.entries()) registered.slot = swapped.slots[index]
    tell.push(swapped.tell)
  }
  previous.context.markWithdrawn()
  loaded.context.markPublished()
  return tell
}
