import { ImageFault } from '../images/fault.ts'
import type { Image } from '../images/image.ts'
import { type ModuleRecord, readResolved } from '../images/module_record.ts'
import { CallGate } from './call_gate.ts'
import { type ContextHost, ModuleContextImplementation } from './context.ts'
import { type Core, eventOf } from './core.ts'
import { Dependencies, type DependencyWish } from './dependencies.ts'
import { ModuleError } from './errno.ts'
import { faceOf, keyOf } from './extension.ts'
import { hold, pathOfImports, release } from './holders.ts'
import { type ModuleInfo, parseInfo } from './info.ts'
import { noteAddon } from './leftovers/addons.ts'
import { Leftovers } from './leftovers/leftovers.ts'
import { createViews } from './leftovers/views.ts'
import { initError, loadError } from './load_errors.ts'
import { admit } from './memory.ts'
import { type Loaded, Module, type ModuleHooks } from './module.ts'
import type { ModuleLocation } from './module_folders.ts'
import { type Params, parseParams } from './moduleparam.ts'
import { reclaimOldest } from './reclaim.ts'
import { isThenable, within } from './seam.ts'
import type { Verify } from './signature.ts'
import { successorsOf } from './successor.ts'
import { ReferenceCount } from './unload/reference_count.ts'
import { schemeOf, stricter } from './unload/scheme.ts'

/** What is known only while a module is being loaded; the live record keeps none of it (the habit of the kernel's load_info). */
export interface LoadInfo extends DependencyWish {
  readonly location: ModuleLocation
  readonly params: Params
  /** Does not look at the signature. */
  readonly force?: boolean
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
    image = createImage(core, module, checkSignature(core, module, info))
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
    const dependencies = new Dependencies(core, module, image, info)
    await dependencies.wait()
    const inherited = await info.inherit?.()
    // From here to COMING in one tick: whoever replaces a dependency later finds this importer and binds it to the new image.
    image.link(dependencies.hold())
    return await initialise(core, module, image, info, moduleInfo, params, inherited)
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

/** @throws ModuleError EKEYREJECTED */
function checkSignature(core: Core, module: Module, { location, given, force = false }: LoadInfo): Verify | undefined {
  const { keyring, taints, log } = core
  if (!keyring) return undefined
  const { label, name } = module
  const note = (reason: string): void => log.error(`module verification failed: ${reason}`, name)
  // As in the kernel: what is forced is looked at as if it were not signed.
  const verify = force ? undefined : keyring.open(location, given, note)
  if (verify) return verify
  if (keyring.required) {
    const reason = 'signature and/or required key missing'
    note(reason)
    throw new ModuleError('EKEYREJECTED', { file: given, reason })
  }
  if (force) taints.add('forcedLoad', `${label} was loaded by force`, name)
  taints.add('unsigned', `${label} has no valid signature`, name)
  return undefined
}

function createImage(core: Core, module: Module, verify: Verify | undefined): Image {
  const views = createViews(module.leftovers)
  return core.createImage({
    label: module.label,
    entry: module.file,
    root: module.root,
    environment: {
      globals: views.globals,
      builtin: views.builtin,
      usesAddon: file => noteAddon(module.leftovers, file),
      ...(verify && { verify }),
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
  if (module.state.is === 'COMING' || module.state.is === 'LIVE') {
    // Of modules that hold each other none could ever go.
    const loop = pathOfImports(dependency, module)
    if (loop) throw new ModuleError('ELOOP', { file: module.file, loop: [module.name, ...loop] })
    hold(module, dependency)
  }
  return dependency.state.loaded.image.entryRecord
}

function checkParams(core: Core, module: Module, info: LoadInfo, moduleInfo: ModuleInfo): Params {
  const given = { ...core.settings.params[module.name], ...info.params }
  return parseParams(info.given, moduleInfo.params, given, name =>
    core.log.warn(`unknown parameter '${name}' ignored`, module.name),
  )
}

async function initialise(
  core: Core,
  module: Module,
  image: Image,
  info: LoadInfo,
  moduleInfo: ModuleInfo,
  params: Params,
  inherited: unknown,
): Promise<Loaded> {
  const { seam, settings } = core
  const started = seam.now()
  const inTime = <T>(work: Promise<T>, phase: string): Promise<T> => {
    const left = settings.initTimeout <= 0 ? 0 : Math.max(1, settings.initTimeout - (seam.now() - started))
    const late = () => initError(info.given, image, undefined, `${phase} took longer than ${settings.initTimeout} ms`)
    return seam.step(`${module.label}: end of ${phase}`, within(seam, left, work, late))
  }
  const context = new ModuleContextImplementation(contextHost(core, module), eventContext(module), params, inherited)
  const loaded: { image: Image; context: ModuleContextImplementation; hooks: ModuleHooks } = {
    image,
    context,
    hooks: { info: moduleInfo, init: undefined, exit: undefined, handoff: undefined },
  }
  module.transition({ is: 'COMING', loaded })
  try {
    // What is over at once needs no clock.
    const evaluated = image.evaluate()
    if (evaluated) await inTime(evaluated, 'evaluation')
    loaded.hooks = readHooks(module, image, moduleInfo)
    const { init } = loaded.hooks
    const initialised = init?.(context)
    if (isThenable(initialised)) await inTime(Promise.resolve(initialised), 'init')
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
    createLog: () => ({
      debug: text => core.log.debug(text, name),
      info: text => core.log.info(text, name),
      warn: text => core.log.warn(text, name),
      error: text => core.log.error(text, name),
    }),
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
    const disposing = loaded.context.dispose(core.seam, note)
    if (disposing) {
      const late = () => new Error('deferred functions took too long')
      const disposed = within(core.seam, core.settings.exitTimeout, disposing, late)
      await core.seam.step(`${module.label}: its deferred functions have run`, disposed).catch(note)
    }
  }
  const closing = module.leftovers.closeAll(core.seam, file => image?.files.includes(file) ?? false)
  for (const { kind, where, what } of await core.seam.step(`${module.label}: its leftovers are closed`, closing))
    core.log.warn(`left behind by a failed init: ${kind} (${what}) from ${where}`, module.name)
  module.leftovers.end(core.seam)
  release(module)
  if (module.state.is !== 'GOING') return
  const since = Date.now()
  module.transition({ is: 'GONE', since })
  if (image) core.lingering.add(module, image, since)
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
