import { parse as lexExports } from 'cjs-module-lexer'
import { faultAt } from './fault.ts'
import { type Edit, IMPORT } from './module_source.ts'
import { parseProgram } from './parse.ts'
import { dynamicImportOffsets } from './scan.ts'

export interface CommonJsExports {
  readonly names: readonly string[]
  readonly reexports: readonly string[]
}

/** The names that an ES module may import from a CommonJS text, found without running it, as Node finds them. */
export function commonJsExports(text: string): CommonJsExports {
  try {
    const { exports, reexports } = lexExports(text)
    return { names: exports, reexports }
  } catch {
    return { names: [], reexports: [] }
  }
}

const REQUIRED = /\brequire\s*(?:\.\s*resolve\s*)?\(\s*(?:"([^"\n]+)"|'([^'\n]+)'|`([^`$\\\n]+)`)\s*\)/g

/** Specifiers of `require` calls that can be named without running the code. */
export const literalRequires = (text: string): string[] =>
  [...text.matchAll(REQUIRED)].map(match => (match[1] ?? match[2] ?? match[3])!)

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

/** @throws ImageFault `syntax` */
export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = (error as Error).message
    const offset = Number(/position (\d+)/.exec(reason)?.[1] ?? text.length)
    throw faultAt(
      { kind: 'syntax', reason: reason.replace(/ in JSON at position.*| \(line .*/s, '') },
      file,
      text,
      offset,
    )
  }
}
