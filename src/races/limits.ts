export interface Limits {
  /** The most states to keep. */
  readonly maxStates: number
  /** The most steps in one schedule. */
  readonly maxDepth: number
  /** Milliseconds for one model, the search for the shortest schedules included. */
  readonly timeLimit: number
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

export interface Progress {
  readonly states: number
  /** Steps of the schedule that is being tried. */
  readonly depth: number
  readonly ms: number
}

export type Reached = 'states' | 'time' | 'depth'

export const DEFAULT_LIMITS: Limits = { maxStates: 2_000_000, maxDepth: 10_000, timeLimit: 60_000 }

/** How often `onProgress` is called, in milliseconds. */
const PROGRESS_EVERY = 200

/** Watches the limits of one exploration. */
export interface Clock {
  readonly limits: Limits
  /** The limit that was reached last. */
  reached: Reached | undefined
  check(states: number, depth: number): Reached | undefined
  describe(limit: Reached, states: number, depth: number): string
}

export function startClock(options: Partial<Limits>): Clock {
  const limits: Limits = {
    maxStates: atLeastOne('maxStates', options.maxStates ?? DEFAULT_LIMITS.maxStates),
    maxDepth: atLeastOne('maxDepth', options.maxDepth ?? DEFAULT_LIMITS.maxDepth),
    timeLimit: atLeastOne('timeLimit', options.timeLimit ?? DEFAULT_LIMITS.timeLimit),
    onProgress: options.onProgress,
  }
  const started = performance.now()
  let told = started
  return {
    limits,
    reached: undefined,
    check(states, depth) {
      const now = performance.now()
      if (now - told >= PROGRESS_EVERY) {
        told = now
        limits.onProgress?.({ states, depth, ms: now - started })
      }
      if (states >= limits.maxStates) this.reached = 'states'
      else if (now - started >= limits.timeLimit) this.reached = 'time'
      else return undefined
      return this.reached
    },
    describe(limit, states, depth) {
      const bound = {
        states: `at the limit of ${limits.maxStates} states`,
        time: `at the limit of ${limits.timeLimit / 1000} seconds`,
        depth: `schedules are longer than the limit of ${limits.maxDepth} steps`,
      }[limit]
      const how = limit === 'depth' ? bound : `stopped ${bound}`
      return `${how}; ${states} states and schedules of up to ${depth} steps were tried`
    },
  }
}

function atLeastOne(name: string, value: number): number {
  if (!(value >= 1)) throw new RangeError(`${name}: expected a number of at least 1, got ${value}`)
  return value
}
