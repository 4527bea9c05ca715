import { ImageFault } from '../images/fault.ts'
import type { Dependency, Image } from '../images/image.ts'
import { type ModuleRecord, readResolved } from '../images/module_record.ts'
import { CallGate } from './call_gate.ts'
import { type ContextHost, ModuleContextImplementation } from './context.ts'
import { type Core, eventOf } from './core.ts'
import { ModuleError } from './errno.ts'
import { faceOf, keyOf } from './extension.ts'
import { type ModuleInfo, parseInfo } from './info.ts'
import { Leftovers } from './leftovers/leftovers.ts'
import { createViews } from './leftovers/views.ts'
import { initError, loadError } from './load_errors.ts'
import { admit } from './memory.ts'
import { type Loaded, Module, type ModuleHooks } from './module.ts'
import type { ModuleLocation } from './module_folders.ts'
import { type Params, parseParams } from './moduleparam.ts'
import { reclaimOldest } from './reclaim.ts'
import { within } from './seam.ts'
import { successorsOf } from './successor.ts'
import { ReferenceCount } from './unload/reference_count.ts'
import { schemeOf, stricter } from './unload/scheme.ts'

/** What is known only while a module is being loaded; the live record keeps none of it (the habit of the kernel's load_info). */
export interface LoadInfo {
  readonly location: ModuleLocation
  /** The file as the user named it, for messages. */
  readonly given: string
  readonly params: Params
  /** Brings in a module that is imported and not loaded yet; without it such an import is an error, as for insmod. */
  readonly loadDependency?: (location: ModuleLocation) => Promise<unknown>
  /** At a replace: asked for what the old image hands over, once the new one is ready to begin. */
  readonly inherit?: () => Promise<unknown>
}

/** A fresh record of the next image of a name, not yet in the list. */
export function createModule(core: Core, info: LoadInfo): Module {
  const { location } = info
  const generation = (core.generations.get(location.name) ?? 0) + 1
  core.generations.set(location.name, generation)
  const label = `${location.name}#${generation}`
  const count = new ReferenceCount(label, text => core.log.error(text, location.name))
  const gate = new CallGate({
    label,
    lateCalls: core.settings.lateCalls,
    count,
    onFirstLateCall: (name, site) =>
      core.log.warn(`late call of ${name} in ${label} from ${site.place(() => true)}`, location.name),
  })
  return new Module({
    ...location,
    generation,
    scheme: core.settings.scheme,
    gate,
    count,
    leftovers: new Leftovers(),
    given: info.params,
    observe: module => {
      const { is } = module.state
      if (is !== 'UNFORMED')
        core.notifier.notify(
          is === 'COMING' ? 'coming' : is === 'LIVE' ? 'live' : is === 'GOING' ? 'going' : 'gone',
          eventOf(module),
        )
    },
  })
}

/**
 * Reads, links, runs and initialises an image, up to the point where it could go into service. The passes are undone in reverse when one fails, and
 * nothing is left.
 *
 * @throws ModuleError
 */
export async function prepareModule(core: Core, module: Module, info: LoadInfo): Promise<Loaded> {
  let image: Image | undefined
  try {
    image = createImage(core, module)
    await core.seam.step(`${module.label}: its files are read`, image.read())
    const moduleInfo = parseInfo(module.file, image.readText(module.file))
    module.scheme = stricter(core.settings.scheme, moduleInfo.scheme)
    module.gate.useScheme(schemeOf(module.scheme))
    if (core.settings.memory)
      await core.seam.step(
        `${module.label}: there is memory`,
        admit(core, info.given, image, () => reclaimOldest(core)),
      )
    const params = checkParams(core, module, info, moduleInfo)
    const modules = await resolveDependencies(core, module, image, info)
    image.link(modules)
    return await initialise(core, module, image, info, moduleInfo, params)
  } catch (error) {
    // A number that nobody has seen is given again.
    if (module.state.is === 'UNFORMED' && core.generations.get(module.name) === module.generation)
      core.generations.set(module.name, module.generation - 1)
    await rollBack(core, module, image)
    throw error instanceof ModuleError ? error : loadError(error, info.given)
  } finally {
    core.admitted.delete(module.label)
  }
}

function createImage(core: Core, module: Module): Image {
  const views = createViews(module.leftovers)
  return core.createImage({
    label: module.label,
    entry: module.file,
    root: module.root,
    environment: {
      globals: views.globals,
      builtin: name => views.builtin(name),
      isModule: file => file !== module.file && (core.byFile.has(file) || core.folders.locationOf(file) !== undefined),
      requestModule: (file, specifier) => requestModule(core, module, file, specifier),
    },
  })
}

/** `import()` of another module: it must be LIVE, and from then on is held as by any import. */
async function requestModule(core: Core, module: Module, file: string, specifier: string): Promise<ModuleRecord> {
  const dependency = core.byFile.get(file)
  if (dependency?.state.is !== 'LIVE')
    throw new ModuleError('ENOENT', { module: core.folders.locationOf(file)?.name ?? specifier })
  if (module.state.is === 'COMING' || module.state.is === 'LIVE') hold(module, dependency)
  return dependency.state.loaded.image.entryRecord
}

export function hold(module: Module, dependency: Module): void {
  module.uses.add(dependency)
  dependency.holders.add(module)
}

/** Lets go of everything that this module imports from. */
export function release(module: Module): void {
  for (const dependency of module.uses) dependency.holders.delete(module)
  module.uses.clear()
}

function checkParams(core: Core, module: Module, info: LoadInfo, moduleInfo: ModuleInfo): Params {
  const given = { ...core.settings.params[module.name], ...info.params }
  return parseParams(info.given, moduleInfo.params, given, name =>
    core.log.warn(`unknown parameter '${name}' ignored`, module.name),
  )
}

/**
 * Waits until every module that this one imports from is LIVE, checks that they export what is imported, and takes hold of them, all in one tick.
 */
async function resolveDependencies(
  core: Core,
  module: Module,
  image: Image,
  info: LoadInfo,
): Promise<Map<string, ModuleRecord>> {
  const wanted = new Map(image.dependencies.map(dependency => [dependency.file, dependency]))
  const unknownSymbol = (dependency: Dependency, symbol: string): ModuleError => {
    const fault = image.faultOf(dependency, symbol)
    return loadError(fault, info.given, locationName(core, dependency.file))
  }
  const beingUnloaded = ({ file }: Dependency): ModuleError =>
    new ModuleError('ENOENT', { module: locationName(core, file), file: info.given, being: 'unloaded' })
  for (let settled = false; !settled; ) {
    settled = true
    for (const dependency of wanted.values()) {
      const state = await dependencyState(core, module, dependency.file, info)
      if (state === 'waited') settled = false
      else if (state === 'unloading') throw beingUnloaded(dependency)
      else if (state === 'absent') throw unknownSymbol(dependency, dependency.symbols[0] ?? dependency.specifier)
    }
  }
  const records = new Map<string, ModuleRecord>()
  for (const dependency of image.dependencies) {
    const state = core.byFile.get(dependency.file)?.state
    if (state?.is === 'GOING') throw beingUnloaded(dependency)
    if (state?.is !== 'LIVE') throw unknownSymbol(dependency, dependency.symbols[0] ?? dependency.specifier)
    const record = state.loaded.image.entryRecord
    for (const symbol of dependency.symbols) {
      const resolution = record.resolveExport(symbol)
      if (!resolution || resolution === 'ambiguous') throw unknownSymbol(dependency, symbol)
    }
    records.set(dependency.file, record)
  }
  for (const file of records.keys()) hold(module, core.byFile.get(file)!)
  return records
}

const locationName = (core: Core, file: string): string =>
  core.byFile.get(file)?.name ?? core.folders.locationOf(file)?.name ?? file

async function dependencyState(
  core: Core,
  module: Module,
  file: string,
  info: LoadInfo,
): Promise<'live' | 'waited' | 'absent' | 'unloading'> {
  const dependency = core.byFile.get(file)
  if (dependency?.state.is === 'LIVE') return 'live'
  if (dependency?.state.is === 'GOING') return 'unloading'
  const name = locationName(core, file)
  const loading = core.loading.get(name)
  if (loading) {
    refuseLoop(core, module.name, name, info.given)
    core.waitsFor.set(module.name, name)
    const live = await core.seam.step(`${module.label}: the load of ${name} has ended`, loading)
    core.waitsFor.delete(module.name)
    return live ? 'waited' : 'absent'
  }
  const location = info.loadDependency && core.folders.locationOf(file)
  if (!location) return 'absent'
  refuseLoop(core, module.name, name, info.given)
  core.waitsFor.set(module.name, name)
  try {
    await core.seam.step(`${module.label}: ${name} has been brought in`, info.loadDependency!(location))
  } finally {
    core.waitsFor.delete(module.name)
  }
  return 'waited'
}

function refuseLoop(core: Core, waiter: string, wanted: string, file: string): void {
  const loop = [waiter, wanted]
  for (let next = core.waitsFor.get(wanted); next !== undefined; next = core.waitsFor.get(next)) {
    loop.push(next)
    if (next === waiter) throw new ModuleError('ELOOP', { file, loop })
  }
  if (wanted === waiter) throw new ModuleError('ELOOP', { file, loop })
}

async function initialise(
  core: Core,
  module: Module,
  image: Image,
  info: LoadInfo,
  moduleInfo: ModuleInfo,
  params: Params,
): Promise<Loaded> {
  const { seam, settings } = core
  const started = seam.now()
  const inTime = <T>(work: Promise<T>, phase: string): Promise<T> => {
    const left = settings.initTimeout <= 0 ? 0 : Math.max(1, settings.initTimeout - (seam.now() - started))
    const late = () => initError(info.given, image, undefined, `${phase} took longer than ${settings.initTimeout} ms`)
    return seam.step(`${module.label}: end of ${phase}`, within(seam, left, work, late))
  }
  const context = new ModuleContextImplementation(
    contextHost(core, module),
    eventContext(module),
    params,
    await info.inherit?.(),
  )
  const loaded: { image: Image; context: ModuleContextImplementation; hooks: ModuleHooks } = {
    image,
    context,
    hooks: { info: moduleInfo, init: undefined, exit: undefined, handoff: undefined },
  }
  module.transition({ is: 'COMING', loaded })
  try {
    await inTime(image.evaluate(), 'evaluation')
    loaded.hooks = readHooks(module, image, moduleInfo)
    const { init } = loaded.hooks
    // In a promise of its own, so that an init that throws at once and one that rejects are the same.
    if (init)
      await inTime(
        Promise.resolve().then(() => init(context)),
        'init',
      )
  } catch (error) {
    if (error instanceof ModuleError || error instanceof ImageFault) throw error
    throw initError(info.given, image, error)
  }
  return loaded
}

const eventContext = (module: Module) => ({ name: module.name, generation: module.generation, file: module.file })

function contextHost(core: Core, module: Module): ContextHost {
  const { name } = module
  const successorOf = successorsOf(core, module)
  return {
    entryOf: (point, ops) => ({
      owner: eventOf(module),
      face: faceOf(ops, module.gate, point, successorOf(point, ops)),
      key: keyOf(ops),
    }),
    publish: (point, entry) => core.point(point).add(entry),
    retract: (point, slot) => core.point(point).remove(slot),
    request: alias => core.request(alias),
    log: {
      debug: text => core.log.debug(text, name),
      info: text => core.log.info(text, name),
      warn: text => core.log.warn(text, name),
      error: text => core.log.error(text, name),
    },
  }
}

function readHooks(module: Module, image: Image, info: ModuleInfo): ModuleHooks {
  const hook = (name: string) => {
    const resolution = image.entryRecord.resolveExport(name)
    // By `export *` a module passes on what another exports, but the other's hooks are run once, for the other.
    if (!resolution || resolution === 'ambiguous' || isOfDependency(module, resolution.module)) return undefined
    const value = readResolved(resolution)
    return typeof value === 'function' ? (value as (...args: unknown[]) => unknown) : undefined
  }
  return { info, init: hook('init'), exit: hook('exit'), handoff: hook('handoff') }
}

const isOfDependency = (module: Module, record: ModuleRecord): boolean =>
  [...module.uses].some(
    used =>
      (used.state.is === 'LIVE' && used.state.loaded.image.files.includes(record.file)) || isOfDependency(used, record),
  )

/** Takes a failed load back, by the steps of an unload but without `exit`: it was never in service. */
export async function rollBack(core: Core, module: Module, image: Image | undefined): Promise<void> {
  const { state } = module
  const loaded = state.is === 'COMING' ? state.loaded : undefined
  module.gate.cut('thrown away before it was in service')
  loaded?.context.withdraw()
  if (state.is === 'COMING') module.transition({ is: 'GOING', phase: 'leaving', loaded, since: Date.now() })
  loaded?.context.abort()
  if (loaded) {
    const note = (error: unknown) => core.log.error(`a deferred function threw: ${textOf(error)}`, module.name)
    await core.seam.step(`${module.label}: its deferred functions have run`, loaded.context.dispose(note))
  }
  const closing = module.leftovers.closeAll(file => image?.files.includes(file) ?? false)
  for (const { kind, where, what } of await core.seam.step(`${module.label}: its leftovers are closed`, closing))
    core.log.warn(`left behind by a failed init: ${kind} (${what}) from ${where}`, module.name)
  release(module)
  if (module.state.is !== 'GOING') return
  const since = Date.now()
  module.transition({ is: 'GONE', since })
  if (image) core.lingering.add(module, image, since)
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
