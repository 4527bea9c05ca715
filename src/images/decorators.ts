import type { Node } from 'acorn'
import { decorating } from './decorators_runtime.ts'
import { applyEdits, inOrder, lineEndsOf, spacesOver } from './edits.ts'
import { faultAt } from './fault.ts'
import { parseTypeScript } from './jsx.ts'
import type { Edit } from './module_source.ts'
import { walk } from './syntax_tree.ts'

interface Decorated extends Node {
  readonly decorators?: readonly (Node & { readonly expression: Node })[]
}

interface ClassMember extends Decorated {
  readonly type: string
  readonly kind?: 'method' | 'get' | 'set' | 'constructor'
  readonly static?: boolean
  readonly computed?: boolean
  readonly accessor?: boolean
  readonly key: Node & { readonly name?: string; readonly value?: unknown }
  readonly value: (Node & { readonly async?: boolean; readonly generator?: boolean }) | null
}

interface ClassNode extends Decorated {
  readonly type: 'ClassDeclaration' | 'ClassExpression'
  readonly id: (Node & { readonly name: string }) | null
  readonly body: Node & { readonly body: readonly ClassMember[] }
}

const DECORATING = 'ìdecorating'

/**
 * Compiles decorators (the proposal of 2023-11, as TypeScript has it without `experimentalDecorators`), and `accessor`, to calls of `decorating`. Everything stays in its line.
 *
 * @param text without types
 * @throws ImageFault `syntax` for decorators of private members and of parameters
 */
export function compileDecorators(file: string, text: string): string {
  const program = parseTypeScript(file, text)
  const writer = new DecoratorWriter(file, text)
  walk(program, (node, parent) => {
    if (isClass(node)) writer.class(node, parent)
    if (hasParameters(node)) writer.parameters(node.params)
  })
  if (writer.edits.length === 0) return text
  const runtime = String(decorating).replace(/\s*\n\s*/g, '\n')
  return `${applyEdits(text, inOrder(writer.edits))}\n;function ${DECORATING}(...a){return (${runtime})(...a)}`
}

const isClass = (node: Node): node is ClassNode => node.type === 'ClassDeclaration' || node.type === 'ClassExpression'

const hasParameters = (node: Node): node is Node & { readonly params: readonly Decorated[] } =>
  'params' in node && Array.isArray(node.params)

const hasDecorators = (node: Decorated): boolean => (node.decorators?.length ?? 0) > 0

class DecoratorWriter {
  readonly edits: Edit[] = []
  readonly #file: string
  readonly #text: string
  #count = 0

  constructor(file: string, text: string) {
    this.#file = file
    this.#text = text
  }

  /** @throws ImageFault `syntax`: only the decorators before the standard's could stand there */
  parameters(params: readonly Decorated[]): void {
    const decorated = params.find(hasDecorators)
    if (!decorated) return
    const reason = 'A decorator of a parameter cannot be compiled'
    throw faultAt({ kind: 'syntax', reason }, this.#file, this.#text, decorated.decorators![0]!.start)
  }

  class(node: ClassNode, parent: Node | undefined): void {
    const members = node.body.body.filter(member => hasDecorators(member) || member.accessor)
    if (!hasDecorators(node) && members.length === 0) return
    const own = `ìd${++this.#count}`
    const whole = hasDecorators(node)
    const inner = node.id?.name ?? `ìc${this.#count}`
    if (whole) this.#decoratedClass(node, parent, own, inner)
    else this.#plainClass(node, parent, own)
    const needsStart = members.some(member => !member.static && member.type === 'MethodDefinition')
    this.#insert(
      node.body.start + 1,
      `static{${whole ? `${inner}=` : ''}${own}.apply(this)}${needsStart ? `#${own}=${own}.start(this);` : ''}`,
    )
    for (const [index, member] of members.entries()) this.#member(member, own, index)
    if (whole) this.#insert(node.body.end - 1, `;static{${own}.finish(${inner})}`)
  }

  /** Only its members are decorated: the class stays what it is. */
  #plainClass(node: ClassNode, parent: Node | undefined, own: string): void {
    if (node.type === 'ClassExpression') {
      this.#insert(node.start, `(${own}=>`)
      this.#insert(node.end, `)(${DECORATING}('',[]))`)
      return
    }
    const isExported = parent?.type === 'ExportNamedDeclaration' || parent?.type === 'ExportDefaultDeclaration'
    this.#insert(isExported ? parent.start : node.start, `const ${own}=${DECORATING}('',[]);`)
  }

  /** The class is a variable: what its decorators return may take its place, inside too. */
  #decoratedClass(node: ClassNode, parent: Node | undefined, own: string, inner: string): void {
    const { decorators = [] } = node
    const [first, last] = [decorators[0]!, decorators.at(-1)!]
    const exportsBefore = /^Export(?:Default|Named)Declaration$/.test(parent?.type ?? '') && parent!.start < first.start
    // The parser takes a class behind `export default` and decorators for an expression, in parentheses or not.
    const isDefault =
      parent?.type === 'ExportDefaultDeclaration' &&
      (node.type === 'ClassDeclaration' || !this.#text.slice(parent.start, first.start).includes('('))
    const isDeclaration = node.type === 'ClassDeclaration' || isDefault
    const name = node.id?.name ?? (isDefault ? 'default' : '')
    let before = ''
    let after = ''
    if (isDeclaration && node.id) {
      before = `${parent?.type === 'ExportNamedDeclaration' && !exportsBefore ? 'export ' : ''}let ${inner}=`
      after = isDefault ? `;export{${inner} as default};` : ';'
      if (isDefault && exportsBefore) this.#blank(parent!.start, first.start)
    } else if (isDefault) {
      before = exportsBefore ? '' : 'export default '
      after = ';'
    }
    this.#insert(first.start, `${before}(()=>{const ${own}=${DECORATING}(${JSON.stringify(name)},[`)
    this.#list(decorators)
    this.#insert(last.end, `]);let ${inner};(`)
    const keyword =
      last.end + /^(?:\s|\/\*[\s\S]*?\*\/|\/\/.*|\bexport\b|\bdefault\b)*/.exec(this.#text.slice(last.end))![0].length
    this.#blank(last.end, keyword)
    if (node.id) this.#blank(node.id.start, node.id.end)
    this.#insert(node.end, `);return ${inner}})()${after}`)
  }

  #member(member: ClassMember, own: string, index: number): void {
    const { key, value, decorators = [] } = member
    if (key.type === 'PrivateIdentifier' || key.type === 'PrivateName') {
      const reason =
        member.accessor && decorators.length === 0 ? 'A private accessor' : 'A decorator of a private member'
      throw faultAt({ kind: 'syntax', reason: `${reason} cannot be compiled` }, this.#file, this.#text, member.start)
    }
    const prefix = member.static ? 'static ' : ''
    const isMethod = member.type === 'MethodDefinition'
    const { kind, words } = placeOf(member)
    const start = decorators[0]?.start ?? member.start
    const afterDecorators = decorators.at(-1)?.end ?? start
    this.#insert(start, `${prefix}${words}[${own}.member('${kind}',${member.static === true},[`)
    this.#list(decorators)
    const close = member.computed ? this.#text.indexOf(']', key.end) + 1 : key.end
    const name =
      key.type === 'Identifier' && !member.computed ? JSON.stringify(key.name) : this.#text.slice(key.start, key.end)
    const lineEnds = lineEndsOf(this.#text, afterDecorators, key.start)
    const store = `#ìa${own}${index}`
    const accessor = `(){return this.${store}}${prefix}set [${own}.key(${index})](v){this.${store}=v}${prefix}${store}`
    this.edits.push({
      start: afterDecorators,
      end: close,
      text: `],${lineEnds}${member.computed ? `(${name})` : name})]${member.accessor ? accessor : ''}`,
    })
    if (isMethod) return
    if (value) {
      this.#insert(value.start, `${own}.init(${index},this,`)
      this.#insert(value.end, ')')
    } else this.#insert(close, `=${own}.init(${index},this,undefined)`)
    const then = `${own}.after(${index},this)`
    this.#insert(member.end, `;${member.static ? `static{${then}}` : `#ìb${own}${index}=${then};`}`)
  }

  /** Decorators in their places as the items of a list. */
  #list(decorators: NonNullable<Decorated['decorators']>): void {
    for (const [index, { start }] of decorators.entries())
      this.edits.push({ start, end: start + 1, text: index === 0 ? ' ' : ',' })
  }

  #insert(at: number, text: string): void {
    this.edits.push({ start: at, end: at, text })
  }

  #blank(start: number, end: number): void {
    if (end > start) this.edits.push({ start, end, text: spacesOver(this.#text, start, end) })
  }
}

const METHODS = { get: 'getter', set: 'setter', method: 'method', constructor: 'method' } as const

/** What a member is to its decorators, and the words that stand before its key. */
function placeOf({ type, kind = 'method', value, accessor }: ClassMember): {
  readonly kind: string
  readonly words: string
} {
  if (type !== 'MethodDefinition') return accessor ? { kind: 'accessor', words: 'get ' } : { kind: 'field', words: '' }
  if (kind !== 'method') return { kind: METHODS[kind], words: `${kind} ` }
  return { kind: METHODS[kind], words: `${value?.async ? 'async ' : ''}${value?.generator ? '*' : ''}` }
}
