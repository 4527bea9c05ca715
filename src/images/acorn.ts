import type { Parser } from 'acorn'
import { lazyRequire } from './lazy.ts'

/** The full parser: for `info`, and for the few texts that no reader is sure of. A host that has neither never loads it. */
export const acorn = lazyRequire<typeof import('acorn')>('acorn')

/** What of acorn's parser is replaced. */
interface Guard {
  catchStackOverflow<T>(parse: () => T): T
}

let parser: typeof Parser | undefined

/**
 * Without acorn's guard against code that is nested too deeply: it makes regular expressions where the stack has just run out, which ends a process of Node 20. The
 * RangeError comes through instead.
 */
export function acornParser(): typeof Parser {
  parser ??= acorn().Parser.extend(base => {
    const guarded = base as unknown as new (...args: never[]) => Parser & Guard
    class Unguarded extends guarded {
      override catchStackOverflow<T>(parse: () => T): T {
        return parse()
      }
    }
    return Unguarded as unknown as typeof Parser
  })
  return parser
}
