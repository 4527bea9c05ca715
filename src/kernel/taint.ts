import type { KernelLog } from './printk.ts'

/** Why a kernel is no longer trustworthy. Letters, bits and meanings as Linux has them, where it has them. */
export interface Taint {
  readonly letter: string
  readonly bit: number
  readonly meaning: string
}

export const TAINTS = {
  forcedLoad: { letter: 'F', bit: 1, meaning: 'a module was loaded by force' },
  forcedUnload: {
    letter: 'R',
    bit: 3,
    meaning: 'a module was unloaded by force, or its code was reclaimed while somebody might call it',
  },
  outOfTree: { letter: 'O', bit: 12, meaning: "a module from outside the host's module folders was loaded" },
  unsigned: { letter: 'E', bit: 13, meaning: 'a module without a valid signature was loaded' },
} as const satisfies Record<string, Taint>

type TaintName = keyof typeof TAINTS

/** A taint, and the first thing that caused it. */
export interface KernelTaint extends Taint {
  readonly reason: string
  readonly module: string | undefined
  /** Of the module's image. */
  readonly generation: number | undefined
  /** Milliseconds since the epoch. */
  readonly since: number
}

/** The taints of one kernel. There is no way to clear one. */
export class Taints {
  readonly #set = new Map<TaintName, KernelTaint>()
  readonly #modules = new Map<string, Set<string>>()
  readonly #log: KernelLog
  readonly #onTaint: (taint: KernelTaint) => void

  constructor(log: KernelLog, onTaint: (taint: KernelTaint) => void) {
    this.#log = log
    this.#onTaint = onTaint
  }

  add(name: TaintName, reason: string, cause?: { readonly name: string; readonly generation: number }): void {
    const module = cause?.name
    const { letter } = TAINTS[name]
    if (module !== undefined) this.#modules.set(module, (this.#modules.get(module) ?? new Set()).add(letter))
    if (this.#set.has(name)) return
    const taint: KernelTaint = { ...TAINTS[name], reason, module, generation: cause?.generation, since: Date.now() }
    this.#set.set(name, taint)
    this.#log.warn(`kernel tainted: ${letter} (${reason})`, module)
    this.#onTaint(taint)
  }

  list(): KernelTaint[] {
    return [...this.#set.values()].sort((a, b) => a.bit - b.bit)
  }

  /** Letters of the taints that a module, in any of its generations, has caused. */
  lettersOf(module: string): string {
    return [...(this.#modules.get(module) ?? [])].sort().join('')
  }
}
