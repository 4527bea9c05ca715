import type { Dependency, Image } from '../images/image.ts'
import type { ModuleRecord } from '../images/module_record.ts'
import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import { loadError } from './load_errors.ts'
import type { Module } from './module.ts'
import type { ModuleLocation } from './module_location.ts'

/** The next image of a module that is replaced together with one that imports from it. */
export interface Peer {
  /** COMING once it has been prepared. */
  readonly next: Module | undefined
  /** Makes it ready to go into service, once. */
  prepare(): Promise<void>
}

/** What a load wants of the modules that it imports from. */
export interface DependencyWish {
  /** The importing file as the user named it, for messages. */
  readonly given: string
  /** Brings in a module that is imported and not loaded yet; without it such an import is an error, as for insmod. */
  readonly loadDependency?: (location: ModuleLocation) => Promise<unknown>
  /** By file: these are meant by an import, and not the images that are LIVE. */
  readonly peers?: ReadonlyMap<string, Peer>
}

/** The modules that one image imports from. */
export class Dependencies {
  readonly #core: Core
  readonly #module: Module
  readonly #image: Image
  readonly #wish: DependencyWish

  constructor(core: Core, module: Module, image: Image, wish: DependencyWish) {
    this.#core = core
    this.#module = module
    this.#image = image
    this.#wish = wish
  }

  /**
   * Waits until each of them is LIVE, or ready to be together with this one. By the time that somebody acts on it, that may have changed.
   *
   * @throws ModuleError ENOENT, ESYMBOL, ELOOP
   */
  async wait(): Promise<void> {
    const wanted = new Map(this.#image.dependencies.map(dependency => [dependency.file, dependency]))
    for (let settled = false; !settled; ) {
      settled = true
      for (const dependency of wanted.values()) {
        const state = await this.#stateOf(dependency.file)
        if (state === 'waited') settled = false
        else if (state === 'unloading') throw this.#beingUnloaded(dependency)
        else if (state === 'absent') throw this.#unknownSymbols(dependency)
      }
    }
  }

  /**
   * Checks that all are there and export what is imported, and takes hold of them.
   *
   * @returns their entries, by file
   * @throws ModuleError ENOENT, ESYMBOL; nothing is held then
   */
  hold(): Map<string, ModuleRecord> {
    const exporters = new Map<string, Module>()
    const records = new Map<string, ModuleRecord>()
    for (const dependency of this.#image.dependencies) {
      const { module, record } = this.#exporterOf(dependency)
      if (missingFrom(record, dependency).length > 0) throw this.#unknownSymbols(dependency)
      exporters.set(dependency.file, module)
      records.set(dependency.file, record)
    }
    for (const module of exporters.values()) this.#module.hold(module)
    return records
  }

  #exporterOf(dependency: Dependency): { readonly module: Module; readonly record: ModuleRecord } {
    const found = this.#find(dependency)
    if (found?.record) return { module: found.module, record: found.record }
    throw found?.module.state.is === 'GOING' ? this.#beingUnloaded(dependency) : this.#unknownSymbols(dependency)
  }

  /** The module that an import means, with its exports when it can be imported from now. */
  #find({ file }: Dependency): { readonly module: Module; readonly record: ModuleRecord | undefined } | undefined {
    const peer = this.#wish.peers?.get(file)
    const module = peer ? peer.next : this.#core.byFile.get(file)
    if (!module) return undefined
    const { state } = module
    return { module, record: state.is === (peer ? 'COMING' : 'LIVE') ? state.loaded.image.entryRecord : undefined }
  }

  /** `first` lacks something, or is not there. What else is unknown now goes along. */
  #unknownSymbols(first: Dependency): ModuleError {
    const told = new Map<string, { dependency: Dependency; symbol: string }>()
    for (const dependency of [first, ...this.#image.dependencies])
      for (const symbol of dependency === first ? this.#missingOfFirst(first) : this.#missing(dependency))
        if (told.size <= MOST_OTHERS) told.set(`${symbol} ${dependency.file}`, { dependency, symbol })
    const [error, ...others] = [...told.values()].map(({ dependency, symbol }) =>
      loadError(this.#image.faultOf(dependency, symbol), this.#wish.given, nameOf(this.#core, dependency.file)),
    )
    if (others.length === 0) return error!
    const also = others.map(({ data: { symbol, from, place } }) => ({ symbol, from, place }))
    return new ModuleError(error!.code, { ...error!.data, others: also }, { cause: error!.cause })
  }

  /** Where the load that was waited for has failed it may be there by now, in another one: then none of it was to be had all the same. */
  #missingOfFirst(first: Dependency): readonly string[] {
    const record = this.#find(first)?.record
    const missing = record ? missingFrom(record, first) : []
    return missing.length > 0 ? missing : namesOf(first)
  }

  #missing(dependency: Dependency): readonly string[] {
    const { file } = dependency
    const found = this.#find(dependency)
    if (found?.record) return missingFrom(found.record, dependency)
    const { peers, loadDependency } = this.#wish
    const mayCome = found || peers?.has(file) || (loadDependency && this.#core.folders.locationOf(file))
    return mayCome ? [] : namesOf(dependency)
  }

  #beingUnloaded({ file }: Dependency): ModuleError {
    return new ModuleError('ENOENT', { module: nameOf(this.#core, file), file: this.#wish.given, being: 'unloaded' })
  }

  async #stateOf(file: string): Promise<'live' | 'waited' | 'absent' | 'unloading'> {
    const core = this.#core
    const peer = this.#wish.peers?.get(file)
    if (peer) {
      const name = nameOf(core, file)
      const { label } = this.#module
      if (!peer.next) await this.#waitFor(name, () => core.seam.step(`${label}: ${name} is ready too`, peer.prepare()))
      return 'live'
    }
    const dependency = core.byFile.get(file)
    if (dependency?.state.is === 'LIVE') return 'live'
    if (dependency?.state.is === 'GOING') return 'unloading'
    const name = nameOf(core, file)
    const { label } = this.#module
    const loading = core.loading.get(name)
    if (loading) {
      const live = await this.#waitFor(name, () => core.seam.step(`${label}: the load of ${name} has ended`, loading))
      return live ? 'waited' : 'absent'
    }
    const { loadDependency } = this.#wish
    const location = loadDependency && core.folders.locationOf(file)
    if (!location) return 'absent'
    await this.#waitFor(name, () => core.seam.step(`${label}: ${name} has been brought in`, loadDependency(location)))
    // A hook may bring in something else, or nothing: asked again, it would do so for ever.
    return core.byFile.has(file) ? 'waited' : 'absent'
  }

  /** @throws ModuleError ELOOP when what is waited for waits for this one */
  async #waitFor<T>(name: string, begin: () => Promise<T>): Promise<T> {
    const { waitsFor } = this.#core
    this.#refuseLoop(name)
    waitsFor.set(this.#module.name, name)
    try {
      return await begin()
    } finally {
      waitsFor.delete(this.#module.name)
    }
  }

  #refuseLoop(wanted: string): void {
    const { waitsFor } = this.#core
    const waiter = this.#module.name
    const loop = [waiter]
    for (let next: string | undefined = wanted; next !== undefined; next = waitsFor.get(next)) {
      loop.push(next)
      if (next === waiter) throw new ModuleError('ELOOP', { file: this.#wish.given, loop })
    }
  }
}

/** Symbols that an error tells besides its first: each is looked for in the text. */
const MOST_OTHERS = 20

/** What is unknown of a module that is not there. */
const namesOf = ({ symbols, specifier }: Dependency): readonly string[] => (symbols.length > 0 ? symbols : [specifier])

const missingFrom = (record: ModuleRecord, { symbols }: Dependency): readonly string[] =>
  symbols.filter(symbol => {
    const resolution = record.resolveExport(symbol)
    return !resolution || resolution === 'ambiguous'
  })

/** The module of this file, loaded or not; the file itself when it is none. */
const nameOf = ({ byFile, folders }: Core, file: string): string =>
  byFile.get(file)?.name ?? folders.locationOf(file)?.name ?? file
