import type { AnyNode, CallExpression, Expression, MemberExpression, Node } from 'acorn'
import { acorn } from './acorn.ts'
import { boundNames, lexicallyDeclared, varDeclared } from './declared.ts'
import { applyEdits, isNamePart } from './edits.ts'
import { ADDERS, mayAdd, type SourceType } from './listener_calls.ts'
import { type Edit, EMITTER, MOVED_EMITTER } from './module_source.ts'
import { children } from './syntax_tree.ts'

/** What a CommonJS file is given, and `process`, which has a view of its own. */
const GIVEN: ReadonlySet<string> = new Set(['exports', 'require', 'module', 'arguments', 'process'])

/** What a variable begins with, and where that stands. */
interface Origin {
  readonly value: AnyNode
  readonly scope: Scope
}

class Scope {
  readonly names = new Map<string, Origin | undefined>()
  readonly parent: Scope | undefined

  constructor(parent: Scope | undefined) {
    this.parent = parent
  }

  declare(names: readonly string[], value?: Node | null): void {
    for (const name of names) this.names.set(name, value ? { value: value as AnyNode, scope: this } : undefined)
  }
}

/** A listener that is added to something which others own too. */
interface Adding {
  readonly receiver: Expression
  readonly call: CallExpression & { readonly callee: MemberExpression }
}

/**
 * Puts `EMITTER(...)` around the receiver wherever a listener is added to something that is not the file's own by its name: a global, an import from
 * elsewhere, a property of these, a variable that begins with one of them. What is added to a line is taken from the white space in it. As far as there is none, the
 * columns behind move; how far is told by the name or by a second argument, so that the place of the call can be told.
 *
 * @param code as it is compiled, imports blanked out
 * @param own names that are not declared in it and are the image's own nevertheless
 */
export function wrapSharedEmitters(code: string, sourceType: SourceType, own: ReadonlySet<string>): string {
  const addings = parseAddings(code, sourceType, own)
  return addings.length === 0 ? code : new Writer(code).write(addings)
}

/** Is there such a call, whatever is the image's own? Costs a parse. */
export const addsListeners = (code: string, sourceType: SourceType): boolean =>
  parseAddings(code, sourceType, NO_NAMES).length > 0

const NO_NAMES: ReadonlySet<string> = new Set()

function parseAddings(code: string, sourceType: SourceType, own: ReadonlySet<string>): Adding[] {
  if (!mayAdd(code)) return []
  try {
    const program = acorn().parse(code, {
      ecmaVersion: 'latest',
      sourceType,
      allowHashBang: true,
      allowReturnOutsideFunction: true,
    })
    return findAddings(program, name => own.has(name) || GIVEN.has(name))
  } catch {
    // Syntax that only the engine knows, or code that is nested too deeply: it runs as it is.
    return []
  }
}

function findAddings(program: Node, isOwn: (name: string) => boolean): Adding[] {
  const found: Adding[] = []

  const isShared = (node: AnyNode, scope: Scope, depth = 0): boolean => {
    if (depth > 20) return false
    const follow = (next: Node) => isShared(next as AnyNode, scope, depth + 1)
    switch (node.type) {
      case 'Identifier': {
        let at: Scope | undefined = scope
        while (at && !at.names.has(node.name)) at = at.parent
        if (!at) return !isOwn(node.name)
        const origin = at.names.get(node.name)
        return origin !== undefined && isShared(origin.value, origin.scope, depth + 1)
      }
      case 'MemberExpression':
        // `globalThis.process` is the same view.
        return !(node.property.type === 'Identifier' && node.property.name === 'process') && follow(node.object)
      case 'ChainExpression':
        return follow(node.expression)
      case 'LogicalExpression':
      case 'AssignmentExpression':
        // What is stored in a shared place is shared.
        return node.left.type !== 'Identifier' && follow(node.left)
      default:
        return false
    }
  }

  const visit = (node: AnyNode, scope: Scope): void => {
    const inner = scopeOf(node, scope)
    if (node.type === 'CallExpression') {
      const { callee } = node
      if (
        callee.type === 'MemberExpression' &&
        callee.property.type === 'Identifier' &&
        !callee.computed &&
        ADDERS.has(callee.property.name) &&
        isPlain(callee.object) &&
        isShared(callee.object, inner)
      )
        found.push({ receiver: callee.object as Expression, call: node as Adding['call'] })
    }
    for (const child of children(node)) visit(child, inner)
  }
  visit(program as AnyNode, new Scope(undefined))
  return found
}

/** A name, or a property of one. Of `a?.b` a part may not be wrapped. */
const isPlain = (node: AnyNode): boolean =>
  node.type === 'Identifier' || (node.type === 'MemberExpression' && !node.optional && isPlain(node.object))

/** The scope inside a node, with what is declared there. */
function scopeOf(node: AnyNode, outer: Scope): Scope {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression': {
      const scope = new Scope(outer)
      if (node.type === 'FunctionExpression' && node.id) scope.declare([node.id.name])
      declareAll(varDeclared([node.body]), scope)
      scope.declare(node.params.flatMap(boundNames))
      return scope
    }
    case 'Program':
    case 'StaticBlock': {
      const scope = new Scope(outer)
      declareAll(varDeclared(node.body), scope)
      declareAll(lexicallyDeclared(node.body), scope)
      return scope
    }
    case 'BlockStatement': {
      const scope = new Scope(outer)
      declareAll(lexicallyDeclared(node.body), scope)
      return scope
    }
    case 'SwitchStatement': {
      const scope = new Scope(outer)
      declareAll(lexicallyDeclared(node.cases.flatMap(part => part.consequent)), scope)
      return scope
    }
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement': {
      const scope = new Scope(outer)
      const head = node.type === 'ForStatement' ? node.init : node.left
      if (head) declareAll(lexicallyDeclared([head]), scope)
      return scope
    }
    case 'CatchClause': {
      const scope = new Scope(outer)
      scope.declare(boundNames(node.param ?? null))
      return scope
    }
    case 'ClassExpression': {
      const scope = new Scope(outer)
      if (node.id) scope.declare([node.id.name])
      return scope
    }
    default:
      return outer
  }
}

const declareAll = (declared: ReturnType<typeof lexicallyDeclared>, scope: Scope): void => {
  for (const { names, init } of declared) scope.declare(names, init)
}

/** Changes a text and keeps its columns as well as it can. */
class Writer {
  readonly #code: string
  readonly #edits: Edit[] = []

  constructor(code: string) {
    this.#code = code
  }

  write(addings: readonly Adding[]): string {
    for (const adding of addings.toSorted((a, b) => a.receiver.start - b.receiver.start)) this.#wrap(adding)
    return applyEdits(
      this.#code,
      this.#edits.toSorted((a, b) => a.start - b.start),
    )
  }

  #wrap({ receiver, call }: Adding): void {
    const room = this.#spaceBefore(receiver.start, EMITTER.length + 2)
    const moved = this.#movedAt(call.callee.property.start) + EMITTER.length + 2 - room
    const name = moved === 1 ? MOVED_EMITTER : EMITTER
    const closing = moved <= 1 ? ')' : `,${moved + 2})`
    this.#edits.push({ start: receiver.start - room, end: receiver.start, text: `${name}(` })
    this.#edits.push({ start: receiver.end, end: receiver.end, text: closing })
    const [first, second] = call.arguments
    if (first && second) this.#takeSpaces(first.end + 1, second.start, name.length + 1 + closing.length - room)
  }

  /** How far what stands at an offset has been moved within its line. */
  #movedAt(offset: number): number {
    const line = this.#code.lastIndexOf('\n', offset - 1) + 1
    const before = this.#edits.filter(({ start }) => start >= line && start < offset)
    return before.reduce((sum, { start, end, text }) => sum + text.length - (end - start), 0)
  }

  /** Spaces right before an offset that nothing needs; one parts two words. */
  #spaceBefore(offset: number, most: number): number {
    const used = this.#edits.at(-1)?.end ?? 0
    let count = 0
    while (count < most && offset - count > used && /[ \t]/.test(this.#code[offset - count - 1] ?? '')) count++
    const parts = isNamePart(this.#code[offset - count - 1])
    return parts && count > 0 ? count - 1 : count
  }

  /** Spaces behind the comma between two arguments. */
  #takeSpaces(comma: number, end: number, most: number): void {
    const spaces = this.#code.slice(comma, end)
    if (most > 0 && /^[ \t]+$/.test(spaces))
      this.#edits.push({ start: comma, end: comma + Math.min(most, spaces.length), text: '' })
  }
}
