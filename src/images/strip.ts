import { createRequire } from 'node:module'
import { codeFrame } from './code_frame.ts'
import { ImageFault } from './fault.ts'

type Swc = typeof import('@swc/wasm-typescript')

interface SwcError {
  readonly code: string
  readonly message: string
  readonly startLine?: number
  readonly startColumn?: number
}

let swc: Swc | undefined

/** A megabyte of compiler that hosts of plain JavaScript never need, so it is loaded at the first TypeScript file. */
const compiler = (): Swc => {
  swc ??= createRequire(import.meta.url)('@swc/wasm-typescript') as Swc
  return swc
}

/**
 * Replaces types by spaces, so that every line and column stays. What has no plain JavaScript in place (enums, namespaces, parameter
 * properties) is transformed, and then lines may move.
 *
 * @throws ImageFault `syntax`
 */
export function stripTypes(file: string, text: string): string {
  try {
    return compiler().transformSync(text, { mode: 'strip-only', filename: file, module: true }).code
  } catch (error) {
    if (!isUnsupported(error)) throw syntaxFault(file, text, error)
  }
  try {
    return compiler().transformSync(text, { mode: 'transform', filename: file, module: true }).code
  } catch (error) {
    throw syntaxFault(file, text, error)
  }
}

const isUnsupported = (error: unknown): boolean => (error as SwcError | undefined)?.code === 'UnsupportedSyntax'

function syntaxFault(file: string, text: string, error: unknown): ImageFault {
  const { message, startLine = 1, startColumn = 0 } = error as SwcError
  const line = startLine
  const column = startColumn + 1
  return new ImageFault({
    kind: 'syntax',
    reason: String(message).split('\n')[0]!,
    place: { file, line, column },
    frame: codeFrame(text, line, column),
  })
}
