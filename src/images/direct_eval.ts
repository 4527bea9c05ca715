import type { Program } from 'acorn'
import { acornParser } from './acorn.ts'
import { renameArguments } from './arguments.ts'
import { applyEdits, inOrder } from './edits.ts'
import { type Edit, IMPORT } from './module_source.ts'
import { Publisher } from './publishing.ts'
import { analyseTopLevel, declaredNames } from './scope.ts'

/** What the code of a direct eval may name of the module around it. */
interface EvalScope {
  readonly imported: ReadonlySet<string>
  readonly exported: ReadonlySet<string>
  /** Names that mean something else where the call stands. */
  readonly shadowed: readonly string[]
  /** Whether the call stands in a function that has `arguments` and `new.target`; at the top level of a module there are none. */
  readonly inFunction: boolean
}

const STRICT = "'use strict';"
const NEW_TARGET = /\bnew\s*\.\s*target\b/g
/** What is the module's own, whatever it is called. */
const OWN_WORDS = String.raw`import\s*\(|eval|arguments|new\s*\.`

/**
 * The code of a direct eval (ECMA-262, 19.2.1.1), changed as the module around it is: it tells of assignments to what is exported, refuses those to what is imported,
 * and loads by `import()` what belongs to the image.
 *
 * @throws SyntaxError for `new.target` at the top level; any other mistake the engine finds
 */
export function directEvalCode(code: unknown, scope: EvalScope): unknown {
  if (typeof code !== 'string' || !mentions(code, scope)) return code
  const program = parse(code.replace(NEW_TARGET, found => 'this'.padEnd(found.length)))
  if (!program) return code
  // Where there is a function around it in truth, the engine does not see that the module has none.
  if (!scope.inFunction && code.search(NEW_TARGET) !== -1 && !parse(code))
    throw new SyntaxError('new.target expression is not allowed here')
  const own = declaredNames(program)
  const use = analyseTopLevel(program, [new Set([...scope.shadowed, ...own])])
  const edits: Edit[] = use.dynamicImports.map(({ start }) => ({ start, end: start + IMPORT.length, text: IMPORT }))
  if (!scope.inFunction && code.includes('arguments')) edits.push(...renameArguments(program))
  const shifted = STRICT + code
  const publisher = new Publisher(shifted)
  publisher.assignments(use, scope.imported, scope.exported, scope.inFunction)
  edits.push(...publisher.edits)
  return applyEdits(shifted, inOrder(edits)).slice(STRICT.length)
}

const mentions = (code: string, { imported, exported }: EvalScope): boolean => {
  const names = [...imported, ...exported].map(name => name.replaceAll('$', String.raw`\$`))
  return code.includes('\\u') || new RegExp([OWN_WORDS, ...names].join('|')).test(code)
}

function parse(code: string): Program | undefined {
  try {
    return acornParser().parse(STRICT + code, {
      ecmaVersion: 'latest',
      sourceType: 'script',
      allowSuperOutsideMethod: true,
    })
  } catch {
    return undefined
  }
}
