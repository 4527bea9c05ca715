import type { Node, Parser, Program, Token } from 'acorn'
import { acornParser } from './acorn.ts'
import { applyEdits, inOrder } from './edits.ts'
import { faultAt, syntaxReason } from './fault.ts'
import { JsxEditor, type JsxElement, type JsxFragment } from './jsx_element.ts'
import { type JsxRuntime, readRuntime, runtimeText } from './jsx_runtime.ts'
import { lazyRequire } from './lazy.ts'
import { walk } from './syntax_tree.ts'

/**
 * A parser of JSX within JavaScript and TypeScript: small, without dependencies, an extension of the parser that is here anyway. The compilers that
 * do as much are some megabytes each and move the author's lines; here only the tags are replaced, in place, and types are stripped afterwards.
 */
const typescript = lazyRequire<typeof import('@sveltejs/acorn-typescript')>('@sveltejs/acorn-typescript')

let parser: typeof Parser | undefined

/**
 * Replaces JSX by calls of the automatic runtime of React, or of what pragma comments say. Every line stays in its place, and so do types.
 *
 * @param isModule is the file an ES module whatever its text says?
 * @throws ImageFault `syntax`
 */
export function compileJsx(file: string, text: string, isModule: boolean): string {
  const program = parseTypeScript(file, text)
  const module = isModule || program.body.some(({ type }) => /^(?:Import|Export)/.test(type)) || MODULE_META.test(text)
  const runtime: JsxRuntime = { ...readRuntime(text), isModule: module }
  const editor = new JsxEditor(text, runtime)
  walk(program, node => {
    if (isJsx(node)) editor.element(node)
  })
  return applyEdits(text, inOrder(editor.edits)) + runtimeText(runtime, editor.used)
}

const isJsx = (node: Node): node is JsxElement | JsxFragment =>
  node.type === 'JSXElement' || node.type === 'JSXFragment'

const MODULE_META = /\bimport\s*\.\s*meta\b/

/** Also of JavaScript with decorators and `accessor`, which the plain parser does not know. */
const typeScriptParser = (): typeof Parser =>
  (parser ??= acornParser().extend(typescript().tsPlugin({ jsx: {} }), allowConstrainedArrows))

interface TypeParameters {
  readonly params: readonly { readonly constraint?: Node }[]
}

interface ArrowParser {
  reportReservedArrowTypeParam(parameters: TypeParameters): void
}

/** `<T extends U>(x: T) => x` cannot be an element, so that TypeScript asks for no comma there as it does in `<T,>(x: T) => x`. The plugin does. */
function allowConstrainedArrows(base: typeof Parser): typeof Parser {
  const asking = base as unknown as new (...args: never[]) => Parser & ArrowParser
  class Allowing extends asking {
    override reportReservedArrowTypeParam(parameters: TypeParameters): void {
      if (!parameters.params[0]?.constraint) super.reportReservedArrowTypeParam(parameters)
    }
  }
  return Allowing as unknown as typeof Parser
}

const PARSING = {
  ecmaVersion: 'latest',
  sourceType: 'module',
  allowHashBang: true,
  allowReturnOutsideFunction: true,
  // The plugin cannot do without.
  locations: true,
} as const

/** @throws ImageFault `syntax` */
export function parseTypeScript(file: string, text: string): Program {
  try {
    return typeScriptParser().parse(text, PARSING)
  } catch (error) {
    const { pos = 0 } = error as SyntaxError & { pos?: number }
    const reason = syntaxReason(error as Error).replace(/ \(\d+:\d+\)$/, '')
    throw faultAt({ kind: 'syntax', reason }, file, text, pos)
  }
}

/**
 * The tokens of a text, in order. What the parser reads a second time, since it can tell an arrow function only by its arrow, counts once.
 *
 * @throws SyntaxError
 */
export function typeScriptTokens(text: string): Token[] {
  const tokens: Token[] = []
  const onToken = (token: Token): void => {
    while (tokens.length > 0 && tokens.at(-1)!.end > token.start) tokens.pop()
    tokens.push(token)
  }
  typeScriptParser().parse(text, { ...PARSING, onToken })
  return tokens
}
