import { ImageFault } from '../images/fault.ts'
import type { Image, ImageEnvironment, ImageGlobals } from '../images/image.ts'
import { type ModuleRecord, readResolved, SyntheticModule } from '../images/module_record.ts'
import { mergeParams } from '../modprobe/merge_params.ts'
import { CallGate, type GateOptions } from './call_gate.ts'
import { type ContextHost, ModuleContextImplementation, type ModuleLog } from './context.ts'
import { type Core, eventOf, forget } from './core.ts'
import { Dependencies, type DependencyWish } from './dependencies.ts'
import { ModuleError } from './errno.ts'
import type { Entry, Slot } from './extension.ts'
import { faceOf, keyOf } from './faces.ts'
import { pathOfImports, release } from './holders.ts'
import { type ModuleInfo, parseInfo } from './info.ts'
import { noteAddon } from './leftovers/addons.ts'
import { Leftovers } from './leftovers/leftovers.ts'
import { Views } from './leftovers/views.ts'
import { initError, loadError } from './load_errors.ts'
import { admit } from './memory.ts'
import { type Loaded, Module, type ModuleHooks } from './module.ts'
import type { ModuleLocation } from './module_location.ts'
import { type Params, parseParams } from './moduleparam.ts'
import { printed } from './printk.ts'
import { reclaimOldest } from './reclaim.ts'
import { isThenable, TimedOut, within } from './seam.ts'
import type { Verify } from './signature.ts'
import { successorsOf } from './successor.ts'
import { errorOf, readable } from './thrown.ts'
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
  const { gates, observe } = sharedBy(core)
  return new Module({
    ...location,
    generation,
    scheme: core.settings.scheme,
    gate: new CallGate(label, gates),
    leftovers: new Leftovers(),
    given: info.params,
    observe,
  })
}

/** What is the same for all modules of a kernel. */
interface Shared {
  readonly gates: GateOptions
  observe(module: Module): void
}

const sharedByCore = new WeakMap<Core, Shared>()

function sharedBy(core: Core): Shared {
  const known = sharedByCore.get(core)
  if (known) return known
  const shared: Shared = {
    gates: {
      log: core.log,
      lateCalls: core.settings.lateCalls,
      onFirstLateCall: (label, name, site) =>
        core.log.warn(`late call of ${name} in ${label} from ${site.place(() => true)}`, label.split('#')[0]),
    },
    observe(module) {
      const { is } = module.state
      if (is !== 'UNFORMED') core.notifier.notify(EVENTS[is], eventOf(module))
    },
  }
  sharedByCore.set(core, shared)
  return shared
}

const EVENTS = { COMING: 'coming', LIVE: 'live', GOING: 'going', GONE: 'gone' } as const

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
  if (force) taints.add('forcedLoad', `${label} was loaded by force`, module)
  taints.add('unsigned', `${label} has no valid signature`, module)
  return undefined
}

/** What an image sees of its kernel. */
class ImageSide implements ImageEnvironment {
  readonly #core: Core
  readonly #module: Module
  readonly #views: Views
  declare readonly verify?: Verify

  constructor(core: Core, module: Module, verify: Verify | undefined) {
    this.#core = core
    this.#module = module
    this.#views = new Views(module.leftovers, () => ({
      module: `${module.name} of ${core.mark}`,
      generation: module.generation,
    }))
    if (verify) this.verify = verify
  }

  get globals(): ImageGlobals {
    return this.#views
  }

  builtin(name: string): unknown {
    return this.#views.builtin(name)
  }

  usesAddon(file: string): void {
    noteAddon(this.#module.leftovers, file)
  }

  isModule(file: string): boolean {
    const { byFile, folders } = this.#core
    return file !== this.#module.file && (byFile.has(file) || folders.locationOf(file) !== undefined)
  }

  requestModule(file: string, specifier: string): Promise<ModuleRecord> {
    return requestModule(this.#core, this.#module, file, specifier)
  }
}

function createImage(core: Core, module: Module, verify: Verify | undefined): Image {
  const { label, file, root } = module
  return core.createImage({ label, entry: file, root, environment: new ImageSide(core, module, verify) })
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
    module.hold(dependency)
  }
  return dependency.state.loaded.image.entryRecord
}

function checkParams(core: Core, module: Module, info: LoadInfo, moduleInfo: ModuleInfo): Params {
  const configured = core.settings.params[module.name]
  const given = configured ? mergeParams(configured, info.params) : info.params
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
  const context = new ModuleContextImplementation(new KernelSide(core, module), eventContext(module), params, inherited)
  const loaded: { image: Image; context: ModuleContextImplementation; hooks: ModuleHooks } = {
    image,
    context,
    hooks: { info: moduleInfo, exit: undefined, handoff: undefined },
  }
  module.transition({ is: 'COMING', loaded })
  try {
    // What is over at once needs no clock.
    const evaluated = image.evaluate()
    if (evaluated) await inTime(evaluated, 'evaluation')
    const initialised = hookOf(module, image, 'init')?.(context)
    if (isThenable(initialised)) await inTime(Promise.resolve(initialised), 'init')
    // Exports are live bindings: init may have given them their values.
    loaded.hooks = {
      info: moduleInfo,
      exit: hookOf(module, image, 'exit'),
      handoff: hookOf(module, image, 'handoff'),
    }
  } catch (thrown) {
    const error = readable(thrown)
    if (error instanceof ModuleError || error instanceof ImageFault) throw error
    throw initError(info.given, image, error)
  }
  return loaded
}

const eventContext = (module: Module) => ({ name: module.name, generation: module.generation, file: module.file })

/** What the context of a module asks of its kernel. */
class KernelSide implements ContextHost {
  readonly #core: Core
  readonly #module: Module
  #successorOf: ReturnType<typeof successorsOf> | undefined

  constructor(core: Core, module: Module) {
    this.#core = core
    this.#module = module
  }

  entryOf(point: string, ops: unknown): Entry {
    const { gate } = this.#module
    this.#successorOf ??= successorsOf(this.#core, this.#module)
    return {
      owner: eventOf(this.#module),
      face: faceOf(ops, gate, point, this.#successorOf(point, ops)),
      key: keyOf(ops),
    }
  }

  publish(point: string, entry: Entry): Slot {
    return this.#core.point(point).add(entry)
  }

  retract(point: string, slot: Slot): void {
    this.#core.point(point).remove(slot)
  }

  request(alias: string): Promise<boolean> {
    return this.#core.request(alias)
  }

  createLog(): ModuleLog {
    const { log } = this.#core
    const { name } = this.#module
    return {
      debug: (...what) => log.debug(printed(what), name),
      info: (...what) => log.info(printed(what), name),
      warn: (...what) => log.warn(printed(what), name),
      error: (...what) => log.error(printed(what), name),
    }
  }
}

function hookOf(module: Module, { entryRecord }: Image, name: 'init' | 'exit' | 'handoff') {
  // What CommonJS exports is an object, and its hooks are methods of that. Names that are found by a look at the text miss `module.exports = new Plugin()`.
  if (entryRecord instanceof SyntheticModule) {
    const exported = entryRecord.readBinding('default') as Record<string, unknown> | null | undefined
    const method = functionOf(exported?.[name])
    if (method) return method.bind(exported)
  }
  const resolution = entryRecord.resolveExport(name)
  // By `export *` a module passes on what another exports, but the other's hooks are run once, for the other.
  if (!resolution || resolution === 'ambiguous') return undefined
  // What the entry declares is the module's own; what it exports again may be that of a module it imports from.
  if (resolution.module !== entryRecord && isOfDependency(module, resolution.module)) return undefined
  return functionOf(readResolved(resolution))
}

const functionOf = (value: unknown): ((...args: unknown[]) => unknown) | undefined =>
  typeof value === 'function' ? (value as (...args: unknown[]) => unknown) : undefined

function isOfDependency(module: Module, { file }: ModuleRecord): boolean {
  const dependencies = new Set(module.uses)
  for (const { state, uses } of dependencies) {
    if (state.is === 'LIVE' && state.loaded.image.files.includes(file)) return true
    for (const used of uses) dependencies.add(used)
  }
  return false
}

/** Takes a failed load back, by the steps of an unload but without `exit`: it was never in service. */
export async function rollBack(core: Core, module: Module, image: Image | undefined): Promise<void> {
  const { state } = module
  const loaded = state.is === 'COMING' ? state.loaded : undefined
  module.gate.cut('thrown away before it was in service')
  loaded?.context.withdraw()
  if (state.is === 'COMING') module.transition({ is: 'GOING', phase: 'leaving', loaded, since: Date.now() })
  loaded?.context.abort()
  if (loaded) {
    const note = (thrown: unknown) => {
      const { message } = errorOf(thrown)
      core.log.error(
        readable(thrown) instanceof TimedOut ? message : `a deferred function threw: ${message}`,
        module.name,
      )
    }
    const disposing = loaded.context.dispose(core.seam, core.settings.exitTimeout, note)
    if (disposing) await core.seam.step(`${module.label}: its deferred functions have run`, disposing)
  }
  const closing = module.leftovers.closeAll(core.seam, file => image?.files.includes(file) ?? false)
  for (const { kind, where, what } of await core.seam.step(`${module.label}: its leftovers are closed`, closing))
    core.log.warn(`left behind by a failed init: ${kind} (${what}) from ${where}`, module.name)
  module.leftovers.end(core.seam)
  release(module)
  if (module.state.is !== 'GOING') return
  forget(core, module)
  const since = Date.now()
  module.transition({ is: 'GONE', since })
  if (image) core.lingering.add(module, image, since)
}
