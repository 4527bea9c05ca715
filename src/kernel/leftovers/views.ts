import { createRequire } from 'node:module'
import type { Leftovers } from './leftovers.ts'
import { viewProcess } from './process_listeners.ts'
import { viewServers } from './servers.ts'
import { viewTimers } from './timers.ts'

const nativeRequire = createRequire(import.meta.url)

/** What a module sees in place of some globals and builtins: the same things, which also remember what it opens. Ownership is lexical. */
export interface Views {
  readonly globals: Readonly<Record<string, unknown>>
  builtin(name: string): unknown
}

export function createViews(leftovers: Leftovers): Views {
  const timers = viewTimers(leftovers)
  const process = viewProcess(leftovers)
  const made = new Map<string, unknown>()
  const make = (name: string): unknown => {
    const real = nativeRequire(`node:${name}`) as never
    switch (name) {
      case 'timers':
        return { ...(real as object), ...timers }
      case 'process':
        return process
      case 'net':
      case 'http':
      case 'https':
        return viewServers(real, name, leftovers)
      default:
        return real
    }
  }
  return {
    globals: { ...timers, process },
    builtin(specifier) {
      const name = specifier.replace(/^node:/, '')
      if (!made.has(name)) made.set(name, make(name))
      return made.get(name)
    },
  }
}
