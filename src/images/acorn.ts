import type { Parser } from 'acorn'
import { lazyRequire } from './lazy.ts'

/** The full parser: for `info`, and for the few texts that no reader is sure of. A host that has neither never loads it. */
export const acorn = lazyRequire<typeof import('acorn')>('acorn')

/** What of acorn's parser is replaced. */
interface Internals {
  readonly scopeStack: readonly { var: string[]; lexical: string[]; functions: string[] }[]
  catchStackOverflow<T>(parse: () => T): T
  enterScope(flags: number): void
}

let parser: typeof Parser | undefined

/**
 * Without acorn's guard against code that is nested too deeply: it makes regular expressions where the stack has just run out, which ends a process of Node 20. The
 * RangeError comes through instead. And the names of the top level, of which a large file has many thousands, are not searched one by one at each declaration.
 */
export function acornParser(): typeof Parser {
  parser ??= acorn().Parser.extend(base => {
    const original = base as unknown as new (...args: never[]) => Parser & Internals
    class OwnParser extends original {
      override catchStackOverflow<T>(parse: () => T): T {
        return parse()
      }
      override enterScope(flags: number): void {
        super.enterScope(flags)
        const [top] = this.scopeStack
        if (top && this.scopeStack.length === 1)
          for (const kind of ['var', 'lexical', 'functions'] as const) top[kind] = new Names()
      }
    }
    return OwnParser as unknown as typeof Parser
  })
  return parser
}

/** Finds a name as fast among many as among few. A parser that goes back makes it shorter. */
class Names extends Array<string> {
  readonly #places = new Map<string, number>()
  #known = 0

  override push(name: string): number {
    this.#forgetLost()
    return super.push(name)
  }

  override indexOf(name: string): number {
    this.#forgetLost()
    for (; this.#known < this.length; this.#known++)
      if (!this.#places.has(this[this.#known]!)) this.#places.set(this[this.#known]!, this.#known)
    return this.#places.get(name) ?? -1
  }

  #forgetLost(): void {
    if (this.#known <= this.length) return
    this.#places.clear()
    this.#known = 0
  }
}
