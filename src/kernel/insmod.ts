import { type Core, forget } from './core.ts'
import { createModule } from './create_module.ts'
import { ModuleError } from './errno.ts'
import { type LoadInfo, prepareModule } from './load_module.ts'
import type { Module } from './module.ts'
import { messageOf } from './thrown.ts'

export interface InsmodOptions {
  /** Does not look at the signature, and taints the kernel where that mattered (F). Refused all the same where signatures are required. */
  readonly force?: boolean
}

/**
 * Inserts one module and puts it into service. Of two loads of one name the second waits, then fails with EEXIST if the first succeeded and ENOTLIVE if
 * it failed, as in the kernel.
 *
 * @throws ModuleError
 */
export async function insmod(core: Core, info: LoadInfo): Promise<Module> {
  const { name } = info.location
  const known = core.modules.get(name)
  if (known?.state.is === 'LIVE') throw new ModuleError('EEXIST', { module: name, file: info.given })
  if (known?.state.is === 'GOING')
    throw new ModuleError('ENOTLIVE', { module: name, file: info.given, being: 'unloaded' })
  const loading = core.loading.get(name)
  if (loading)
    throw (await core.seam.step(`${name}: the other load has ended`, loading))
      ? new ModuleError('EEXIST', { module: name, file: info.given })
      : new ModuleError('ENOTLIVE', { module: name, file: info.given, being: 'loaded' })
  let ended!: (live: boolean) => void
  core.loading.set(name, new Promise(resolve => (ended = resolve)))
  const module = createModule(core, info.location, info.params)
  const { folders, taints } = core
  if (folders.folders.length > 0 && !folders.holds(module.file))
    taints.add('outOfTree', `${name} was loaded from ${module.file}`, module)
  core.modules.set(name, module)
  core.byFile.set(module.file, module)
  let live = false
  try {
    const loaded = await prepareModule(core, module, info)
    const tellOfEntries = loaded.context.publish()
    module.transition({ is: 'LIVE', loaded, since: Date.now() })
    tellOfEntries()
    live = true
    core.log.info(`${module.label} inserted, ${loaded.image.bytes} bytes, from ${module.file}`, name)
    return module
  } catch (error) {
    forget(core, module)
    core.log.error(messageOf(error), name)
    throw error
  } finally {
    core.loading.delete(name)
    ended(live)
  }
}
