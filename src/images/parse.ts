import type { Program, Token } from 'acorn'
import { acornParser } from './acorn.ts'
import { renameArguments } from './arguments.ts'
import { inOrder } from './edits.ts'
import { faultAt, syntaxReason } from './fault.ts'
import { ModuleReader } from './module_reader.ts'
import { IMPORT, type ModuleSource } from './module_source.ts'
import { Publisher } from './publishing.ts'
import { type PhaseImport, phaseImports } from './scan.ts'
import { analyseTopLevel } from './scope.ts'
import { walk } from './syntax_tree.ts'

/** acorn ends its messages with `(line:column)`; the place is told apart from the text here. */
const PLACE_SUFFIX = / \(\d+:\d+\)$/

/**
 * Reads a module with a full parser: the judge of early errors, and of every text that no reader is sure of. One in a cycle tells its importers also of what it
 * declares, when it has.
 *
 * @throws ImageFault `syntax`, with place and code frame
 */
export function parseModule(file: string, text: string, cyclic = false): ModuleSource {
  const phases = phaseImports(text)
  const program = parseProgram(file, withoutPhases(text, phases), 'module')
  return judged(file, text, () => readProgram(program, text, phases, cyclic))
}

function readProgram(program: Program, text: string, phases: readonly PhaseImport[], cyclic: boolean): ModuleSource {
  const reader = new ModuleReader(text, new Set(phases.map(({ offset }) => offset)))
  for (const statement of program.body) reader.statement(statement)
  const use = analyseTopLevel(program)
  const renamed = text.includes('arguments') ? renameArguments(program) : []
  for (const node of [...use.dynamicImports, ...use.metaProperties])
    reader.edits.push({ start: node.start, end: node.start + IMPORT.length, text: IMPORT })
  const publisher = new Publisher(text)
  publisher.assignments(use, new Set(reader.imports.map(entry => entry.localName)), reader.exportedNames)
  if (cyclic) publisher.afterDeclarations(reader.declarationEnds)
  return {
    requests: reader.requests,
    imports: reader.imports,
    ...reader.exports(),
    edits: inOrder([...reader.edits, ...renamed, ...publisher.edits]),
    hasTopLevelAwait: use.hasTopLevelAwait,
    mutableExports: publisher.mutable,
    namesDefault: reader.namesDefault,
    unchecked: undefined,
  }
}

/** The parser does not know them. */
function withoutPhases(text: string, phases: readonly PhaseImport[]): string {
  let out = text
  for (const { word } of phases) out = out.slice(0, word[0]) + ' '.repeat(word[1] - word[0]) + out.slice(word[1])
  return out
}

export function awaitsAtTopLevel(file: string, text: string): boolean {
  try {
    return analyseTopLevel(parseProgram(file, withoutPhases(text, phaseImports(text)), 'module')).hasTopLevelAwait
  } catch {
    return false
  }
}

/** Is the text right, as that of an ES module? */
export function isModuleText(file: string, text: string): boolean {
  try {
    parseProgram(file, withoutPhases(text, phaseImports(text)), 'module')
    return true
  } catch {
    return false
  }
}

export function parseProgram(file: string, text: string, sourceType: 'module' | 'script') {
  return judged(file, text, () =>
    acornParser().parse(text, {
      ecmaVersion: 'latest',
      sourceType,
      allowHashBang: true,
      allowReturnOutsideFunction: sourceType === 'script',
      ...(sourceType === 'module' && text.includes('<!--') && { onToken: token => refuseHtmlComment(text, token) }),
    }),
  )
}

/** @throws ImageFault `syntax`, also of a text that takes all of the stack to read */
function judged<T>(file: string, text: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const { pos = 0 } = error as { pos?: number }
    throw faultAt({ kind: 'syntax', reason: syntaxReason(error as Error).replace(PLACE_SUFFIX, '') }, file, text, pos)
  }
}

/**
 * Where a CommonJS text has `import(…)`.
 *
 * @throws ImageFault `syntax`
 */
export function parsedImportOffsets(file: string, text: string): number[] {
  const offsets: number[] = []
  walk(parseProgram(file, text, 'script'), ({ type, start }) => {
    if (type === 'ImportExpression') offsets.push(start)
  })
  return offsets.sort((a, b) => a - b)
}

/**
 * In a module `x <!--y` is an expression to the parser, an error to Node's own loader, and to the engine a comment, since there it stands in a function: code would
 * vanish.
 *
 * @throws SyntaxError with its place, as the parser throws it
 */
function refuseHtmlComment(text: string, { type, start }: Token): void {
  // The text of a template may begin so, too.
  if (type.label !== 'template' && text.startsWith('<!--', start))
    throw Object.assign(new SyntaxError('HTML comments are not allowed in modules'), { pos: start })
}
