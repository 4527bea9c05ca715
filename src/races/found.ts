import type { Violation } from './model.ts'

/** A race as the searches hand it around. */
export interface Found {
  readonly violation: Violation
  /** The point of the step that went wrong; for what shows only at rest, the words of the violation. */
  readonly point: string
  readonly schedule: readonly number[]
}

/** Two violations with the same key are one race. */
export const keyOf = (violation: Violation, point: string): string => `${violation.kind} ${point}`
