import type { AnyNode, Expression, Program } from 'acorn'
import { acornParser } from './acorn.ts'
import { findCommonJsInfo, mayExportInfo } from './commonjs_info.ts'
import { faultAt } from './fault.ts'
import { formatByName } from './format.ts'
import { lex } from './lexer.ts'
import { parseProgram } from './parse.ts'
import { hasModuleSyntax } from './scan.ts'

/** A value that can be read off the text: what JSON can say, and undefined. */
export type LiteralValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly LiteralValue[]
  | { readonly [key: string]: LiteralValue }

/**
 * Reads `export const info = { … }`, or what a CommonJS file exports by that name, without running the module.
 *
 * @param text JavaScript, types already stripped
 * @returns undefined when the module has no `info`
 * @throws ImageFault `syntax`, when the text does not parse or `info` is not a literal
 */
export function readInfo(file: string, text: string): Readonly<Record<string, LiteralValue>> | undefined {
  // Most texts without the word have no such export, and a parse costs more than a search.
  if (!text.includes('info') || !/\binfo\b/.test(text)) return undefined
  const initial = isCommonJs(file, text) ? commonJsInfo(file, text) : moduleInfo(file, text)
  if (!initial) return undefined
  const value = literal(initial, node => {
    throw faultAt(
      { kind: 'syntax', reason: `'info' must be a literal: it is read without running the module` },
      file,
      text,
      node.start,
    )
  })
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw faultAt({ kind: 'syntax', reason: `'info' must be an object` }, file, text, initial.start)
  return value as Readonly<Record<string, LiteralValue>>
}

const isCommonJs = (file: string, text: string): boolean =>
  /\bexports\b/.test(text) && (formatByName(file) ?? (hasModuleSyntax(text) ? 'module' : 'commonjs')) === 'commonjs'

const commonJsInfo = (file: string, text: string): Expression | undefined =>
  mayExportInfo(text) ? findCommonJsInfo(parseProgram(file, text, 'script')) : undefined

const moduleInfo = (file: string, text: string): Expression | undefined =>
  findInfoQuickly(text) ?? findInfo(parseProgram(file, text, 'module'))

const EXPORTED_INFO = /export\s+const\s+info\s*=/y

/**
 * The usual way to write it, found by the lexer: then nothing but the value needs a parser. Undefined for every other way, and where anything is odd: the parser
 * of the whole text decides and says what is wrong.
 */
function findInfoQuickly(text: string): Expression | undefined {
  try {
    const found = lex(text)[1].find(entry => entry.type === 'direct' && entry.name === 'info')
    EXPORTED_INFO.lastIndex = found?.exportStart ?? text.length
    const head = EXPORTED_INFO.exec(text)
    if (!head) return undefined
    const value = acornParser().parseExpressionAt(text, EXPORTED_INFO.lastIndex, {
      ecmaVersion: 'latest',
      sourceType: 'module',
    })
    // `info = {}, other = 1` are two declarations, and read as one expression.
    return value.type === 'SequenceExpression' ? value.expressions[0] : value
  } catch {
    return undefined
  }
}

function findInfo(program: Program): Expression | undefined {
  const initials = new Map<string, Expression>()
  // What is exported as `info` may have another name here: a bundler that shortens names writes `export { a as info }`.
  let local: string | undefined
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declaration?.type === 'VariableDeclaration')
      for (const { id, init } of declaration.declarations)
        if (id.type === 'Identifier' && init) {
          initials.set(id.name, init)
          if (id.name === 'info' && statement !== declaration) local = id.name
        }
    if (statement.type !== 'ExportNamedDeclaration' || statement.source) continue
    const named = statement.specifiers.find(({ exported: name }) => name.type === 'Identifier' && name.name === 'info')
    if (named?.local.type === 'Identifier') local = named.local.name
  }
  return local === undefined ? undefined : initials.get(local)
}

function literal(node: AnyNode, refuse: (node: AnyNode) => never): LiteralValue {
  switch (node.type) {
    case 'Literal':
      return node.value instanceof RegExp || typeof node.value === 'bigint'
        ? refuse(node)
        : (node.value as LiteralValue)
    case 'TemplateLiteral':
      return node.expressions.length === 0 ? (node.quasis[0]!.value.cooked ?? '') : refuse(node)
    case 'UnaryExpression': {
      const value = literal(node.argument, refuse)
      if (typeof value !== 'number') return refuse(node)
      // Shortened, `true` is `!0`, and `undefined` is `void 0`.
      switch (node.operator) {
        case '-':
          return -value
        case '!':
          return !value
        case 'void':
          return undefined
        default:
          return refuse(node)
      }
    }
    case 'Identifier':
      return node.name === 'undefined' ? undefined : refuse(node)
    case 'BinaryExpression': {
      const [left, right] = [literal(node.left as AnyNode, refuse), literal(node.right, refuse)]
      return node.operator === '+' && typeof left === 'string' && typeof right === 'string'
        ? left + right
        : refuse(node)
    }
    case 'ArrayExpression':
      return node.elements.map(element =>
        element === null || element.type === 'SpreadElement' ? refuse(node) : literal(element, refuse),
      )
    case 'ObjectExpression': {
      const entries: [string, LiteralValue][] = []
      for (const part of node.properties) {
        if (part.type !== 'Property' || part.computed || part.kind !== 'init' || part.method) return refuse(part)
        const key = part.key.type === 'Identifier' ? part.key.name : String(literal(part.key, refuse))
        entries.push([key, literal(part.value, refuse)])
      }
      return Object.fromEntries(entries)
    }
    default:
      return refuse(node)
  }
}
