import type { Hook } from '../modprobe/config.ts'
import { insertionOrder, type ProbeStep, probeSteps, removalOrder } from '../modprobe/dependency_order.ts'
import type { Candidate } from '../modprobe/lookup.ts'
import { mergeParams } from '../modprobe/merge_params.ts'
import type { Core } from './core.ts'
import { type RemoveOptions, rmmod } from './delete_module.ts'
import { ModuleError } from './errno.ts'
import type { UnloadReport } from './free_module.ts'
import { runHook } from './hooks.ts'
import { insmod } from './insmod.ts'
import { foldName, type Module } from './module.ts'
import type { ModuleLocation } from './module_location.ts'
import type { Params } from './moduleparam.ts'
import { type CatalogueSource, LoadedSource, loadedModules, probeSource } from './probe_source.ts'
import type { Probe } from './probes.ts'
import { messageOf } from './thrown.ts'

export interface ModprobeOptions {
  /** Already loaded is an error (EEXIST) instead of success; when removing, not loaded is. */
  readonly firstTime?: boolean
  /** The blacklist counts for a module's own name too, not only for its aliases. */
  readonly useBlacklist?: boolean
}

/** One line of `modprobe --show-depends`. */
export interface ShownStep {
  readonly module: string
  /** The file that would be inserted; undefined for what is only a hook. */
  readonly file: string | undefined
  readonly params: Params
  /** What the configuration does instead: a command, or what its function is called. */
  readonly install?: string
}

/**
 * Loads by name or alias: of everything that the name stands for, dependencies first. A failure half-way takes out what this call brought in.
 *
 * @returns the modules that were brought in, in the order of their insertion
 */
export async function modprobe(core: Core, name: string, params: Params, options: ModprobeOptions): Promise<Module[]> {
  const { era } = core.probes
  const source = await probeSource(core, name)
  return insertAll(core, source, wantedModules(core, source, name, options), params, { ...options, era })
}

/** @throws ModuleError ENOENT when nothing has that name */
function wantedModules(core: Core, source: CatalogueSource, name: string, options: ModprobeOptions): Candidate[] {
  const found = source.lookup(name)
  // One that came from elsewhere, by insmod.
  if (found.length === 0 && core.modules.get(foldName(name))?.state.is !== 'LIVE') throw notFound(core, name)
  return withoutBlacklisted(source, found, options)
}

export const withoutBlacklisted = (
  { policy }: CatalogueSource,
  candidates: readonly Candidate[],
  options: ModprobeOptions,
): Candidate[] =>
  candidates.filter(candidate => !policy.isBlacklisted(candidate, { byName: options.useBlacklist === true }))

export function notFound(core: Core, name: string): ModuleError {
  const directory = core.folders.folders.join(':')
  return new ModuleError('ENOENT', { module: name, directory: directory === '' ? '(none)' : directory })
}

/** For whom modules are inserted. */
interface Errand extends ModprobeOptions {
  /** In which it began: see `Probes.era`. */
  readonly era: number
  /** Of a coldplug: what it may take out again. */
  readonly trial?: Set<Module>
}

/** Inserts the modules with all that they need. */
export async function insertAll(
  core: Core,
  source: CatalogueSource,
  wanted: readonly Candidate[],
  params: Params,
  { era, trial, firstTime = false }: Errand,
): Promise<Module[]> {
  const probe = core.probes.begin(era)
  try {
    // Several of its aliases may match.
    const once = wanted.filter(({ module }, index) => wanted.findIndex(other => other.module === module) === index)
    const orders = once.map(candidate => ({ candidate, steps: insertionOrder(candidate, source) }))
    for (const { steps } of orders) for (const { module } of steps) probe.plan.add(module)
    for (const { candidate, steps } of orders)
      for (const step of steps) {
        if (step.fault !== undefined) {
          noteSoft(core, step, step.fault)
          continue
        }
        const isWanted = step.module === candidate.module
        const work = new Insertion(core, source, probe, isWanted ? { ...step, alias: candidate.alias } : step, {
          params: isWanted ? params : {},
          firstTime: isWanted && firstTime,
          isWanted,
          isImported: step.required && !isWanted,
        }).run()
        // Soft dependencies are wishes: one that is not there, or fails, is noted and stops nothing.
        await (step.required ? work : work.catch(error => noteSoft(core, step, error)))
      }
    core.probes.end(probe, core.modules, trial)
    return probe.brought
  } catch (error) {
    await core.probes.undo(probe, module =>
      rmmod(core, module.name, {}).catch((reason: Error) =>
        core.log.warn(`stays after a failed modprobe: ${reason.message}`, module.name),
      ),
    )
    throw error
  }
}

const noteSoft = (core: Core, { module }: ProbeStep, error: unknown): void =>
  core.log.warn(`soft dependency: ${messageOf(error)}`, module)

/** One module's insertion, as a part of a modprobe. */
class Insertion {
  readonly #core: Core
  readonly #source: CatalogueSource
  readonly #probe: Probe
  readonly #candidate: Candidate
  readonly #params: Params
  readonly #firstTime: boolean
  readonly #isWanted: boolean
  readonly #isImported: boolean
  readonly #location: ModuleLocation | undefined

  constructor(
    core: Core,
    source: CatalogueSource,
    probe: Probe,
    candidate: Candidate,
    how: {
      readonly params: Params
      readonly firstTime: boolean
      readonly isWanted: boolean
      /** By a module of the same modprobe, which waits for it by itself. */
      readonly isImported: boolean
      /** Where it is, when an import has led there. */
      readonly location?: ModuleLocation
    },
  ) {
    this.#core = core
    this.#source = source
    this.#probe = probe
    this.#candidate = candidate
    this.#params = mergeParams(source.policy.options(candidate), how.params)
    this.#firstTime = how.firstTime
    this.#isWanted = how.isWanted
    this.#isImported = how.isImported
    this.#location = how.location
  }

  async run(): Promise<void> {
    const { module } = this.#candidate
    const { probes, seam } = this.#core
    await seam.step(`modprobe: ${module} is not being taken out`, probes.gone(module))
    this.#refuseWhenCalledOff()
    const state = this.#core.modules.get(module)?.state.is
    // What is wanted may have come in for another that is wanted.
    const isOwn = this.#probe.brought.some(({ name }) => name === module)
    if (state === 'LIVE' && this.#firstTime && !isOwn) throw new ModuleError('EEXIST', { module, firstTime: true })
    // Whoever needs a module that is on its way out, or that somebody else is loading, says better what came of it.
    if (state === 'LIVE' || (state === 'GOING' && !this.#isWanted)) return
    if (this.#isImported && this.#core.loading.has(module)) return
    const hook = this.#source.policy.installHook(module)
    if (hook === undefined) await this.#insert()
    else await runHook(this.#core.seam, hook, 'install', module, this.#params, () => this.#insert())
  }

  /** @throws ModuleError ENOTLIVE once the kernel is being closed: it would take out again what comes in now, or not know of it */
  #refuseWhenCalledOff(): void {
    const { module } = this.#candidate
    if (this.#probe.era !== this.#core.probes.era) throw new ModuleError('ENOTLIVE', { module, being: 'unloaded' })
  }

  async #insert(): Promise<void> {
    this.#refuseWhenCalledOff()
    const { module } = this.#candidate
    const location = this.#source.catalogue.location(module) ?? this.#location
    if (!location) throw notFound(this.#core, module)
    // What the files import and the catalogue did not know of, because they changed just now.
    const loadDependency = (found: ModuleLocation) => {
      const { name } = found
      this.#probe.plan.add(name)
      const dependency = { module: name, alias: undefined }
      return new Insertion(this.#core, this.#source, this.#probe, dependency, {
        params: {},
        firstTime: false,
        isWanted: false,
        isImported: true,
        location: found,
      }).run()
    }
    try {
      const info = { location, given: location.file, params: this.#params, loadDependency }
      this.#probe.brought.push(await insmod(this.#core, info))
    } catch (error) {
      // Somebody else was faster, which is all that was wanted.
      if (!(error instanceof ModuleError && error.code === 'EEXIST')) throw error
      if (this.#firstTime) throw new ModuleError('EEXIST', { module, firstTime: true })
    }
  }
}

/**
 * The modules to insert for a name, in order, whether they are loaded or not; repetitions included, as kmod lists them.
 *
 * @throws ModuleError ENOENT, ELOOP
 */
export async function showDepends(
  core: Core,
  name: string,
  params: Params,
  options: ModprobeOptions,
): Promise<ShownStep[]> {
  const source = await probeSource(core, name)
  const found = source.lookup(name)
  if (found.length === 0) throw notFound(core, name)
  const steps = withoutBlacklisted(source, found, options).flatMap(candidate =>
    inserted(probeSteps(candidate, source)).map(({ module, alias }) => {
      const isWanted = module === candidate.module
      const configured = source.policy.options({ module, alias: isWanted ? candidate.alias : alias })
      const hook = source.policy.installHook(module)
      return {
        module,
        file: source.catalogue.location(module)?.file,
        params: isWanted ? mergeParams<unknown>(configured, params) : configured,
        ...(hook !== undefined && { install: hookText(hook) }),
      }
    }),
  )
  return steps.filter(isStep)
}

const inserted = (steps: readonly ProbeStep[]): ProbeStep[] => steps.filter(({ fault }) => fault === undefined)

/** A configuration can name what nobody has: nothing would be done for it. */
export const isStep = ({ file, install }: ShownStep): boolean => file !== undefined || install !== undefined

/** The modules of the folders, each after what it needs. Those of which that cannot be said stand where their names do: what is wrong is told when they are inserted. */
export async function modulesInOrder(core: Core): Promise<string[]> {
  const source = await probeSource(core)
  const order = new Set<string>()
  for (const { name: module } of core.folders.list()) {
    try {
      for (const step of inserted(probeSteps({ module, alias: undefined }, source))) order.add(step.module)
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error
    }
    order.add(module)
  }
  return [...order]
}

/** A hook as `--show-depends` prints it. */
export const hookText = (hook: Hook): string =>
  typeof hook === 'function' ? `function ${hook.name}`.trim() : hook === false ? 'refused' : hook

/** The modules that a name or alias stands for, in order; none when nothing has it. The blacklist does not count here, as in kmod. */
export async function resolveAlias(core: Core, name: string): Promise<string[]> {
  const source = await probeSource(core, name)
  return source.lookup(name).map(({ module }) => module)
}

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
  const found = source.lookup(name)
  const own = { module: foldName(name), alias: undefined }
  if (found.length === 0 && !core.modules.has(own.module)) throw notFound(core, name)
  const reports: UnloadReport[] = []
  for (const candidate of found.length === 0 ? [own] : found) {
    const { module } = candidate
    if (core.modules.has(module)) await removeTree(core, source, candidate, options, reports)
    else if (options.firstTime && !reports.some(report => report.module === module))
      throw new ModuleError('ENOENT', { module, firstTime: true })
  }
  return reports
}

/** What `modprobeRemove` would remove now, in order. */
export async function showRemoval(core: Core, name: string): Promise<string[]> {
  const source = await probeSource(core, name)
  const found = source.lookup(name)
  const own = { module: foldName(name), alias: undefined }
  if (found.length === 0 && !core.modules.has(own.module)) throw notFound(core, name)
  return (found.length === 0 ? [own] : found).flatMap(candidate =>
    removalOrder(candidate, new LoadedSource(core, source), loadedModules(core)),
  )
}

async function removeTree(
  core: Core,
  source: CatalogueSource,
  candidate: Candidate,
  options: RemoveOptions,
  reports: UnloadReport[],
): Promise<void> {
  const order = removalOrder(candidate, new LoadedSource(core, source), loadedModules(core))
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
