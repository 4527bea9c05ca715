import type { Token } from 'acorn'
import { acorn, acornParser } from './acorn.ts'
import { typeScriptTokens } from './jsx.ts'
import { mayDecorate } from './may_decorate.ts'
import { decodeMappings, type Segment } from './source_map.ts'

/** After these a line end would end the statement, so that what follows stays on their line. */
const HOLDS_LINE = new Set(['return', 'throw', 'break', 'continue', 'yield', 'async', 'accessor'])

/**
 * Writes generated code anew so that each token stands where its source stood, as far as the order of the code allows: then stack traces, breakpoints and
 * coverage show the author's lines and columns without any source map. Comments go.
 *
 * @param mappings of the source map from `code` to the author's text
 */
export function realign(code: string, mappings: string): string {
  const tokens = tokenize(code)
  if (!tokens) return code
  const places = new Places(code, decodeMappings(mappings))
  let out = ''
  let line = 0
  /** Where the current line begins in `out`. */
  let lineStart = 0
  let previous: Token | undefined
  for (const token of tokens) {
    if (token.type === acorn().tokTypes.eof) break
    if (!isInTemplate(previous, token)) {
      const source = places.sourceOf(token.start)
      if (source && source.sourceLine > line && mayBreak(code, previous, token)) {
        out += '\n'.repeat(source.sourceLine - line)
        line = source.sourceLine
        lineStart = out.length
      }
      if (source?.sourceLine === line && source.sourceColumn > out.length - lineStart)
        out += ' '.repeat(source.sourceColumn - (out.length - lineStart))
      else if (previous && token.start > previous.end && wouldMerge(out, code.charCodeAt(token.start))) out += ' '
    }
    const text = code.slice(token.start, token.end)
    out += text
    const lastBreak = text.lastIndexOf('\n')
    if (lastBreak !== -1) {
      line += text.split('\n').length - 1
      lineStart = out.length - (text.length - lastBreak - 1)
    }
    previous = token
  }
  return `${out}\n`
}

function tokenize(code: string): Token[] | undefined {
  try {
    return mayDecorate(code) ? typeScriptTokens(code) : plainTokens(code)
  } catch {
    // The engine will tell what is wrong with it.
    return undefined
  }
}

function plainTokens(code: string): Token[] {
  const tokens: Token[] = []
  acornParser().parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    allowHashBang: true,
    allowReturnOutsideFunction: true,
    onToken: tokens,
  })
  return tokens
}

const isWord = (char: number): boolean => char > 127 || /[\w$"'`#]/.test(String.fromCharCode(char))

/** Two words, or two signs, make another one when they meet. */
function wouldMerge(out: string, next: number): boolean {
  const last = out.charCodeAt(out.length - 1)
  if (out === '' || /[\s()[\]{};,]/.test(out.at(-1)!) || /[()[\]{};,]/.test(String.fromCharCode(next))) return false
  // `1 .x` is a property, `1.x` is none.
  return isWord(last) === isWord(next) || (next === 46 && /\d/.test(out.at(-1)!))
}

/** Nothing may be added to the text of a template. */
const isInTemplate = (previous: Token | undefined, token: Token): boolean =>
  token.type === acorn().tokTypes.template || previous?.type === acorn().tokTypes.template

function mayBreak(code: string, previous: Token | undefined, token: Token): boolean {
  const { arrow, incDec } = acorn().tokTypes
  if (token.type === arrow || token.type === incDec) return false
  return !(previous && HOLDS_LINE.has(code.slice(previous.start, previous.end)))
}

/** Exact sources of places in generated code. */
class Places {
  readonly #lineStarts: number[] = [0]
  readonly #lines: readonly ReadonlyMap<number, Segment>[]
  #line = 0

  constructor(code: string, lines: readonly (readonly Segment[])[]) {
    for (let at = code.indexOf('\n'); at !== -1; at = code.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1)
    this.#lines = lines.map(segments => new Map(segments.map(segment => [segment.column, segment])))
  }

  /** To be asked in the order of the code. */
  sourceOf(offset: number): Segment | undefined {
    while ((this.#lineStarts[this.#line + 1] ?? Number.POSITIVE_INFINITY) <= offset) this.#line++
    return this.#lines[this.#line]?.get(offset - this.#lineStarts[this.#line]!)
  }
}
