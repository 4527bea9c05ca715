import type { AnyNode, CallExpression, Node, Pattern, Program } from 'acorn'
import { boundNames, lexicallyDeclared, namesOf, varDeclared } from './declared.ts'
import { children } from './syntax_tree.ts'

/** An expression or loop head that assigns to a binding of the module's top level. */
export interface Assignment {
  readonly node: AnyNode
  readonly names: readonly string[]
}

type ImportExpression = Extract<AnyNode, { type: 'ImportExpression' }>
type MetaProperty = Extract<AnyNode, { type: 'MetaProperty' }>

export interface TopLevelUse {
  readonly assignments: readonly Assignment[]
  readonly hasTopLevelAwait: boolean
  /** Calls of `eval` by that name: their code can assign whatever is in scope. */
  readonly directEvals: readonly DirectEval[]
  readonly dynamicImports: readonly ImportExpression[]
  readonly metaProperties: readonly MetaProperty[]
}

type Scope = ReadonlySet<string>

interface DirectEval {
  readonly node: CallExpression
  /** The scopes around it, below the top level. A function that is no arrow has `arguments` in its scope. */
  readonly scopes: readonly Scope[]
}

/** What stands around a node. */
interface Surroundings {
  /** Below the top level, outermost first. */
  readonly scopes: readonly Scope[]
  readonly inFunction: boolean
}

/**
 * Walks a module once for what its text does to its own top-level bindings. Inner bindings of the same name shadow them.
 *
 * @param around scopes around the text itself
 */
export function analyseTopLevel(program: Program, around: readonly Scope[] = []): TopLevelUse {
  const reader = new TopLevelReader()
  for (const statement of program.body) reader.visit(statement, { scopes: around, inFunction: false })
  return reader
}

class TopLevelReader implements TopLevelUse {
  readonly assignments: Assignment[] = []
  readonly directEvals: DirectEval[] = []
  readonly dynamicImports: ImportExpression[] = []
  readonly metaProperties: MetaProperty[] = []
  hasTopLevelAwait = false

  visit(node: AnyNode, around: Surroundings): void {
    this.#note(node, around)
    const parts = partsOf(node, around)
    if (!parts) for (const child of children(node)) this.visit(child, around)
    else for (const part of parts) for (const child of part.nodes) if (child) this.visit(child as AnyNode, part.around)
  }

  #note(node: AnyNode, { scopes, inFunction }: Surroundings): void {
    switch (node.type) {
      case 'AssignmentExpression':
        this.#assign(node, node.left, scopes)
        return
      case 'UpdateExpression':
        if (node.argument.type === 'Identifier') this.#assign(node, node.argument, scopes)
        return
      case 'ForOfStatement':
      case 'ForInStatement':
        if (node.type === 'ForOfStatement' && node.await) this.#await(inFunction)
        if (node.left.type !== 'VariableDeclaration') this.#assign(node, node.left, scopes)
        else if (node.left.kind === 'var') for (const { id } of node.left.declarations) this.#assign(node, id, scopes)
        return
      case 'AwaitExpression':
        this.#await(inFunction)
        return
      case 'VariableDeclaration':
        if ((node.kind as string) === 'await using') this.#await(inFunction)
        return
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval') this.directEvals.push({ node, scopes })
        return
      case 'ImportExpression':
        this.dynamicImports.push(node)
        return
      case 'MetaProperty':
        if (node.meta.name === 'import') this.metaProperties.push(node)
    }
  }

  #await(inFunction: boolean): void {
    this.hasTopLevelAwait ||= !inFunction
  }

  #assign(node: AnyNode, target: Pattern, scopes: readonly Scope[]): void {
    const names = boundNames(target).filter(name => !scopes.some(scope => scope.has(name)))
    if (names.length > 0) this.assignments.push({ node, names })
  }
}

/** Children that have the same surroundings. */
interface Part {
  readonly nodes: Iterable<Node | null | undefined>
  readonly around: Surroundings
}

/** The children that hold code of a node that opens a scope, with what stands around them there; undefined for any other node. */
function partsOf(node: AnyNode, around: Surroundings): readonly Part[] | undefined {
  const within = (names: Iterable<string>, inFunction = around.inFunction): Surroundings => ({
    scopes: [...around.scopes, new Set(names)],
    inFunction,
  })
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return [{ nodes: [...node.params, node.body], around: within(functionNames(node), true) }]
    case 'ClassDeclaration':
    case 'ClassExpression':
      return [{ nodes: [node.superClass, node.body], around: node.id ? within([node.id.name]) : around }]
    case 'PropertyDefinition':
      return [
        { nodes: node.computed ? [node.key] : [], around },
        { nodes: [node.value], around: within(FIELD_NAMES, true) },
      ]
    case 'BlockStatement':
      return [{ nodes: node.body, around: within(namesOf(lexicallyDeclared(node.body))) }]
    case 'StaticBlock': {
      const names = ['arguments', ...namesOf(lexicallyDeclared(node.body)), ...namesOf(varDeclared(node.body))]
      return [{ nodes: node.body, around: within(names, true) }]
    }
    case 'SwitchStatement': {
      const body = node.cases.flatMap(part => part.consequent)
      return [
        { nodes: [node.discriminant], around },
        { nodes: node.cases, around: within(namesOf(lexicallyDeclared(body))) },
      ]
    }
    case 'CatchClause':
      return node.param ? [{ nodes: children(node), around: within(boundNames(node.param)) }] : undefined
    case 'ForStatement':
      return node.init
        ? [{ nodes: children(node), around: within(namesOf(lexicallyDeclared([node.init]))) }]
        : undefined
    case 'ForInStatement':
    case 'ForOfStatement':
      return [{ nodes: children(node), around: within(namesOf(lexicallyDeclared([node.left]))) }]
    default:
      return undefined
  }
}

type FunctionNode = Extract<AnyNode, { type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression' }>

function functionNames(node: FunctionNode): string[] {
  const names = node.params.flatMap(boundNames)
  if (node.type === 'FunctionExpression' && node.id) names.push(node.id.name)
  if (node.type !== 'ArrowFunctionExpression') names.push('arguments')
  if (node.body.type === 'BlockStatement') names.push(...namesOf(varDeclared([node.body])))
  return names
}

/** What initialises a field is a function, though nobody sees it. */
const FIELD_NAMES = ['arguments']

/** What a text declares at its top level. */
export const declaredNames = (program: Program): Set<string> =>
  new Set([...namesOf(varDeclared(program.body)), ...namesOf(lexicallyDeclared(program.body))])
