import { ModuleError } from '../../kernel/errno.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { ModuleRow } from '../../kernel/lsmod.ts'
import { printable } from '../../kernel/printable.ts'
import { formatError, type Reporter } from './report.ts'

/** Editors write a file in several steps: what comes within this time is one change. In milliseconds. */
const SETTLE = 60

/** Why a module could not be brought up to date: what was said, and the other module that it is because of, where that is known. */
interface Hindrance {
  readonly said: string
  readonly other: string | undefined
}

/** Modules that could not be brought up to date because of others, by name. */
export type Waiting = Map<string, Hindrance>

/** Undefined for an error that has nothing to do with other modules. */
export function hindranceOf(error: unknown, said: string): Hindrance | undefined {
  if (!(error instanceof ModuleError)) return undefined
  const { importer, from, holders } = error.data
  if (importer === undefined && !['ESYMBOL', 'ENOENT', 'ENOTLIVE', 'ELOOP', 'EHOLDERS'].includes(error.code))
    return undefined
  const other = importer ?? from ?? (Array.isArray(holders) ? holders[0] : undefined)
  return { said, other: typeof other === 'string' ? other : undefined }
}

/** The update of one module: one at a time, and one more for all changes that come meanwhile. */
type Progress =
  | { readonly is: 'settling'; readonly timer: NodeJS.Timeout }
  | { readonly is: 'running' }
  /** Running, and something has changed since it began. */
  | { readonly is: 'outdated' }

/**
 * Brings modules to what their files are now: replaced, inserted, or removed. What fails because of another module is tried again when one goes into service or is gone; modules
 * that hinder each other, such as two that have changed a name between them, are replaced together.
 */
export class Updates {
  readonly #kernel: Kernel
  readonly #report: Reporter
  readonly #waiting: Waiting
  /** By name; a module with nothing to do has none. */
  readonly #progress = new Map<string, Progress>()
  /** What was told of a module last, and needs no telling again before its files change. */
  readonly #told = new Map<string, string>()
  /** Not told yet: it may be over when all that changed has been looked at. */
  readonly #untold = new Map<string, () => void>()
  /** Those that could not be replaced together either. */
  readonly #triedTogether = new Set<string>()

  /** @param waiting what failed and was told already */
  constructor(kernel: Kernel, report: Reporter, waiting: Waiting) {
    this.#kernel = kernel
    this.#report = report
    this.#waiting = waiting
    for (const [name, { said }] of waiting) this.#told.set(name, said)
  }

  /** Some file of this module has changed. */
  changed(name: string): void {
    this.#told.delete(name)
    this.#schedule(name)
  }

  /** Some module has gone into service, or out of it. */
  tryAgain(): void {
    const names = [...this.#waiting.keys()]
    this.#waiting.clear()
    for (const name of names) this.#schedule(name)
  }

  close(): void {
    for (const progress of this.#progress.values()) if (progress.is === 'settling') clearTimeout(progress.timer)
  }

  #schedule(name: string): void {
    this.#triedTogether.delete(name)
    const progress = this.#progress.get(name)
    if (progress?.is === 'running' || progress?.is === 'outdated') this.#progress.set(name, { is: 'outdated' })
    else {
      clearTimeout(progress?.timer)
      const timer = setTimeout(() => void this.#run([name], () => this.#update(name)), SETTLE)
      this.#progress.set(name, { is: 'settling', timer })
    }
  }

  async #run(names: readonly string[], work: () => Promise<void>): Promise<void> {
    for (const name of names) this.#progress.set(name, { is: 'running' })
    await work()
    for (const name of names) {
      const isOutdated = this.#progress.get(name)?.is === 'outdated'
      this.#progress.delete(name)
      if (isOutdated) this.#schedule(name)
    }
    this.#settle()
  }

  async #update(name: string): Promise<void> {
    const row = this.#rowOf(name)
    this.#waiting.delete(name)
    this.#untold.delete(name)
    try {
      if (row && this.#kernel.isInPlace(name)) await this.#kernel.replace(name)
      else {
        if (row) await this.#kernel.rmmod(name)
        // Its file or folder may have another name now.
        if (!row || this.#kernel.available().some(module => module.name === name)) await this.#kernel.modprobe(name)
      }
    } catch (error) {
      // A file that came and went again, or one that is no module.
      if (!row && error instanceof ModuleError && error.code === 'ENOENT' && error.data.directory !== undefined) return
      const said = `${printable(name)}: ${formatError(error)}`
      // Where its file has another name now, the old version has gone already.
      const serves = this.#rowOf(name)
      const tell = () => this.#tell(name, said, serves ? `; ${printable(name)}#${serves.generation} keeps serving` : '')
      const hindrance = hindranceOf(error, said)
      if (!hindrance) return tell()
      this.#waiting.set(name, hindrance)
      this.#untold.set(name, tell)
    }
  }

  #rowOf(name: string): ModuleRow | undefined {
    return this.#kernel.lsmod().find(module => module.name === name)
  }

  #tell(name: string, said: string, kept: string): void {
    if (this.#told.get(name) === said) return
    this.#told.set(name, said)
    this.#report.problem(said, kept)
  }

  /** Once nothing is under way, what is left is either stuck together or true. */
  #settle(): void {
    if (this.#progress.size > 0) return
    const group = this.#stuck()
    if (group) void this.#run(group, () => this.#updateTogether(group))
    else {
      for (const tell of this.#untold.values()) tell()
      this.#untold.clear()
    }
  }

  /** Modules in service of which each is hindered by another of them; undefined when there are none, or none that were not tried. */
  #stuck(): [string, ...string[]] | undefined {
    const serving = [...this.#waiting.keys()].filter(name => this.#rowOf(name))
    const isHindered = (name: string, by: string): boolean => this.#waiting.get(name)?.other === by
    for (const first of serving) {
      if (this.#triedTogether.has(first)) continue
      const group = new Set([first])
      for (const name of group)
        for (const other of serving) if (isHindered(name, other) || isHindered(other, name)) group.add(other)
      const [, ...others] = group
      if (others.length > 0) return [first, ...others]
    }
    return undefined
  }

  async #updateTogether(group: readonly [string, ...string[]]): Promise<void> {
    const [first, ...others] = group
    const before = group.map(name => [name, this.#waiting.get(name)!] as const)
    // They go into service themselves: nothing is to be tried again for that.
    for (const name of group) this.#waiting.delete(name)
    try {
      await this.#kernel.replace(first, { with: others })
      for (const name of group) this.#untold.delete(name)
    } catch (error) {
      for (const [name, hindrance] of before) this.#waiting.set(name, hindrance)
      for (const name of group) this.#triedTogether.add(name)
      const said = `${printable(group.join(', '))}: ${formatError(error)}`
      if (hindranceOf(error, said)) return
      // What each could not do alone is not what is wrong.
      for (const name of group) this.#untold.delete(name)
      this.#tell(first, said, '; the versions that served keep serving')
    }
  }
}
