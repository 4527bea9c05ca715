import type { Module } from './module.ts'
import type { Seam } from './seam.ts'

/** One modprobe under way. */
export interface Probe {
  /** In which it began: see `Probes.era`. */
  readonly era: number
  /** Modules that it will insert, or needs to stay. */
  readonly plan: Set<string>
  /** What it brought in, in the order of insertion; taken out again when it fails. */
  readonly brought: Module[]
}

/**
 * The modprobes under way. Trees overlap: what one brought in and would take out again may be what another counts on.
 */
export class Probes {
  readonly #active = new Set<Probe>()
  /** What successful ones counted on: for good, or for a trial, which takes out all that nobody else asked for. */
  readonly #settled = new WeakMap<Module, 'for good' | Set<Module>>()
  readonly #leaving = new Map<string, Promise<unknown>>()
  readonly #seam: Seam
  #era = 0

  constructor(seam: Seam) {
    this.#seam = seam
  }

  /** How many modprobes are under way, and modules being taken out for them. */
  get size(): number {
    return this.#active.size + this.#leaving.size
  }

  /** Ends when the kernel is closed: what began in one inserts nothing in the next. */
  get era(): number {
    return this.#era
  }

  /** From here no modprobe that is under way inserts anything more. */
  callOff(): void {
    this.#era++
  }

  begin(era: number): Probe {
    const probe: Probe = { era, plan: new Set(), brought: [] }
    this.#active.add(probe)
    return probe
  }

  /**
   * A modprobe has succeeded: what it counted on stays, also when another brought it in and fails later.
   *
   * @param trial is given what another brought in that failed later
   */
  end(probe: Probe, modules: ReadonlyMap<string, Module>, trial: Set<Module> | undefined): void {
    this.#active.delete(probe)
    for (const name of probe.plan) {
      const module = modules.get(name)
      if (module && (!trial || !this.#settled.has(module))) this.#settled.set(module, trial ?? 'for good')
    }
  }

  /** Has any modprobe that was no trial succeeded with this module? */
  isAskedFor(module: Module): boolean {
    return this.#settled.get(module) === 'for good'
  }

  /** Does any modprobe count on this module? */
  isPlanned(name: string): boolean {
    return [...this.#active].some(({ plan }) => plan.has(name))
  }

  /** Waits for the end of a module that is leaving. */
  gone(name: string): Promise<unknown> {
    return this.#leaving.get(name) ?? Promise.resolve()
  }

  /**
   * Takes out what a failed modprobe brought in, dependents first. A module that another one counts on becomes that one's: it stays if that
   * succeeds, and goes if that fails too.
   */
  async undo(probe: Probe, remove: (module: Module) => Promise<unknown>): Promise<void> {
    this.#active.delete(probe)
    for (const module of probe.brought.toReversed()) {
      if (module.state.is !== 'LIVE') continue
      const settled = this.#settled.get(module)
      if (settled !== undefined) {
        if (settled !== 'for good') settled.add(module)
        continue
      }
      const heir = [...this.#active].find(({ plan }) => plan.has(module.name))
      if (heir) heir.brought.unshift(module)
      else if (module.holders.size === 0) await this.leave(module.name, () => remove(module))
    }
  }

  /** Removes a module; modprobes that want it wait for its end and insert it anew. */
  async leave<T>(name: string, remove: () => Promise<T>): Promise<T> {
    const removal = remove()
    this.#leaving.set(
      name,
      removal.catch(() => {}),
    )
    try {
      return await this.#seam.step(`${name} has been taken out`, removal)
    } finally {
      this.#leaving.delete(name)
    }
  }
}
