import { mergeParams } from '../modprobe/merge_params.ts'
import type { Core } from './core.ts'
import { createModule } from './create_module.ts'
import type { RemoveOptions } from './delete_module.ts'
import type { Peer } from './dependencies.ts'
import { ModuleError } from './errno.ts'
import { finishRemoval, type UnloadReport } from './free_module.ts'
import { type LoadInfo, prepareModule } from './load_module.ts'
import { foldName, type Loaded, type Module } from './module.ts'
import { locateAgain, type ModuleLocation } from './module_location.ts'
import type { Params } from './moduleparam.ts'
import { rollBack } from './roll_back.ts'
import { within } from './seam.ts'
import { type Succession, swap } from './swap.ts'
import { messageOf, readable } from './thrown.ts'

export interface ReplaceOptions extends Pick<RemoveOptions, 'grace'> {
  readonly params?: Params
  /** Other modules to replace in the same tick: versions that need each other go into service together, or none does. */
  readonly with?: readonly string[]
  readonly loadDependency?: (location: ModuleLocation) => Promise<unknown>
}

/** What a replace did: the new image is in service, and the old one has been unloaded as `unloaded` tells. */
export interface ReplaceReport {
  readonly module: string
  /** Of the image that serves now. */
  readonly generation: number
  readonly unloaded: UnloadReport
  /** With the option `with`: the same of each of those, in that order. */
  readonly with?: readonly ReplaceReport[]
}

/**
 * Puts a new image of a module into the place of the old one in one tick, and those of others with it. Until then the old ones serve, and whatever fails before leaves
 * them serving.
 *
 * @throws ModuleError
 */
export async function replace(core: Core, name: string, options: ReplaceOptions): Promise<ReplaceReport> {
  const names = new Set([name, ...(options.with ?? []).map(foldName)])
  const olds = [...names].map(each => replaceable(core, each))
  const release = claim(core, names)
  const ready: Succession[] = []
  let previous: Loaded[]
  try {
    previous = await succeed(core, olds, options, ready)
  } catch (error) {
    for (const old of olds) core.log.error(`not replaced, ${old.label} keeps serving: ${messageOf(error)}`, old.name)
    throw error
  } finally {
    release()
  }
  for (const { old, next, loaded } of ready)
    core.log.info(`${next.label} replaced ${old.label}, ${loaded.image.bytes} bytes`, old.name)
  const reports = await unloadAll(core, ready, previous, options)
  const [own, ...others] = [...names].map(each => reports.find(({ module }) => module === each)!)
  return options.with ? { ...own!, with: others } : own!
}

/** @throws ModuleError ENOENT, ENOTLIVE, EPERMANENT */
function replaceable(core: Core, name: string): Module {
  const module = core.modules.get(name)
  if (!module) throw new ModuleError('ENOENT', { module: name })
  if (loadedOf(module).hooks.info.permanent) throw new ModuleError('EPERMANENT', { module: name })
  if (core.replacing.has(name)) throw new ModuleError('ENOTLIVE', { module: name, being: 'loaded' })
  return module
}

/** Until it is released, nobody else replaces these. */
function claim(core: Core, names: ReadonlySet<string>): () => void {
  let ended!: () => void
  const end = new Promise<void>(resolve => (ended = resolve))
  for (const name of names) core.replacing.set(name, end)
  return () => {
    for (const name of names) core.replacing.delete(name)
    ended()
  }
}

/**
 * @param ready is given what has been prepared, each after those that it imports from
 * @returns what the old images were made of, in that order
 */
async function succeed(
  core: Core,
  olds: readonly Module[],
  options: ReplaceOptions,
  ready: Succession[],
): Promise<Loaded[]> {
  const peers = new Map<string, Preparation>()
  for (const [index, old] of olds.entries()) {
    const { loadDependency, params } = options
    const { name, file, root, placed } = old
    const location = locateAgain(old) ?? { name, file, root, placed }
    const info: LoadInfo = {
      location,
      given: location.file,
      params: index === 0 && params ? mergeParams(old.given, params) : old.given,
      ...(loadDependency && { loadDependency }),
      // Closes over the record alone, which lets go of the code: the new image may hold this for as long as it lives.
      inherit: () => handOff(core, old),
      peers,
    }
    peers.set(location.file, new Preparation(core, old, info, ready))
  }
  try {
    for (const peer of peers.values()) await peer.prepare()
    return swap(core, ready)
  } catch (error) {
    for (const { next, loaded } of ready.toReversed()) await rollBack(core, next, loaded.image)
    throw error
  }
}

/** The making of one next image. */
class Preparation implements Peer {
  readonly #core: Core
  readonly #old: Module
  readonly #info: LoadInfo
  readonly #ready: Succession[]
  #made: Promise<void> | undefined
  next: Module | undefined

  constructor(core: Core, old: Module, info: LoadInfo, ready: Succession[]) {
    this.#core = core
    this.#old = old
    this.#info = info
    this.#ready = ready
  }

  prepare(): Promise<void> {
    this.#made ??= this.#make()
    return this.#made
  }

  async #make(): Promise<void> {
    const next = createModule(this.#core, this.#info.location, this.#info.params)
    const loaded = await prepareModule(this.#core, next, this.#info)
    this.next = next
    this.#ready.push({ old: this.#old, next, loaded })
  }
}

/** Each begins to leave at once, and is taken apart when the old images that import from it have left. */
async function unloadAll(
  core: Core,
  successions: readonly Succession[],
  previous: readonly Loaded[],
  options: ReplaceOptions,
): Promise<ReplaceReport[]> {
  const previousOf = new Map(successions.map(({ old }, index) => [old, previous[index]!]))
  const leaving = new Map<Module, Promise<UnloadReport>>()
  const leave = (old: Module): Promise<UnloadReport> => {
    let left = leaving.get(old)
    if (left) return left
    const importers = [...old.holders].filter(holder => previousOf.has(holder)).map(leave)
    left = finishRemoval(core, old, previousOf.get(old)!, options, { importers })
    leaving.set(old, left)
    return left
  }
  const reports = successions.map(async ({ old, next }) => ({
    module: old.name,
    generation: next.generation,
    unloaded: await leave(old),
  }))
  return Promise.all(reports)
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
