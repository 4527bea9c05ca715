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

export type TaintName = keyof typeof TAINTS
