import { lazyRequire } from './lazy.ts'
import { type Edit, IMPORT } from './module_source.ts'
import { parseProgram } from './parse.ts'
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
    return { names: exports, reexports }
  } catch {
    return { names: [], reexports: [] }
  }
}

const MAY_IMPORT = /\bimport\s*[(/.]/

/**
 * Only a file that has `import(` somewhere is read for where it is.
 *
 * @throws ImageFault `syntax`
 */
export function dynamicImportEdits(file: string, text: string): readonly Edit[] {
  if (!MAY_IMPORT.test(text)) return []
  const offsets = dynamicImportOffsets(text) ?? parsedOffsets(file, text)
  return offsets.map(start => ({ start, end: start + IMPORT.length, text: IMPORT }))
}

function parsedOffsets(file: string, text: string): number[] {
  const offsets: number[] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (typeof value === 'object' && value !== null && 'type' in value) {
      const node = value as { type: string; start: number }
      if (node.type === 'ImportExpression') offsets.push(node.start)
      Object.values(node).forEach(visit)
    }
  }
  visit(parseProgram(file, text, 'script').body)
  return offsets.sort((a, b) => a - b)
}
