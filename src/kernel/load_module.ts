import { ImageFault } from '../images/fault.ts'
import type { Image } from '../images/image.ts'
import { isInside } from '../images/resolve.ts'
import { mergeParams } from '../modprobe/merge_params.ts'
import { ModuleContextImplementation } from './context.ts'
import { KernelHost } from './context_host.ts'
import type { Core } from './core.ts'
import { Dependencies, type DependencyWish } from './dependencies.ts'
import { ModuleError } from './errno.ts'
import { createImage } from './image_environment.ts'
import { type ModuleInfo, parseInfo } from './info.ts'
import { initError, loadError } from './load_errors.ts'
import { admit } from './memory.ts'
import type { Loaded, Module, ModuleHooks } from './module.ts'
import { hookOf } from './module_hooks.ts'
import type { ModuleLocation } from './module_location.ts'
import { type Params, parseParams } from './moduleparam.ts'
import { reclaimOldest } from './reclaim.ts'
import { rollBack } from './roll_back.ts'
import { isThenable, within } from './seam.ts'
import type { Verify } from './signature.ts'
import { readable } from './thrown.ts'
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
    const context = new ModuleContextImplementation(new KernelHost(core, module), identityOf(module), params, inherited)
    // From here to COMING in one tick: whoever replaces a dependency later finds this importer and binds it to the new image.
    image.link(dependencies.hold())
    const hooks = { info: moduleInfo, exit: undefined, handoff: undefined }
    return await initialise(core, module, { image, context, hooks }, info.given)
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
  const { keyring, ownPackages, taints, log } = core
  if (!keyring) return undefined
  const { label, name } = module
  const note = (reason: string): void => log.error(`module verification failed: ${reason}`, name)
  // Whoever installs the host's packages says what is in them, whether or not a module has an instance of its own.
  const isHosts = (path: string): boolean => ownPackages?.has(path) === true && !isOfFolder(location, path)
  // As in the kernel: what is forced is looked at as if it were not signed.
  const verify = force ? undefined : keyring.open(location, given, isHosts, note)
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

const isOfFolder = ({ root }: ModuleLocation, path: string): boolean => root !== undefined && isInside(path, root)

function checkParams(core: Core, module: Module, info: LoadInfo, moduleInfo: ModuleInfo): Params {
  const configured = core.settings.params.get(module.name)
  const given = configured ? mergeParams(configured, info.params) : info.params
  return parseParams(info.given, moduleInfo.params, given, name =>
    core.log.warn(`unknown parameter '${name}' ignored`, module.name),
  )
}

const identityOf = ({ name, generation, file }: Module) => ({ name, generation, file })

/** Known to the kernel from COMING on, but what the module exports may not have its value before `init` has ended. */
interface Initialising extends Loaded {
  hooks: ModuleHooks
}

/** @throws ModuleError EINIT when the module's own code throws or takes too long, and ImageFault for what is found as it runs */
async function initialise(core: Core, module: Module, loaded: Initialising, file: string): Promise<Loaded> {
  const { seam, settings } = core
  const { image, context, hooks } = loaded
  const started = seam.now()
  const inTime = <T>(work: Promise<T>, phase: string): Promise<T> => {
    const left = settings.initTimeout <= 0 ? 0 : Math.max(1, settings.initTimeout - (seam.now() - started))
    const late = () => initError(file, image, undefined, `${phase} took longer than ${settings.initTimeout} ms`)
    return seam.step(`${module.label}: end of ${phase}`, within(seam, left, work, late))
  }
  module.transition({ is: 'COMING', loaded })
  try {
    // What is over at once needs no clock.
    const evaluated = image.evaluate()
    if (evaluated) await inTime(evaluated, 'evaluation')
    const initialised = hookOf(module, image, 'init')?.(context)
    if (isThenable(initialised)) await inTime(Promise.resolve(initialised), 'init')
    // Exports are live bindings: init may have given them their values.
    loaded.hooks = { ...hooks, exit: hookOf(module, image, 'exit'), handoff: hookOf(module, image, 'handoff') }
  } catch (thrown) {
    const error = readable(thrown)
    if (error instanceof ModuleError || error instanceof ImageFault) throw error
    throw initError(file, image, error)
  }
  return loaded
}
