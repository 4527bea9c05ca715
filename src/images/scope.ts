import type { AnyNode, CallExpression, Node, Pattern, Program } from 'acorn'

/** An expression or loop head that assigns to a binding of the module's top level. */
export interface Assignment {
  readonly node: AnyNode
  readonly names: readonly string[]
}

export interface TopLevelUse {
  readonly assignments: readonly Assignment[]
  readonly hasTopLevelAwait: boolean
  /** Calls of `eval` by that name: their code can assign whatever is in scope. */
  readonly directEvals: readonly DirectEval[]
  readonly dynamicImports: readonly Extract<AnyNode, { type: 'ImportExpression' }>[]
  readonly metaProperties: readonly Extract<AnyNode, { type: 'MetaProperty' }>[]
}

type Scope = ReadonlySet<string>

interface DirectEval {
  readonly node: CallExpression
  /** The scopes around it, below the top level. A function that is no arrow has `arguments` in its scope. */
  readonly scopes: readonly Scope[]
}

/**
 * Walks a module once for what its text does to its own top-level bindings. Inner bindings of the same name shadow them.
 *
 * @param around scopes around the text itself
 */
export function analyseTopLevel(program: Program, around: readonly Scope[] = []): TopLevelUse {
  const assignments: Assignment[] = []
  const dynamicImports: Extract<AnyNode, { type: 'ImportExpression' }>[] = []
  const metaProperties: Extract<AnyNode, { type: 'MetaProperty' }>[] = []
  const directEvals: DirectEval[] = []
  let hasTopLevelAwait = false

  const visitAll = (nodes: readonly (Node | null)[], scopes: readonly Scope[], inFunction: boolean) => {
    for (const node of nodes) if (node) visit(node as AnyNode, scopes, inFunction)
  }
  const assign = (node: AnyNode, target: Pattern, scopes: readonly Scope[]) => {
    const names = boundNames(target).filter(name => !scopes.some(scope => scope.has(name)))
    if (names.length > 0) assignments.push({ node, names })
  }
  const visit = (node: AnyNode, scopes: readonly Scope[], inFunction: boolean): void => {
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression': {
        const own = new Set(node.params.flatMap(boundNames))
        if (node.type === 'FunctionExpression' && node.id) own.add(node.id.name)
        if (node.type !== 'ArrowFunctionExpression') own.add('arguments')
        if (node.body.type === 'BlockStatement') for (const name of varNames(node.body)) own.add(name)
        const inner = [...scopes, own]
        visitAll(node.params, inner, true)
        visit(node.body as AnyNode, inner, true)
        return
      }
      case 'ClassDeclaration':
      case 'ClassExpression': {
        const inner = node.id ? [...scopes, new Set([node.id.name])] : scopes
        visitAll([node.superClass ?? null, node.body], inner, inFunction)
        return
      }
      case 'PropertyDefinition':
        if (node.computed) visit(node.key as AnyNode, scopes, inFunction)
        if (node.value) visit(node.value as AnyNode, [...scopes, FIELD], true)
        return
      case 'BlockStatement':
      case 'StaticBlock': {
        const own = lexicalNames(node.body)
        const isStatic = node.type === 'StaticBlock'
        if (isStatic) for (const name of ['arguments', ...varNames(node)]) own.add(name)
        visitAll(node.body, [...scopes, own], inFunction || isStatic)
        return
      }
      case 'SwitchStatement': {
        visit(node.discriminant as AnyNode, scopes, inFunction)
        visitAll(node.cases, [...scopes, lexicalNames(node.cases.flatMap(part => part.consequent))], inFunction)
        return
      }
      case 'CatchClause':
        visitAll(
          [node.param ?? null, node.body],
          node.param ? [...scopes, new Set(boundNames(node.param))] : scopes,
          inFunction,
        )
        return
      case 'ForStatement':
        visitAll(
          [node.init ?? null, node.test ?? null, node.update ?? null, node.body],
          headScope(node.init, scopes),
          inFunction,
        )
        return
      case 'ForInStatement':
      case 'ForOfStatement': {
        if (node.type === 'ForOfStatement' && node.await && !inFunction) hasTopLevelAwait = true
        const inner = headScope(node.left, scopes)
        if (node.left.type !== 'VariableDeclaration') assign(node, node.left, scopes)
        else if (node.left.kind === 'var') for (const { id } of node.left.declarations) assign(node, id, scopes)
        visitAll([node.left, node.right, node.body], inner, inFunction)
        return
      }
      case 'AssignmentExpression':
        assign(node, node.left, scopes)
        break
      case 'UpdateExpression':
        if (node.argument.type === 'Identifier') assign(node, node.argument, scopes)
        break
      case 'AwaitExpression':
        if (!inFunction) hasTopLevelAwait = true
        break
      case 'VariableDeclaration':
        if ((node.kind as string) === 'await using' && !inFunction) hasTopLevelAwait = true
        break
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval') directEvals.push({ node, scopes })
        break
      case 'ImportExpression':
        dynamicImports.push(node)
        break
      case 'MetaProperty':
        if (node.meta.name === 'import') metaProperties.push(node)
        break
    }
    for (const child of children(node)) visit(child, scopes, inFunction)
  }
  for (const statement of program.body) visit(statement, around, false)
  return { assignments, hasTopLevelAwait, directEvals, dynamicImports, metaProperties }
}

/** What initialises a field is a function, though nobody sees it. */
const FIELD: Scope = new Set(['arguments'])

/** What a text declares at its top level. */
export const declaredNames = (program: Program): Set<string> =>
  new Set([...varNames(program), ...lexicalNames(program.body)])

const headScope = (head: Node | null | undefined, scopes: readonly Scope[]): readonly Scope[] => {
  const declaration = head as AnyNode | null | undefined
  if (declaration?.type !== 'VariableDeclaration' || declaration.kind === 'var') return scopes
  return [...scopes, new Set(declaration.declarations.flatMap(({ id }) => boundNames(id)))]
}

export function* children(node: AnyNode): Generator<AnyNode> {
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield item
    } else if (isNode(value)) yield value
  }
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'

/** BoundNames (ECMA-262, 8.2.1) of a pattern; of an assignment target, the identifiers it assigns. */
export function boundNames(pattern: Pattern | null): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name]
    case 'ObjectPattern':
      return pattern.properties.flatMap(part => boundNames(part.type === 'RestElement' ? part.argument : part.value))
    case 'ArrayPattern':
      return pattern.elements.flatMap(boundNames)
    case 'RestElement':
      return boundNames(pattern.argument)
    case 'AssignmentPattern':
      return boundNames(pattern.left)
    default:
      return []
  }
}

/** LexicallyDeclaredNames of a block, functions of the block included. */
function lexicalNames(body: readonly Node[]): Set<string> {
  const names = new Set<string>()
  for (const node of body as readonly AnyNode[]) {
    if (node.type === 'VariableDeclaration' && node.kind !== 'var')
      for (const { id } of node.declarations) for (const name of boundNames(id)) names.add(name)
    else if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id)
      names.add(node.id.name)
  }
  return names
}

/** VarDeclaredNames (ECMA-262, 8.2.6): those of inner blocks too, but not of inner functions. */
function varNames(root: AnyNode): Set<string> {
  const names = new Set<string>()
  const walk = (node: AnyNode): void => {
    if (node !== root && /Function|^Class|^StaticBlock$/.test(node.type)) return
    if (node.type === 'VariableDeclaration' && node.kind === 'var')
      for (const { id } of node.declarations) for (const name of boundNames(id)) names.add(name)
    for (const child of children(node)) walk(child)
  }
  walk(root)
  return names
}
