import { getHeapStatistics } from 'node:v8'
import type { Core } from './core.ts'
import { rmmod } from './delete_module.ts'
import type { ModuleRecord } from './depmod/record.ts'
import { ModuleError } from './errno.ts'
import { DEFAULT_PARALLEL, DEFAULT_PROBE_TIMEOUT } from './kernel_options.ts'
import type { Leftover } from './leftovers/leftovers.ts'
import { insertAll } from './modprobe.ts'
import type { Module } from './module.ts'
import { hookOf } from './module_hooks.ts'
import { CatalogueSource } from './probe_source.ts'
import { within } from './seam.ts'
import { messageOf } from './thrown.ts'

/** As `process.memoryUsage` has it, which asks the system for the size of the process, too. */
const heapUsed = (): number => getHeapStatistics().used_heap_size

export interface ColdplugOptions {
  /** How many modules are probed at once; 8 by default. */
  readonly parallel?: number
  /** Milliseconds for a `probe`; 5000 by default, 0 is no limit. One that takes longer counts as failed, and its module is removed. */
  readonly timeout?: number
  /** Loads nothing, and tells what would be probed. */
  readonly dryRun?: boolean
  /** Is told of each module when it is done with. */
  readonly progress?: (done: ColdplugProgress) => void
}

export interface ColdplugProgress {
  readonly module: string
  readonly outcome: 'kept' | 'removed' | 'failed'
  readonly done: number
  readonly total: number
}

/** What coldplug found. */
export interface ColdplugReport {
  /** Modules that were asked, or in a dry run would be. Each is kept, needed, removed or failed. */
  readonly probed: readonly string[]
  /** Modules whose probe found something. */
  readonly kept: readonly string[]
  /** Modules that stay because a kept one imports from them, somebody else has asked for them meanwhile, or they cannot be removed. */
  readonly needed: readonly string[]
  /** Modules that were asked, found nothing, and were taken out. */
  readonly removed: readonly string[]
  readonly failed: readonly { readonly module: string; readonly reason: string }[]
  /**
   * Modules that were not asked and stay as they are, with the reason: they export no `probe`, cannot be read, are loaded already, are blacklisted, or are permanent and could
   * not be taken out again.
   */
  readonly skipped: readonly { readonly module: string; readonly reason: string }[]
  /** What removed modules had opened and not closed. It is closed. */
  readonly leftBehind: readonly (Leftover & { readonly module: string })[]
  /** Bytes of heap in use; before and after are what a collection leaves. */
  readonly memory: { readonly before: number; readonly peak: number; readonly after: number }
  readonly dryRun: boolean
  readonly ms: number
}

/**
 * What installers do to find out what a machine has: loads every module that exports `probe`, asks it, keeps those that find something, and takes the
 * others out with all that only they needed.
 */
export async function coldplug(core: Core, options: ColdplugOptions): Promise<ColdplugReport> {
  const { era } = core.probes
  const policy = await core.seam.step('coldplug: the configuration is read', core.policy.current())
  await core.seam.step('coldplug: the catalogue is current', core.catalogue.refresh())
  const source = new CatalogueSource(core.catalogue, policy)
  return new Coldplug(core, source, options, era).run()
}

/** Why it is not known whether a module has a probe, and where; undefined where it is known. */
function unreadable({ open, file, problems }: ModuleRecord): string | undefined {
  const fault = open && problems?.find(({ code, place }) => code === 'ENOEXEC' || place === file)
  return fault ? `${fault.place}: ${fault.message.split('\n')[0]!}` : undefined
}

class Coldplug {
  readonly #core: Core
  readonly #source: CatalogueSource
  readonly #options: ColdplugOptions
  readonly #kept = new Set<string>()
  readonly #failed: { module: string; reason: string }[] = []
  readonly #skipped: { module: string; reason: string }[] = []
  readonly #leftBehind: (Leftover & { module: string })[] = []
  /** What this brought in: all of it may be taken out again. */
  readonly #brought = new Set<Module>()
  /** By module: how many probes under way count on it. */
  readonly #inUse = new Map<string, number>()
  readonly #era: number
  #peak = 0
  #done = 0
  #total = 0

  constructor(core: Core, source: CatalogueSource, options: ColdplugOptions, era: number) {
    this.#core = core
    this.#source = source
    this.#options = options
    this.#era = era
  }

  async run(): Promise<ColdplugReport> {
    const { dryRun = false, parallel = DEFAULT_PARALLEL } = this.#options
    const { seam } = this.#core
    const started = seam.now()
    const wanted = this.#wanted()
    this.#total = wanted.length
    await seam.collect()
    const before = this.#measure()
    if (!dryRun) {
      const queue = wanted.values()
      const worker = async (): Promise<void> => {
        for (const module of queue) await this.#probe(module)
      }
      await Promise.all(Array.from({ length: Math.min(parallel, wanted.length) }, worker))
      await this.#takeOut()
      await seam.collect()
    }
    const after = heapUsed()
    const brought = [...this.#brought].map(({ name }) => name)
    // Also what a load that failed brought in and could not take out again.
    const stayed = new Set([...brought, ...wanted].filter(name => this.#core.modules.get(name)?.state.is === 'LIVE'))
    const failed = new Set(this.#failed.map(({ module }) => module))
    return {
      probed: wanted,
      kept: wanted.filter(name => this.#kept.has(name)),
      needed: [...stayed].filter(name => !this.#kept.has(name)).sort(),
      removed: dryRun ? [] : wanted.filter(name => !stayed.has(name) && !failed.has(name)),
      failed: this.#failed,
      skipped: this.#skipped,
      leftBehind: this.#leftBehind,
      memory: { before, peak: this.#peak, after },
      dryRun,
      ms: seam.now() - started,
    }
  }

  /** Modules to probe, in the order of the folders. */
  #wanted(): string[] {
    const { catalogue, policy } = this.#source
    const reasonNot = (name: string): string | undefined => {
      const record = catalogue.record(name)!
      if (!record.others.includes('probe')) return unreadable(record) ?? 'has no probe'
      if (this.#core.modules.has(name)) return 'is loaded already'
      if (policy.isBlacklisted({ module: name, alias: undefined }, { byName: true })) return 'is blacklisted'
      return record.info.permanent ? 'is permanent: it could not be removed' : undefined
    }
    const wanted: string[] = []
    for (const name of catalogue.records.names()) {
      const reason = reasonNot(name)
      if (reason === undefined) wanted.push(name)
      else this.#skipped.push({ module: name, reason })
    }
    return wanted
  }

  async #probe(name: string): Promise<void> {
    let outcome: ColdplugProgress['outcome'] = 'removed'
    let counted: string[] = []
    try {
      counted = [name, ...this.#source.needs(name)]
      for (const module of counted) this.#inUse.set(module, (this.#inUse.get(module) ?? 0) + 1)
      const inserted = await insertAll(
        this.#core,
        this.#source,
        [{ module: name, alias: undefined }],
        {},
        { era: this.#era, trial: this.#brought },
      )
      for (const module of inserted) this.#brought.add(module)
      if (await this.#ask(name)) {
        this.#kept.add(name)
        outcome = 'kept'
      }
    } catch (error) {
      this.#failed.push({ module: name, reason: messageOf(error) })
      outcome = 'failed'
    }
    this.#measure()
    for (const module of counted) this.#inUse.set(module, this.#inUse.get(module)! - 1)
    await this.#takeOut()
    this.#done++
    this.#options.progress?.({ module: name, outcome, done: this.#done, total: this.#total })
  }

  async #ask(name: string): Promise<boolean> {
    const { modules, seam } = this.#core
    const module = modules.get(name)
    if (module?.state.is !== 'LIVE') throw new ModuleError('ENOENT', { module: name })
    const { image, context } = module.state.loaded
    const probe = hookOf(module, image, 'probe')
    if (!probe) return false
    const { timeout = DEFAULT_PROBE_TIMEOUT } = this.#options
    const late = () => new Error(`probe took longer than ${timeout} ms`)
    const answer = within(
      seam,
      timeout,
      Promise.resolve().then(() => probe(context)),
      late,
    )
    return Boolean(await seam.step(`coldplug: end of the probe of ${name}`, answer))
  }

  /** Takes out whatever this brought in that found nothing and that nobody needs or has asked for, dependents first. */
  async #takeOut(): Promise<void> {
    const { probes } = this.#core
    for (let gone = true; gone; ) {
      gone = false
      for (const module of [...this.#brought].reverse()) {
        const { name, holders, state } = module
        if (state.is !== 'LIVE') {
          this.#brought.delete(module)
          continue
        }
        if (this.#kept.has(name) || holders.size > 0 || (this.#inUse.get(name) ?? 0) > 0) continue
        if (probes.isAskedFor(module) || probes.isPlanned(name)) continue
        this.#brought.delete(module)
        await this.#remove(name)
        gone = true
      }
    }
  }

  async #remove(name: string): Promise<void> {
    try {
      const report = await this.#core.probes.leave(name, () => rmmod(this.#core, name, { grace: 0 }))
      for (const leftover of report.leftovers) this.#leftBehind.push({ ...leftover, module: name })
    } catch (error) {
      this.#failed.push({ module: name, reason: `could not be removed: ${messageOf(error)}` })
    }
  }

  #measure(): number {
    const used = heapUsed()
    this.#peak = Math.max(this.#peak, used)
    return used
  }
}
