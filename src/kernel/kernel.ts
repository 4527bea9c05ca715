import { close } from './close.ts'
import { type ColdplugOptions, type ColdplugReport, coldplug } from './coldplug.ts'
import type { Core } from './core.ts'
import { type RemoveOptions, rmmod } from './delete_module.ts'
import { type DepmodOptions, type DepmodReport, depmod } from './depmod/depmod.ts'
import { ModuleError } from './errno.ts'
import { why } from './explainer.ts'
import { ExtensionPoint } from './extension.ts'
import type { UnloadReport } from './free_module.ts'
import { type InsmodOptions, insmod } from './insmod.ts'
import { checkCall, checkOptions, checkText, type KernelOptions } from './kernel_options.ts'
import type { WhyOptions, WhyReport } from './kmemleak/index.ts'
import type { LingeringImage } from './lingering.ts'
import { type ReplaceOptions, type ReplaceReport, replace } from './livepatch.ts'
import { type ModuleRow, rowOf } from './lsmod.ts'
import { type CoreParts, makeCore } from './make_core.ts'
import { type MemoryUse, memoryUse } from './memory.ts'
import { type ModuleDescription, modinfo } from './modinfo.ts'
import { type ModprobeOptions, modprobe } from './modprobe.ts'
import { modprobeRemove, showRemoval } from './modprobe_remove.ts'
import { foldName } from './module.ts'
import { filesOf, isInPlace, modulesOf } from './module_files.ts'
import { locate } from './module_location.ts'
import { modulePut, tryModuleGet } from './module_references.ts'
import type { Params } from './moduleparam.ts'
import type { KernelEventName, KernelEvents } from './notifier.ts'
import type { KernelLog } from './printk.ts'
import { type ReclaimReport, reclaimAndExplain } from './reclaim.ts'
import { Requests } from './request.ts'
import { modulesInOrder, resolveAlias, type ShownStep, showDepends } from './show_depends.ts'
import { shown } from './shown.ts'
import type { KernelTaint } from './taint.ts'
import { messageOf } from './thrown.ts'
import type { Reference } from './unload/reference_count.ts'
import type { SchemeName } from './unload/scheme.ts'

/** Something that serves a kernel from outside, such as a control socket: started at its first use, stopped when it is closed. */
export interface KernelService {
  /** This and the path hold once it has started. */
  readonly name: string
  readonly path: string
  /** Resolves when it can be reached, or never can. */
  start(kernel: Kernel): Promise<unknown>
  stop(): Promise<void>
}

/** What a kernel is made of, where it is not the usual. */
interface KernelParts extends CoreParts {
  readonly service?: KernelService
}

const NO_PARAMS: Params = Object.freeze({})

/** Looks inside a kernel. Not part of the public interface. */
export let coreOf: (kernel: Kernel) => Core

/** What serves a kernel, if anything does. Not part of the public interface. */
export let serviceOf: (kernel: Kernel) => KernelService | undefined

/**
 * Owns the module list, the extension points and the log. A process may have several. Making one touches nothing: no file is read and no
 * timer runs before the first use.
 */
export class Kernel implements AsyncDisposable {
  readonly log: KernelLog
  readonly #core: Core
  readonly #points = new Map<string, ExtensionPoint<unknown>>()

  readonly #requests: Requests
  readonly #service: KernelService | undefined
  #used = false
  #serving: Promise<unknown> | undefined

  static {
    coreOf = kernel => kernel.#core
    serviceOf = kernel => {
      if (kernel.#service) kernel.#use()
      return kernel.#service
    }
  }

  /** @throws ModuleError EINVAL for a bad option */
  constructor(options: KernelOptions = {}, parts: KernelParts = {}) {
    checkOptions(options)
    this.#service = parts.service
    this.#core = makeCore(options, parts, { point: name => this.point(name), request: alias => this.request(alias) })
    this.log = this.#core.log
    this.#requests = new Requests(this.#core)
  }

  /** Folders in which modules are found by name. */
  get folders(): readonly string[] {
    return this.#core.folders.folders
  }

  get scheme(): SchemeName {
    return this.#core.settings.scheme
  }

  /**
   * Calls `listener` at every event of this name. One that throws is logged, and stops nothing.
   *
   * @throws ModuleError EINVAL for an event that never comes
   * @example
   * kernel.on('gone', ({ module, generation }) => console.log(`${module}#${generation} is gone`))
   * await kernel.modprobe('hello')
   * await kernel.rmmod('hello') // hello#1 is gone
   */
  on<E extends KernelEventName>(event: E, listener: (event: KernelEvents[E]) => void): this {
    this.#core.notifier.on(event, listener)
    return this
  }

  /**
   * As `on`, for the next event alone.
   *
   * @throws ModuleError EINVAL for an event that never comes
   */
  once<E extends KernelEventName>(event: E, listener: (event: KernelEvents[E]) => void): this {
    this.#core.notifier.once(event, listener)
    return this
  }

  /**
   * Takes a listener away again; one that is not there is nothing wrong.
   *
   * @throws ModuleError EINVAL for an event that never comes
   */
  off<E extends KernelEventName>(event: E, listener: (event: KernelEvents[E]) => void): this {
    this.#core.notifier.off(event, listener)
    return this
  }

  /**
   * The extension point of this name, made when it is first asked for.
   *
   * @throws ModuleError EINVAL for what is no name
   * @example
   * const greeters = kernel.point<(name: string) => string>('greeter')
   * await kernel.modprobe('hello')
   * console.log(greeters.size) // 1
   */
  point<T = (...args: never[]) => unknown>(name: string): ExtensionPoint<T> {
    checkText('point', 'a name', name)
    let point = this.#points.get(name)
    if (!point) {
      point = new ExtensionPoint<unknown>(name, error =>
        this.log.error(`a listener of the point '${name}' threw: ${messageOf(error)}`),
      )
      this.#points.set(name, point)
    }
    return point as unknown as ExtensionPoint<T>
  }

  /**
   * Inserts one file, or one folder with a package.json. What it imports from other modules must be loaded already.
   *
   * @throws ModuleError ENOENT, EEXIST, ENOTLIVE, ESYMBOL, ENOEXEC, EINVAL, ERANGE, EINIT, EKEYREJECTED
   * @example
   * const { name, size } = await kernel.insmod('./modules/hello.js', { greeting: 'Hi' })
   * console.log(name, kernel.point('greeter').get('greet')('you')) // hello Hi you
   */
  async insmod(path: string, params: Params = NO_PARAMS, options: InsmodOptions = {}): Promise<ModuleRow> {
    if (this.#use()) await this.#serving
    checkCall('insmod', path, options, params)
    // The next image is given them again, whatever the caller does with the object.
    const given = params === NO_PARAMS ? params : { ...params }
    return rowOf(
      this.#core,
      await insmod(this.#core, { location: locate(path), given: path, params: given, ...options }),
    )
  }

  /**
   * Inserts a module of the module folders by name or alias, with what it depends on. Already there is success. When it fails, what this call brought in
   * is taken out again.
   *
   * @throws ModuleError ENOENT when nothing has that name, and whatever insmod throws
   * @example
   * const inserted = await kernel.modprobe('api') // which imports from db
   * console.log(inserted.map(({ name }) => name)) // [ 'db', 'api' ]
   */
  async modprobe(name: string, params: Params = {}, options: ModprobeOptions = {}): Promise<ModuleRow[]> {
    if (this.#use()) await this.#serving
    checkCall('modprobe', name, options, params)
    return (await modprobe(this.#core, name, params, options)).map(module => rowOf(this.#core, module))
  }

  /**
   * Unloads a module. Before this even returns, its registrations have left their points and nothing finds it any more; calls in flight finish, then its
   * `exit` runs.
   *
   * @throws ModuleError ENOENT, EHOLDERS, EINUSE, ENOTLIVE, EPERMANENT
   * @example
   * await kernel.modprobe('hello')
   * const { callsInFlight, drained, leftovers } = await kernel.rmmod('hello', { grace: 1000 })
   * console.log(callsInFlight, drained, leftovers.length) // 0 true 0
   */
  async rmmod(name: string, options: RemoveOptions = {}): Promise<UnloadReport> {
    checkCall('rmmod', name, options)
    return rmmod(this.#core, foldName(name), options)
  }

  /**
   * Reads the module anew and puts the new image into the old one's place in one tick. When anything fails before that, the old one keeps serving. With the option
   * `with`, other modules are replaced in the same tick: all of them, or none.
   *
   * @throws ModuleError ENOENT, ENOTLIVE, EPERMANENT, and whatever insmod throws
   * @example
   * await kernel.modprobe('hello')
   * const { generation, unloaded } = await kernel.replace('hello', { params: { greeting: 'Hi' } })
   * console.log(generation, unloaded.generation) // 2 1
   */
  async replace(name: string, options: Omit<ReplaceOptions, 'loadDependency'> = {}): Promise<ReplaceReport> {
    checkCall('replace', name, options, options?.params)
    return replace(this.#core, foldName(name), options)
  }

  /**
   * The module list, in the order of insertion: what is loaded, being loaded or being unloaded.
   *
   * @example
   * await kernel.modprobe('api')
   * for (const { name, holders } of kernel.lsmod()) console.log(name, holders)
   * // db [ 'api' ]
   * // api []
   */
  lsmod(): ModuleRow[] {
    return [...this.#core.modules.values()].map(module => rowOf(this.#core, module))
  }

  /**
   * Takes a reference, as try_module_get does: while it is held, a module under `refcount` is not removed. Under the other schemes it holds nothing off.
   *
   * @returns undefined when the module is not LIVE
   * @example
   * await kernel.modprobe('hello')
   * const reference = kernel.tryModuleGet('hello')
   * // what is done meanwhile finds the module there, if its scheme is refcount
   * reference?.put()
   */
  tryModuleGet(module: string | { readonly module: string }): Reference | undefined {
    return tryModuleGet(this.#core, module, this.tryModuleGet)
  }

  /**
   * Puts a reference back. A name puts the latest one that is held.
   *
   * @throws ModuleError EINVAL for a put without a get
   * @example
   * await kernel.modprobe('hello')
   * if (kernel.tryModuleGet('hello')) kernel.modulePut('hello')
   */
  modulePut(reference: Reference | string): void {
    modulePut(this.#core, reference)
  }

  /**
   * Frees removed images that linger, at the caller's risk: calls into them throw ESTALE from then on. Taints the kernel.
   *
   * @param image `hello#3`; every lingering image when it is left out
   * @throws ModuleError ENOENT
   * @example
   * const { images, bytes } = await kernel.reclaim()
   * console.log(images, bytes) // [] 0
   */
  async reclaim(image?: string): Promise<ReclaimReport> {
    checkCall('reclaim', image === undefined ? '*' : image)
    return reclaimAndExplain(this.#core, image === undefined ? undefined : foldName(image))
  }

  /**
   * Takes a heap snapshot and says who keeps an image in memory: every way, in words and step by step. The event loop stands still for the snapshot.
   *
   * @param image `hello#3`; a bare name is the oldest lingering image of that module
   * @throws ModuleError ENOENT for an image that there never was, and when the process has no file descriptors left
   * @example
   * await kernel.modprobe('hello')
   * const kept = kernel.point('greeter').get('greet')
   * await kernel.rmmod('hello')
   * const { found, holders } = await kernel.why('hello#1')
   * for (const { text } of holders) console.log(text)
   */
  async why(image: string, options: WhyOptions = {}): Promise<WhyReport> {
    checkCall('why', image, options)
    return why(this.#core, image, options)
  }

  /** Why the kernel is not to be trusted; empty when it is. Nothing clears a taint. */
  get taints(): KernelTaint[] {
    return this.#core.taints.list()
  }

  /**
   * How much memory images take, in bytes.
   *
   * @example
   * await kernel.modprobe('hello')
   * const { live, lingering } = kernel.memory()
   * console.log(live.images, lingering.images) // 1 0
   */
  memory(): MemoryUse {
    return memoryUse(this.#core)
  }

  /**
   * Removed images that are still in memory, oldest first.
   *
   * @example
   * await kernel.modprobe('hello')
   * const kept = kernel.point('greeter').get('greet')
   * await kernel.rmmod('hello')
   * console.log(kernel.lingering().map(({ image }) => image), kept !== undefined) // [ 'hello#1' ] true
   */
  lingering(): LingeringImage[] {
    return this.#core.lingering.list()
  }

  /**
   * What a module says of itself, read without running it.
   *
   * @param name a loaded module, a module of the folders, an alias, or a path
   * @throws ModuleError ENOENT, ENOEXEC
   * @example
   * const { description, depends } = await kernel.modinfo('api')
   * console.log(description, depends) // Counts rows [ 'db' ]
   */
  async modinfo(name: string): Promise<ModuleDescription> {
    checkText('modinfo', 'the name of a module or a file', name)
    return modinfo(this.#core, name)
  }

  /**
   * Loads what provides `alias`, unless it is there; false when nothing does. Made for aliases that come from outside: many at once load it once, an unknown one is
   * unknown for a second unless a file comes, and a module that fails is not tried again for some seconds.
   *
   * @throws ModuleError why it could not be loaded
   * @example
   * console.log(await kernel.request('greeting:formal'), await kernel.request('nobody:has:this')) // true false
   */
  async request(alias: string): Promise<boolean> {
    checkText('request', 'an alias', alias)
    if (this.#use()) await this.#serving
    return this.#requests.request(alias)
  }

  /**
   * The modules that a name or alias stands for, in order; none when nothing has it.
   *
   * @throws ModuleError EINVAL for what is no name
   * @example
   * console.log(await kernel.resolveAlias('greeting:formal'), await kernel.resolveAlias('nobody:has:this')) // [ 'hello' ] []
   */
  async resolveAlias(name: string): Promise<string[]> {
    checkText('resolveAlias', 'a name or an alias', name)
    return resolveAlias(this.#core, name)
  }

  /**
   * What modprobe would insert for a name, in order, loaded or not.
   *
   * @throws ModuleError ENOENT, ELOOP
   * @example
   * for (const { module } of await kernel.showDepends('api')) console.log(module)
   * // db
   * // api
   */
  async showDepends(name: string, params: Params = {}, options: ModprobeOptions = {}): Promise<ShownStep[]> {
    checkCall('showDepends', name, options, params)
    return showDepends(this.#core, name, params, options)
  }

  /**
   * Removes what a name or alias stands for, and all that was there only for that, dependents first.
   *
   * @throws ModuleError ENOENT when nothing has that name, and whatever rmmod throws
   * @example
   * await kernel.modprobe('api')
   * const reports = await kernel.modprobeRemove('api')
   * console.log(reports.map(({ module }) => module)) // [ 'api', 'db' ]
   */
  async modprobeRemove(
    name: string,
    options: Pick<ModprobeOptions, 'firstTime'> & RemoveOptions = {},
  ): Promise<UnloadReport[]> {
    checkCall('modprobeRemove', name, options)
    return modprobeRemove(this.#core, name, options)
  }

  /**
   * What `modprobeRemove` would remove now, in order.
   *
   * @throws ModuleError ENOENT
   * @example
   * await kernel.modprobe('api')
   * console.log(await kernel.showRemoval('api')) // [ 'api', 'db' ]
   */
  async showRemoval(name: string): Promise<string[]> {
    checkText('showRemoval', 'a name or an alias', name)
    return showRemoval(this.#core, name)
  }

  /**
   * Reads every module of the folders without running it, and writes an index into each. Only what has changed is read again.
   *
   * @param folder one folder; all of the kernel's when it is left out
   * @throws ModuleError ENOENT, EINVAL
   * @example
   * const { modules, problems } = await kernel.depmod()
   * console.log(modules, problems) // 4 []
   */
  async depmod(folder?: string, options: DepmodOptions = {}): Promise<DepmodReport> {
    checkCall('depmod', folder === undefined ? '.' : folder, options)
    return depmod(this.#core, folder, options)
  }

  /**
   * Loads every module of the folders that exports `probe`, keeps those whose probe finds something, and takes the others out again.
   *
   * @throws ModuleError EINVAL for a bad option
   * @example
   * const { kept, removed } = await kernel.coldplug({ timeout: 1000 })
   * console.log(kept, removed) // [] [ 'mouse' ]
   */
  async coldplug(options: ColdplugOptions = {}): Promise<ColdplugReport> {
    checkCall('coldplug', '*', options)
    const { parallel = 1 } = options
    if (!Number.isInteger(parallel) || parallel < 1)
      throw new ModuleError('EINVAL', { reason: `coldplug: parallel must be a number from 1, got ${shown(parallel)}` })
    if (this.#use()) await this.#serving
    return coldplug(this.#core, options)
  }

  /** Is this path, symbolic links followed, inside one of the module folders? */
  ownsPath(path: string): boolean {
    return this.#core.folders.contains(path)
  }

  /** The modules that the folders hold, loaded or not, in order of name. */
  available(): { readonly name: string; readonly file: string }[] {
    return this.#core.folders.list().map(({ name, file }) => ({ name, file }))
  }

  /** Their names, each after those that it needs: the order in which all can be inserted. */
  availableInOrder(): Promise<string[]> {
    return modulesInOrder(this.#core)
  }

  /**
   * Names of the modules to replace or insert when this file changes: those LIVE that were made of it, and the one in whose folder it is, if it is code. Data that
   * a module keeps in its folder is no part of it: it may write that itself.
   */
  modulesOf(file: string): string[] {
    return modulesOf(this.#core, file)
  }

  /** False for a loaded module whose file, or the link to it, is no longer there. */
  isInPlace(name: string): boolean {
    checkText('isInPlace', 'the name of a module', name)
    return isInPlace(this.#core, foldName(name))
  }

  /** The files that a LIVE module has been made of so far; none of a module that is not. */
  filesOf(name: string): readonly string[] {
    checkText('filesOf', 'the name of a module', name)
    return filesOf(this.#core, foldName(name))
  }

  /** Unloads everything, dependents first, permanent modules too. `await using kernel = …` does it as well. */
  async close(): Promise<void> {
    if (this.#service) await this.#core.seam.step('the service has stopped', this.#service.stop())
    await close(this.#core)
  }

  /** True while the service is not there yet: whoever has loaded something then finds the kernel by it. */
  #use(): boolean {
    if (!this.#used && this.#service) {
      const started = this.#core.seam.step('the control socket listens', this.#service.start(this))
      this.#serving = started.finally(() => {
        this.#serving = undefined
      })
    }
    this.#used = true
    return this.#serving !== undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
