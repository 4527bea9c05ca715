import type { Node } from 'acorn'
import { isNamePart } from './edits.ts'
import { JSX_KEY, type JsxRuntime, RUNTIME_NAMES, type RuntimeName } from './jsx_runtime.ts'
import type { Edit } from './module_source.ts'

interface JsxName extends Node {
  readonly type: 'JSXIdentifier' | 'JSXMemberExpression' | 'JSXNamespacedName'
  readonly name?: string
}

interface JsxLiteral extends Node {
  readonly type: 'Literal'
  readonly value: string
}

interface JsxContainer extends Node {
  readonly type: 'JSXExpressionContainer' | 'JSXSpreadChild'
  readonly expression: Node
}

interface JsxText extends Node {
  readonly type: 'JSXText'
  /** With entities decoded. */
  readonly value: string
}

interface JsxAttribute extends Node {
  readonly type: 'JSXAttribute'
  readonly name: JsxName
  readonly value: JsxLiteral | JsxContainer | JsxElement | JsxFragment | null
}

interface JsxSpread extends Node {
  readonly type: 'JSXSpreadAttribute'
}

type JsxChild = JsxText | JsxContainer | JsxElement | JsxFragment

interface JsxOpening extends Node {
  readonly name: JsxName
  readonly typeArguments?: Node
  readonly attributes: readonly (JsxAttribute | JsxSpread)[]
  readonly selfClosing: boolean
}

export interface JsxElement extends Node {
  readonly type: 'JSXElement'
  readonly openingElement: JsxOpening
  readonly closingElement: Node | null
  readonly children: readonly JsxChild[]
}

export interface JsxFragment extends Node {
  readonly type: 'JSXFragment'
  readonly openingFragment: Node
  readonly closingFragment: Node
  readonly children: readonly JsxChild[]
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/**
 * Writes calls over the tags of JSX and leaves all code between them where it is: a brace becomes a space or a comma, so that expressions keep their
 * lines, and their columns where a line begins with them.
 */
export class JsxEditor {
  readonly edits: Edit[] = []
  readonly used = new Set<RuntimeName>()
  readonly #text: string
  readonly #runtime: JsxRuntime

  constructor(text: string, runtime: JsxRuntime) {
    this.#text = text
    this.#runtime = runtime
  }

  element(node: JsxElement | JsxFragment): void {
    const children = node.children.filter(child => !isEmpty(child))
    const opening = node.type === 'JSXElement' ? node.openingElement : node.openingFragment
    const closing = node.type === 'JSXElement' ? node.closingElement : node.closingFragment
    const attributes = node.type === 'JSXElement' ? node.openingElement.attributes : []
    const isList = children.length > 1 || children[0]?.type === 'JSXSpreadChild'
    const isClassic = this.#runtime.classic !== undefined || hasLateKey(attributes)
    this.#head(node, attributes, isList, isClassic)
    for (const attribute of attributes) this.#attribute(attribute, isClassic)
    for (const child of node.children) this.#child(child, isList || isClassic)
    const props = isClassic && attributes.length === 0 ? '' : '}'
    if (!closing) {
      this.#replace(opening.end - 2, opening.end, `${props})`)
      return
    }
    const list = isList ? 'children:[' : 'children:'
    this.#replace(
      opening.end - 1,
      opening.end,
      isClassic ? `${props}${children.length > 0 ? ',' : ''}` : children.length > 0 ? list : '',
    )
    const end = isClassic ? ')' : isList ? ']})' : '})'
    this.#replace(closing.start, closing.end, end.padEnd(closing.end - closing.start))
  }

  #head(
    node: JsxElement | JsxFragment,
    attributes: readonly (JsxAttribute | JsxSpread)[],
    isList: boolean,
    isClassic: boolean,
  ): void {
    const { classic } = this.#runtime
    const call = isClassic ? (classic ?? this.#use('createElement')) : this.#use(isList ? 'jsxs' : 'jsx')
    const isKeyed = !isClassic && attributes.some(isKey)
    const start = isKeyed ? `${this.#use('keyed')}(${call},` : `${call}(`
    // `return<a/>` is right, `returnìj(` is not.
    const space = isNamePart(this.#text[node.start - 1]) ? ' ' : ''
    const props = isClassic && attributes.length === 0 ? ',null' : ',{'
    if (node.type === 'JSXFragment') {
      // Its `>` is written over with the children.
      this.#replace(node.start, node.start + 1, `${space}${start}${this.#fragment()}${props}`)
      return
    }
    const { name, typeArguments } = node.openingElement
    const written = this.#text.slice(name.start, name.end).replace(/\s/g, '')
    const isTag = name.type === 'JSXNamespacedName' || (name.type === 'JSXIdentifier' && /^[a-z]|-/.test(written))
    if (isTag) this.#replace(node.start, name.end, `${space}${start}${JSON.stringify(written)}`)
    else this.#replace(node.start, node.start + 1, `${space}${start}`)
    const end = typeArguments?.end ?? name.end
    this.#replace(end, end, props)
  }

  #fragment(): string {
    if (this.#runtime.classic !== undefined) return this.#runtime.fragment
    return this.#runtime.isModule ? this.#use('Fragment') : `${this.#use('Fragment')}()`
  }

  #attribute(attribute: JsxAttribute | JsxSpread, isClassic: boolean): void {
    if (attribute.type === 'JSXSpreadAttribute') {
      this.#braces(attribute, ',')
      return
    }
    const { name, value } = attribute
    const written = this.#text.slice(name.start, name.end).replace(/\s/g, '')
    if (!isClassic && isKey(attribute)) this.#replace(name.start, name.end, JSX_KEY)
    else if (!IDENTIFIER.test(written)) this.#replace(name.start, name.end, JSON.stringify(written))
    if (!value) {
      this.#replace(name.end, name.end, ':true,')
      return
    }
    const equals = this.#text.indexOf('=', name.end)
    this.#replace(equals, equals + 1, ':')
    if (value.type === 'Literal') this.#replace(value.start, value.end, `${JSON.stringify(value.value)},`)
    else if (value.type === 'JSXExpressionContainer') this.#container(value as JsxContainer, ',')
    else this.#replace(value.end, value.end, ',')
  }

  #child(child: JsxChild, hasComma: boolean): void {
    const comma = hasComma ? ',' : ''
    switch (child.type) {
      case 'JSXText': {
        const value = cleanText(child.value)
        if (value !== '') this.#replace(child.start, child.end, `${JSON.stringify(value)}${comma}`)
        return
      }
      case 'JSXExpressionContainer':
      case 'JSXSpreadChild':
        if (isEmpty(child)) this.#replace(child.start, child.end, '')
        else if (child.type === 'JSXSpreadChild') this.#braces(child, ',')
        else this.#container(child as JsxContainer, comma)
        return
      default:
        this.#replace(child.end, child.end, comma)
    }
  }

  /** An expression may be a sequence, which has no room between commas. */
  #container(node: JsxContainer, comma: string): void {
    const isSequence = node.expression.type === 'SequenceExpression'
    this.#replace(node.start, node.start + 1, isSequence ? '(' : ' ')
    this.#replace(node.end - 1, node.end, isSequence ? `)${comma}` : comma || ' ')
  }

  #braces(node: Node, comma: string): void {
    this.#replace(node.start, node.start + 1, ' ')
    this.#replace(node.end - 1, node.end, comma)
  }

  #use(name: RuntimeName): string {
    this.used.add(name)
    return RUNTIME_NAMES[name]
  }

  /** Line ends of what is replaced follow the new text, and the last of its lines keeps its width. */
  #replace(start: number, end: number, text: string): void {
    const lines = this.#text.slice(start, end).split(/(\r\n|[\n\r\u2028\u2029])/)
    const ends = lines.filter((_part, index) => index % 2 === 1).join('')
    this.edits.push({ start, end, text: ends === '' ? text : text.trimEnd() + ends + ' '.repeat(lines.at(-1)!.length) })
  }
}

const isKey = (attribute: JsxAttribute | JsxSpread): boolean =>
  attribute.type === 'JSXAttribute' && attribute.name.name === 'key'

/** After a spread, which may bring a key too, the automatic runtime leaves it to createElement to tell which counts. */
function hasLateKey(attributes: readonly (JsxAttribute | JsxSpread)[]): boolean {
  const spread = attributes.findIndex(({ type }) => type === 'JSXSpreadAttribute')
  return spread !== -1 && attributes.slice(spread).some(isKey)
}

const isEmpty = (child: JsxChild): boolean =>
  child.type === 'JSXText'
    ? cleanText(child.value) === ''
    : child.type === 'JSXExpressionContainer' && (child as JsxContainer).expression.type === 'JSXEmptyExpression'

/** Lines are trimmed where they meet others, empty ones go, and the rest is joined by spaces, as every JSX compiler does it. */
function cleanText(text: string): string {
  const lines = text.split(/\r\n|\n|\r/)
  return lines
    .map((line, index) => {
      let kept = line.replace(/\t/g, ' ')
      if (index > 0) kept = kept.replace(/^ +/, '')
      if (index < lines.length - 1) kept = kept.replace(/ +$/, '')
      return kept
    })
    .filter(line => line !== '')
    .join(' ')
}
