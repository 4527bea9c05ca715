import { lazyRequire } from './lazy.ts'
import { type Edit, IMPORT } from './module_source.ts'
import { parsedImportOffsets } from './parse.ts'
import { dynamicImportOffsets } from './scan.ts'

/** Its JavaScript, which Node's own loader begins with too: compiling the WebAssembly takes longer than most files do. */
const lexer = lazyRequire<typeof import('cjs-module-lexer')>('cjs-module-lexer')

interface CommonJsExports {
  readonly names: readonly string[]
  readonly reexports: readonly string[]
}

/** The names that an ES module may import from a CommonJS text, found without running it, as Node finds them. */
export function commonJsExports(text: string): CommonJsExports {
  try {
    const { exports, reexports } = lexer().parse(text)
    return { names: KEEPS_GETTERS ? [...exports, ...withheld(text, exports)] : exports, reexports }
  } catch {
    return { names: [], reexports: [] }
  }
}

/**
 * Of an export that is assigned and also has a getter which may throw, as of `export { default as x } from './x'` by TypeScript, this lexer tells nothing. That of
 * newer Node, which is another one, tells of the assignment.
 */
const KEEPS_GETTERS = process.versions.merve !== undefined

const DEFINED =
  /\bObject\s*\.\s*defineProperty\s*\(\s*(?:module\s*\.\s*)?exports\s*,\s*(?:'([^'\\\n]+)'|"([^"\\\n]+)")/g

/** The names that are assigned and were left out for a getter. */
function withheld(text: string, told: readonly string[]): readonly string[] {
  const known = new Set(told)
  const defined = new Set([...text.matchAll(DEFINED)].map(([, single, double]) => (single ?? double)!))
  if (![...defined].some(name => !known.has(name))) return []
  const { exports } = lexer().parse(text.replaceAll('defineProperty', 'defineNothing_'))
  return exports.filter(name => defined.has(name) && !known.has(name))
}

const MAY_IMPORT = /\bimport\s*[(/.]/

/**
 * Only a file that has `import(` somewhere is read for where it is.
 *
 * @throws ImageFault `syntax`
 */
export function dynamicImportEdits(file: string, text: string): readonly Edit[] {
  if (!MAY_IMPORT.test(text)) return []
  const offsets = dynamicImportOffsets(text) ?? parsedImportOffsets(file, text)
  return offsets.map(start => ({ start, end: start + IMPORT.length, text: IMPORT }))
}
