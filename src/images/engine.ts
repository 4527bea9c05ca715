import { setFlagsFromString } from 'node:v8'
import { constants, Script } from 'node:vm'

/** Where what the engine made of one text is remembered. */
export interface CodeMemory {
  /** As `writeDown` wrote it, in this process or an earlier one. */
  readonly before: Uint8Array | undefined
  /** To be written down, once it has run: then what was compiled meanwhile is there too. */
  note(script: Script): void
}

/**
 * Code that is restored has no counters for its branches, so that coverage would tell of whole functions only. The variable is what the command line of Node, and tools around it, ask for
 * coverage by.
 */
export const REMEMBERS_CODE = process.env.NODE_V8_COVERAGE === undefined

/**
 * Works without V8's compilation cache, which would keep the code of dropped images until a last-resort collection. The flag is read at
 * compile time only, so it is back on before anybody else compiles.
 */
function uncached<T>(work: () => T): T {
  setFlagsFromString('--no-compilation-cache')
  try {
    return work()
  } finally {
    setFlagsFromString('--compilation-cache')
  }
}

/**
 * What the code of a function expression gives, whose first line is line 0.
 *
 * @param memory must be of this very code: the engine compares no more than its length
 * @throws SyntaxError also for code that closes the function and goes on
 */
export function compileFunctionExpression(code: string, filename: string, memory: CodeMemory | undefined): Function {
  const before = memory?.before
  const script = uncached(
    () =>
      new Script(code, {
        filename,
        lineOffset: -1,
        // For `import()` in code that is made of text while it runs, by `eval` or `Function`.
        importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
        ...(before && { cachedData: before }),
      }),
  )
  // What another engine wrote, or this one under other flags, is refused.
  if (memory && (!before || script.cachedDataRejected)) memory.note(script)
  const compiled = script.runInThisContext() as Function
  checkWhole(compiled, code.length - 2)
  return compiled
}

/** Asked for as `toString` was when this was loaded: code may have changed it since. */
const textOf: (compiled: Function) => string = Function.prototype.call.bind(Function.prototype.toString)

/**
 * An author's text may close the function that was put around it, and open another: then the one that is there is shorter than it was written. Its text is a part of the
 * script's, which costs nothing to ask for.
 *
 * @throws SyntaxError
 */
export function checkWhole(compiled: Function, length: number): void {
  if (textOf(compiled).length !== length) throw new SyntaxError("Unexpected token '}'")
}

/** @throws SyntaxError */
export const checkSyntax = (code: string, filename?: string): void =>
  void uncached(() => new Script(code, { lineOffset: -1, ...(filename !== undefined && { filename }) }))

/** Flags are a part of what is written: the same as at the time of reading. */
export const writeDown = (script: Script): Uint8Array => uncached(() => script.createCachedData())
