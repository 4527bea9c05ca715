import type { Image, ImageEnvironment, ImageGlobals } from '../images/image.ts'
import type { ModuleRecord } from '../images/module_record.ts'
import type { OwnPackages } from '../images/own_packages.ts'
import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import { pathOfImports } from './holders.ts'
import { noteAddon } from './leftovers/addons.ts'
import { Views } from './leftovers/views.ts'
import type { Module } from './module.ts'
import type { Verify } from './signature.ts'

/** What an image sees of its kernel. */
class KernelEnvironment implements ImageEnvironment {
  readonly #core: Core
  readonly #module: Module
  readonly #views: Views
  declare readonly verify?: Verify
  declare readonly ownPackages?: OwnPackages

  constructor(core: Core, module: Module, verify: Verify | undefined) {
    this.#core = core
    this.#module = module
    this.#views = new Views(module.leftovers, () => ({
      module: `${module.name} of ${core.mark}`,
      generation: module.generation,
    }))
    if (verify) this.verify = verify
    if (core.ownPackages) this.ownPackages = core.ownPackages
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

/** @param verify looks at each file before it is used, where signatures count */
export function createImage(core: Core, module: Module, verify: Verify | undefined): Image {
  const { label, file, root } = module
  return core.createImage({ label, entry: file, root, environment: new KernelEnvironment(core, module, verify) })
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
