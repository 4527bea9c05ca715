import { removalOrder } from '../modprobe/dependency_order.ts'
import type { Candidate } from '../modprobe/lookup.ts'
import type { Core } from './core.ts'
import { type RemoveOptions, rmmod } from './delete_module.ts'
import { ModuleError } from './errno.ts'
import type { UnloadReport } from './free_module.ts'
import { runHook } from './hooks.ts'
import type { ModprobeOptions } from './modprobe.ts'
import { foldName } from './module.ts'
import { type CatalogueSource, LoadedSource, loadedModules, notFound, probeSource } from './probe_source.ts'

/**
 * Removes what a name or alias stands for, and all that was there only for that, dependents first.
 *
 * @throws ModuleError ENOENT, EHOLDERS, EINUSE, ENOTLIVE, EPERMANENT
 */
export async function modprobeRemove(
  core: Core,
  name: string,
  options: Pick<ModprobeOptions, 'firstTime'> & RemoveOptions,
): Promise<UnloadReport[]> {
  const source = await probeSource(core, name)
  const reports: UnloadReport[] = []
  for (const candidate of removedFor(core, source, name)) {
    const { module } = candidate
    if (core.modules.has(module)) await removeTree(core, source, candidate, options, reports)
    else if (options.firstTime && !reports.some(report => report.module === module))
      throw new ModuleError('ENOENT', { module, firstTime: true })
  }
  return reports
}

/**
 * What `modprobeRemove` would remove now, in order.
 *
 * @throws ModuleError ENOENT
 */
export async function showRemoval(core: Core, name: string): Promise<string[]> {
  const source = await probeSource(core, name)
  return removedFor(core, source, name).flatMap(candidate => orderOf(core, source, candidate))
}

/**
 * What a name stands for that is to go: what the catalogue says, or else a module that came from elsewhere.
 *
 * @throws ModuleError ENOENT
 */
function removedFor(core: Core, source: CatalogueSource, name: string): readonly Candidate[] {
  const found = source.lookup(name)
  if (found.length > 0) return found
  const own = { module: foldName(name), alias: undefined }
  if (!core.modules.has(own.module)) throw notFound(core, name)
  return [own]
}

const orderOf = (core: Core, source: CatalogueSource, candidate: Candidate): string[] =>
  removalOrder(candidate, new LoadedSource(core, source), loadedModules(core))

async function removeTree(
  core: Core,
  source: CatalogueSource,
  candidate: Candidate,
  options: RemoveOptions,
  reports: UnloadReport[],
): Promise<void> {
  const order = orderOf(core, source, candidate)
  const remove = async (module: string): Promise<void> => {
    const proceed = async (): Promise<void> => void reports.push(await rmmod(core, module, options))
    const hook = source.policy.removeHook(module)
    await (hook === undefined ? proceed() : runHook(core.seam, hook, 'remove', module, {}, proceed))
  }
  // Softdeps after it go before it, so it need not be the first; when it cannot go at all, this says why.
  if (order.length === 0) await remove(candidate.module)
  for (const module of order) {
    if (module === candidate.module) await remove(module)
    else if (!core.probes.isPlanned(module))
      await remove(module).catch(error => {
        if (!(error instanceof ModuleError)) throw error
        core.log.debug(`stays: ${error.message}`, module)
      })
  }
}
