import { codeFrame } from './code_frame.ts'
import { readFile } from './plain_file.ts'

/** A place in the author's file. Lines and columns count from 1, as stack traces do. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * Why an image could not be read or linked. The kernel turns each kind into an error of its catalogue;
 * this layer knows nothing of errnos.
 */
export type Fault =
  | { readonly kind: 'missing'; readonly file: string; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly file: string; readonly reason: string }
  | { readonly kind: 'syntax'; readonly reason: string; readonly place: Place; readonly frame: string }
  | { readonly kind: 'unresolved'; readonly specifier: string; readonly place: Place; readonly frame: string }
  | {
      readonly kind: 'symbol'
      readonly symbol: string
      readonly specifier: string
      readonly ambiguous: boolean
      readonly place: Place
      readonly frame: string
    }
  | { readonly kind: 'changed'; readonly file: string; readonly image: string }

const describe = (fault: Fault): string => {
  switch (fault.kind) {
    case 'missing':
      return `Cannot find ${fault.file}: ${fault.reason}`
    case 'unreadable':
      return `Cannot read ${fault.file}: ${fault.reason}`
    case 'syntax':
      return fault.reason
    case 'unresolved':
      return `Cannot find '${fault.specifier}'`
    case 'symbol':
      return fault.ambiguous
        ? `The requested module '${fault.specifier}' contains conflicting star exports for name '${fault.symbol}'`
        : `The requested module '${fault.specifier}' does not provide an export named '${fault.symbol}'`
    case 'changed':
      return `Cannot load ${fault.file}: it changed after ${fault.image} was loaded, and ${fault.image} may only run its own version`
  }
}

/** Thrown by everything in `images/`. A SyntaxError to code that meets it, as the specification asks of early and link errors. */
export class ImageFault extends SyntaxError {
  readonly fault: Fault

  constructor(fault: Fault) {
    super(describe(fault))
    this.name = 'SyntaxError'
    this.fault = fault
  }
}

// The author's code is given what ECMA-262 names: an error whose constructor is SyntaxError.
Object.defineProperty(ImageFault.prototype, 'constructor', { value: SyntaxError })

/** What a parser says of code: its own words, unless it ran out of its stack. */
export const syntaxReason = (error: Error): string =>
  error instanceof RangeError ? 'the code is nested too deeply' : error.message

/** A fault at an offset of the author's text. */
export const faultAt = (
  fault:
    | { kind: 'syntax'; reason: string }
    | { kind: 'unresolved'; specifier: string }
    | { kind: 'symbol'; symbol: string; specifier: string; ambiguous: boolean },
  file: string,
  text: string,
  offset: number,
): ImageFault => {
  const author = authorsText(file, text)
  const { line, column } = authorsPlace(author, text, offset)
  return new ImageFault({ ...fault, place: { file, line, column }, frame: codeFrame(author, line, column) })
}

/** Of a text that was compiled, lines and columns are the author's, but not what stands there. */
function authorsText(file: string, text: string): string {
  if (!/\.(?:[cm]?ts|[jt]sx)$/.test(file)) return text
  try {
    return readFile(file).toString()
  } catch {
    return text
  }
}

/**
 * A place in a text that was compiled, as the author has it. Behind the author's text stand imports of what JSX becomes calls of: they are told where the
 * first tag is.
 */
export function authorsPlace(author: string, text: string, offset: number): { line: number; column: number } {
  const place = lineAndColumn(text, offset)
  if (author === text || place.line <= author.split('\n').length) return place
  return lineAndColumn(author, Math.max(0, author.search(/<(?:[\p{ID_Start}$_]|>)/u)))
}

export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    start = at + 1
  }
  return { line, column: offset - start + 1 }
}

/** V8 tells the line in the stack and the column by a caret under the line that it quotes. */
export function engineOffset(error: SyntaxError, text: string): number {
  const [head = '', , caret = ''] = (error.stack ?? '').split('\n')
  const line = Number(/:(\d+)$/.exec(head)?.[1] ?? 1)
  let start = 0
  for (let n = 1; n < line; n++) start = text.indexOf('\n', start) + 1
  return start + Math.max(0, caret.indexOf('^'))
}
