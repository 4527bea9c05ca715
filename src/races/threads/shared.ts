/**
 * The memory that the threads of a run share, one Int32Array. An image is a number, beginning with 1 and never used
 * again; its memory is a word that is PRESENT or FREED, so a thread that is in the code of an image can always tell
 * whether it still should be.
 */
export const SCHEMES = ['inside', 'outside', 'retain'] as const

export type Scheme = (typeof SCHEMES)[number]

export interface Task {
  readonly scheme: Scheme
  readonly role: 'calls' | 'unloads'
  readonly shared: SharedArrayBuffer
  /** Calls that a calling thread makes. */
  readonly calls: number
  readonly images: number
}

/** What a thread that calls has to say when it is done. */
export interface CallCount {
  /** Calls that went into a module. */
  readonly calls: number
  /** Attempts that found no module loaded, or were refused a reference. */
  readonly turnedAway: number
  /** Calls in which the code was gone while the thread was in it. */
  readonly gone: number
}

export interface UnloadCount {
  readonly unloads: number
  /** rmmod found the count above 0. */
  readonly refused: number
}

/** The subsystem's pointer: an image, or 0. */
export const TABLE = 0
/** The subsystem's lock. */
export const LOCK = 1
/** Not 0 once the threads are to stop; then one of the two below. */
export const STOP = 2
export const OUT_OF_TIME = 1
export const OUT_OF_IMAGES = 2
const HEADER = 16

export const PRESENT = 1
export const FREED = 2

export const memoryOf = (image: number): number => HEADER + image * 2
export const countOf = (image: number): number => HEADER + image * 2 + 1
export const wordsFor = (images: number): number => HEADER + (images + 1) * 2
