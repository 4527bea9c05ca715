import { collect } from './collect.ts'
import { refcount } from './refcount.ts'
import { retain } from './retain.ts'

/** How unloading treats those who might still call. */
export type SchemeName = 'refcount' | 'retain' | 'collect'

/** Laxest first. */
export const SCHEME_NAMES: readonly SchemeName[] = ['collect', 'retain', 'refcount']

/** What a scheme means for the steps of an unload. */
export interface UnloadScheme {
  /** Whoever calls in is counted, and a count above zero holds rmmod off. */
  readonly counts: boolean
  /** The kernel keeps the code of a removed module for ever. */
  readonly keepsImage: boolean
  /** A call through an old pointer is refused, whatever the policy for late calls. */
  readonly refusesLateCalls: boolean
  /** What becomes of the bytes of a removed module, for the log. */
  readonly afterwards: string
}

const SCHEMES: Readonly<Record<SchemeName, UnloadScheme>> = { collect, retain, refcount }

export const schemeOf = (name: SchemeName): UnloadScheme => SCHEMES[name]

/** A module may ask for a stricter scheme than the kernel's, not for a laxer one. */
export const stricter = (kernel: SchemeName, asked: SchemeName | undefined): SchemeName =>
  asked !== undefined && SCHEME_NAMES.indexOf(asked) > SCHEME_NAMES.indexOf(kernel) ? asked : kernel
