import type { Core } from './core.ts'
import { ModuleError } from './errno.ts'
import { insertAll } from './modprobe.ts'
import { type CatalogueSource, sourceOf } from './probe_source.ts'

/** Aliases come from outside, as parts of a URL: what is longer than any sensible one is answered without a look. */
const LONGEST_ALIAS = 2048

/** Milliseconds for which the folders are taken to be as they were, unless a file came or went: so long an unknown alias stays unknown. */
const FRESH = 1000

/** Milliseconds for which a module that could not be loaded is not tried again. */
const FAILED = 5000

/**
 * Loads by alias while the host runs. Whatever is asked, a request costs a look-up: the files are looked at once in a while, modules that fail are not
 * tried every time, and nothing is remembered by alias but the requests under way.
 */
export class Requests {
  readonly #core: Core
  readonly #underWay = new Map<string, Promise<boolean>>()
  /** By module: at most as many as there are. */
  readonly #failed = new Map<string, { readonly error: unknown; readonly until: number; readonly stamp: string }>()
  #source: CatalogueSource | undefined
  #sourceAge = Number.NEGATIVE_INFINITY

  constructor(core: Core) {
    this.#core = core
  }

  /**
   * Loads what provides `alias`, unless it is there; false when nothing does.
   *
   * @throws ModuleError why it could not be loaded
   */
  request(alias: string): Promise<boolean> {
    if (typeof alias !== 'string' || alias === '' || alias.length > LONGEST_ALIAS) return Promise.resolve(false)
    const underWay = this.#underWay.get(alias)
    if (underWay) return underWay
    const request = this.#load(alias).finally(() => this.#underWay.delete(alias))
    this.#underWay.set(alias, request)
    return request
  }

  async #load(alias: string): Promise<boolean> {
    const { seam, probes } = this.#core
    const { era } = probes
    const source = await seam.step(`request ${alias}: the catalogue is current`, this.#current())
    const wanted = source.allowed(source.lookup(alias), {})
    if (wanted.length === 0) return false
    const missing = wanted.filter(({ module }) => this.#core.modules.get(module)?.state.is !== 'LIVE')
    for (const { module } of missing) this.#refuseFailed(source, module)
    try {
      if (missing.length > 0) await insertAll(this.#core, source, missing, {}, { era })
      return true
    } catch (error) {
      // What is on its way in or out is at its end in a moment.
      if (!(error instanceof ModuleError && error.data.being !== undefined))
        for (const { module } of missing)
          this.#failed.set(module, { error, until: seam.now() + FAILED, stamp: this.#stampOf(source, module) })
      throw error
    }
  }

  #refuseFailed(source: CatalogueSource, module: string): void {
    const failed = this.#failed.get(module)
    if (!failed) return
    if (failed.until > this.#core.seam.now() && failed.stamp === this.#stampOf(source, module)) throw failed.error
    this.#failed.delete(module)
  }

  /** Another when a file of the module, or of what it imports from, has changed, or somebody has inserted one of these since. */
  #stampOf(source: CatalogueSource, module: string): string {
    const { generations } = this.#core
    const parts = [module, ...needsOf(source, module)]
    return parts.map(name => `${source.catalogue.record(name)?.hash} ${generations.get(name)}`).join('\n')
  }

  async #current(): Promise<CatalogueSource> {
    const { catalogue, policy, seam } = this.#core
    await catalogue.refreshOlderThan(FRESH)
    if (this.#source === undefined || seam.now() - this.#sourceAge > FRESH) {
      this.#source = sourceOf(catalogue, await policy.current())
      this.#sourceAge = seam.now()
    }
    return this.#source
  }
}

function needsOf(source: CatalogueSource, module: string): readonly string[] {
  try {
    return source.needs(module)
  } catch {
    // A circle: who inserts it says so.
    return []
  }
}
