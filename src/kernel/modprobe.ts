import { insertionOrder, type ProbeStep } from '../modprobe/dependency_order.ts'
import type { Candidate } from '../modprobe/lookup.ts'
import { mergeParams } from '../modprobe/merge_params.ts'
import type { Core } from './core.ts'
import { rmmod } from './delete_module.ts'
import { ModuleError } from './errno.ts'
import { runHook } from './hooks.ts'
import { insmod } from './insmod.ts'
import { foldName, type Module } from './module.ts'
import type { ModuleLocation } from './module_location.ts'
import type { Params } from './moduleparam.ts'
import { type CatalogueSource, notFound, probeSource } from './probe_source.ts'
import type { Probe } from './probes.ts'
import { messageOf } from './thrown.ts'

export interface ModprobeOptions {
  /** Already loaded is an error (EEXIST) instead of success; when removing, not loaded is. */
  readonly firstTime?: boolean
  /** The blacklist counts for a module's own name too, not only for its aliases. */
  readonly useBlacklist?: boolean
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
  return source.allowed(found, options)
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
        const [module, role] =
          step.module === candidate.module
            ? [candidate, { is: 'wanted', params, firstTime } as const]
            : [step, step.required ? IMPORTED : SOFT]
        const work = new Insertion(core, source, probe, module, role).run()
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

/** What a module is to the modprobe that inserts it. */
type Role =
  | { readonly is: 'wanted'; readonly params: Params; readonly firstTime: boolean }
  /** By a module of the same modprobe, which waits for it by itself; and where it is, when an import has led there. */
  | { readonly is: 'imported'; readonly location?: ModuleLocation }
  | { readonly is: 'soft dependency' }

const IMPORTED: Role = { is: 'imported' }
const SOFT: Role = { is: 'soft dependency' }

/** One module's insertion, as a part of a modprobe. */
class Insertion {
  readonly #core: Core
  readonly #source: CatalogueSource
  readonly #probe: Probe
  readonly #role: Role
  readonly #module: string
  readonly #params: Params
  readonly #firstTime: boolean
  readonly #location: ModuleLocation | undefined

  constructor(core: Core, source: CatalogueSource, probe: Probe, candidate: Candidate, role: Role) {
    this.#core = core
    this.#source = source
    this.#probe = probe
    this.#role = role
    this.#module = candidate.module
    this.#params = mergeParams(source.policy.options(candidate), role.is === 'wanted' ? role.params : {})
    this.#firstTime = role.is === 'wanted' && role.firstTime
    this.#location = role.is === 'imported' ? role.location : undefined
  }

  async run(): Promise<void> {
    const module = this.#module
    const { probes, seam } = this.#core
    await seam.step(`modprobe: ${module} is not being taken out`, probes.gone(module))
    this.#refuseWhenCalledOff()
    const state = this.#core.modules.get(module)?.state.is
    // What is wanted may have come in for another that is wanted.
    const isOwn = this.#probe.brought.some(({ name }) => name === module)
    if (state === 'LIVE' && this.#firstTime && !isOwn) throw new ModuleError('EEXIST', { module, firstTime: true })
    // Whoever needs a module that is on its way out, or that somebody else is loading, says better what came of it.
    if (state === 'LIVE' || (state === 'GOING' && this.#role.is !== 'wanted')) return
    if (this.#role.is === 'imported' && this.#core.loading.has(module)) return
    const hook = this.#source.policy.installHook(module)
    if (hook === undefined) await this.#insert()
    else await runHook(this.#core.seam, hook, 'install', module, this.#params, () => this.#insert())
  }

  /** @throws ModuleError ENOTLIVE once the kernel is being closed: it would take out again what comes in now, or not know of it */
  #refuseWhenCalledOff(): void {
    const module = this.#module
    if (this.#probe.era !== this.#core.probes.era) throw new ModuleError('ENOTLIVE', { module, being: 'unloaded' })
  }

  async #insert(): Promise<void> {
    this.#refuseWhenCalledOff()
    const module = this.#module
    const location = this.#source.catalogue.location(module) ?? this.#location
    if (!location) throw notFound(this.#core, module)
    // What the files import and the catalogue did not know of, because they changed just now.
    const loadDependency = (found: ModuleLocation) => {
      this.#probe.plan.add(found.name)
      const dependency = { module: found.name, alias: undefined }
      const role: Role = { is: 'imported', location: found }
      return new Insertion(this.#core, this.#source, this.#probe, dependency, role).run()
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
