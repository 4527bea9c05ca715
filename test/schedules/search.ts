import * as fc from 'fast-check'
import { inFiles, inMemory } from './carriers.ts'
import { programs } from './program.ts'
import { BrokenRule, run } from './run.ts'

export interface Search {
  readonly schedules: number
  readonly seed: number
  readonly carrier: 'memory' | 'files'
  /** Whether a program that breaks a rule is made as small as it gets. */
  readonly shrinks: boolean
}

export interface Found {
  /** Schedules that were run until one broke a rule, or all of them. */
  readonly schedules: number
  readonly steps: number
  readonly seconds: number
  readonly broken?: {
    readonly rule: string
    /** For people: the rule, the timeline, and how to see it again. */
    readonly report: string
  }
}

/** Enough for errors to be placed; a schedule makes dozens of them. */
const FRAMES = 4

/** Runs random programs under random schedules until one breaks a rule. */
export async function search({ schedules, seed, carrier: kind, shrinks }: Search): Promise<Found> {
  Error.stackTraceLimit = FRAMES
  const carrier = kind === 'memory' ? inMemory() : inFiles()
  const started = performance.now()
  let steps = 0
  let first: number | undefined
  let ran = 0
  const details = await fc.check(
    fc.asyncProperty(programs, fc.scheduler(), async (program, scheduler) => {
      ran++
      try {
        steps += (await run(program, scheduler, carrier)).schedule.steps
      } catch (error) {
        first ??= ran
        throw error
      }
    }),
    { numRuns: schedules, seed, endOnFailure: !shrinks },
  )
  const found = { schedules: first ?? ran, steps, seconds: (performance.now() - started) / 1000 }
  if (!details.failed) return found
  const error = details.errorInstance
  const report = error instanceof Error ? error.message : String(error)
  const again = `OUTLIVE_SEED=${seed} OUTLIVE_SCHEDULES=${schedules}`
  return {
    ...found,
    broken: {
      rule: error instanceof BrokenRule ? error.rule : 'no other error',
      report: `${report}\nAgain: ${again}\n`,
    },
  }
}
