import { createRequire } from 'node:module'
import { codeFrame } from './code_frame.ts'
import { compileDecorators } from './decorators.ts'
import { ImageFault } from './fault.ts'
import { isJsx, isTypeScript, packageType } from './format.ts'
import { compileJsx } from './jsx.ts'
import { mayDecorate } from './may_decorate.ts'
import { realign } from './realign.ts'
import { withStatementEnds } from './statement_ends.ts'

type Swc = typeof import('@swc/wasm-typescript')

interface SwcError {
  readonly code: string
  readonly message: string
  readonly startLine?: number
  readonly startColumn?: number
}

const COMPILER = '@swc/wasm-typescript'
const nativeRequire = createRequire(import.meta.url)
let swc: Swc | undefined

/** Megabytes of compiler that hosts of plain JavaScript never need, so it is loaded at the first TypeScript file. */
const compiler = (): Swc => {
  swc ??= nativeRequire(COMPILER) as Swc
  return swc
}

/** One that has run out of its stack or met a mistake of its own is left in the middle of things, and fails at every text from then on. */
function forgetCompiler(): void {
  swc = undefined
  delete nativeRequire.cache[nativeRequire.resolve(COMPILER)]
}

/** As Node has it: imports stay unless they say `type`, and fields are those of the language. */
const TRANSFORM = { verbatimModuleSyntax: true, nativeClassProperties: true, noEmptyExport: true } as const

/**
 * Replaces types by spaces, so that every line and column stays. What has no plain JavaScript in place (enums, namespaces, parameter
 * properties) is transformed, and its parts put back where they stood. JSX becomes calls first.
 *
 * @throws ImageFault `syntax`
 */
function stripTypes(file: string, text: string): string {
  const typed = isJsx(file) ? compileJsx(file, text, packageType(file) === 'module') : text
  const stripped = stripTypesOnly(file, typed)
  return mayDecorate(stripped) ? compileDecorators(file, stripped) : stripped
}

/** `<const>{ … }`, the one thing that the compiler neither strips nor refuses. */
const CONST_ASSERTION = /<\s*const\s*>/

function stripTypesOnly(file: string, text: string): string {
  try {
    if (!CONST_ASSERTION.test(text)) {
      const { code } = compiler().transformSync(text, { mode: 'strip-only', filename: file, module: true })
      return withStatementEnds(text, code)
    }
  } catch (error) {
    if (!isUnsupported(error)) throw syntaxFault(file, text, error)
  }
  try {
    const options = { mode: 'transform', filename: file, module: true, sourceMap: true, transform: TRANSFORM } as const
    const { code, map } = compiler().transformSync(text, options)
    return map === undefined ? code : realign(code, (JSON.parse(map) as { mappings: string }).mappings)
  } catch (error) {
    throw syntaxFault(file, text, error)
  }
}

/**
 * The JavaScript of any text that an image runs, every line in its place.
 *
 * @throws ImageFault `syntax`
 */
export function toJavaScript(file: string, text: string): string {
  if (isTypeScript(file)) return stripTypes(file, text)
  return isJsx(file) ? compileJsx(file, text, packageType(file) === 'module') : text
}

const isUnsupported = (error: unknown): boolean => (error as SwcError | undefined)?.code === 'UnsupportedSyntax'

/** What the compiler says of a text has a code; what happens to the compiler itself has none. */
const isJudgement = (error: unknown): error is SwcError => typeof (error as SwcError | undefined)?.code === 'string'

function syntaxFault(file: string, text: string, error: unknown): ImageFault {
  if (!isJudgement(error)) {
    forgetCompiler()
    const reason = `too much for the TypeScript compiler, as code that is nested too deeply (${(error as Error).message})`
    return new ImageFault({ kind: 'syntax', reason, place: { file, line: 1, column: 1 }, frame: codeFrame(text, 1, 1) })
  }
  const { message, startLine = 1, startColumn = 0 } = error
  const line = startLine
  const column = startColumn + 1
  return new ImageFault({
    kind: 'syntax',
    reason: String(message).split('\n')[0]!,
    place: { file, line, column },
    frame: codeFrame(text, line, column),
  })
}
