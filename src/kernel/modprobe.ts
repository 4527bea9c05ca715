import type { Core } from './core.ts'
import { rmmod } from './delete_module.ts'
import { ModuleError } from './errno.ts'
import { insmod } from './insmod.ts'
import { describe } from './modinfo.ts'
import { foldName, type Module } from './module.ts'
import type { ModuleLocation } from './module_folders.ts'
import type { Params } from './moduleparam.ts'

export interface ModprobeOptions {
  /** Already loaded is an error (EEXIST) instead of success. */
  readonly firstTime?: boolean
}

/**
 * Loads by name or alias, dependencies first. A failure half-way takes out what this call brought in.
 *
 * @returns the modules that were brought in, in the order of their insertion
 */
export async function modprobe(core: Core, name: string, params: Params, options: ModprobeOptions): Promise<Module[]> {
  const location = core.folders.find(name)
  if (!location && core.modules.get(foldName(name))?.state.is === 'LIVE') return []
  const locations = location ? [location] : await byAlias(core, name)
  if (locations.length === 0) {
    const directory = core.folders.folders.join(':')
    throw new ModuleError('ENOENT', { module: name, directory: directory === '' ? '(none)' : directory })
  }
  const brought: Module[] = []
  try {
    for (const found of locations) await insertTree(core, found, params, options, brought)
    return brought
  } catch (error) {
    for (const module of brought.reverse())
      if (module.holders.size === 0 && module.state.is === 'LIVE') await rmmod(core, module.name, {}).catch(() => {})
    throw error
  }
}

async function insertTree(
  core: Core,
  location: ModuleLocation,
  params: Params,
  options: ModprobeOptions,
  brought: Module[],
): Promise<void> {
  if (core.modules.get(location.name)?.state.is === 'LIVE') {
    if (options.firstTime) throw new ModuleError('EEXIST', { module: location.name, firstTime: true })
    return
  }
  const { softdeps } = await describe(location)
  await insertSoft(core, softdeps.pre, brought)
  const loadDependency = (dependency: ModuleLocation) => insertTree(core, dependency, {}, {}, brought)
  try {
    brought.push(await insmod(core, { location, given: location.file, params, loadDependency }))
  } catch (error) {
    // Somebody else was faster, which is all that was wanted.
    if (!(error instanceof ModuleError && error.code === 'EEXIST') || options.firstTime) throw error
  }
  await insertSoft(core, softdeps.post, brought)
}

/** Soft dependencies are wishes: one that is not there, or fails, is noted and stops nothing. */
async function insertSoft(core: Core, names: readonly string[], brought: Module[]): Promise<void> {
  for (const name of names) {
    const location = core.folders.find(name)
    if (!location || core.loading.has(location.name)) continue
    await insertTree(core, location, {}, {}, brought).catch((error: Error) =>
      core.log.warn(`soft dependency: ${error.message}`, location.name),
    )
  }
}

async function byAlias(core: Core, alias: string): Promise<ModuleLocation[]> {
  const found: ModuleLocation[] = []
  for (const location of core.folders.list()) {
    if (core.settings.blacklist.includes(location.name)) continue
    try {
      const { aliases } = await describe(location)
      if (aliases.some(pattern => globMatches(pattern, alias))) found.push(location)
    } catch {
      // A module that cannot be read provides nothing; loading it by name says why.
    }
  }
  return found
}

function globMatches(pattern: string, alias: string): boolean {
  const source = foldName(pattern)
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`, 's').test(foldName(alias))
}

/** Loads what provides `alias`; false when nothing does. */
export async function request(core: Core, alias: string): Promise<boolean> {
  try {
    await modprobe(core, alias, {}, {})
    return true
  } catch (error) {
    if (error instanceof ModuleError && error.code === 'ENOENT' && error.data.directory !== undefined) return false
    throw error
  }
}
