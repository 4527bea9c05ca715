import type { AnyNode, Node, Pattern } from 'acorn'
import { children } from './syntax_tree.ts'

/** Names that one declaration binds, and what they begin with where it says so. */
interface Declared {
  readonly names: readonly string[]
  readonly init?: Node | null | undefined
}

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

/** LexicallyScopedDeclarations (ECMA-262, 8.2.5) of a block, functions of the block included. */
export function* lexicallyDeclared(body: readonly Node[]): Generator<Declared> {
  for (const node of body as readonly AnyNode[]) {
    if (node.type === 'VariableDeclaration' && node.kind !== 'var')
      for (const { id, init } of node.declarations) yield { names: boundNames(id), init }
    else if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id)
      yield { names: [node.id.name] }
  }
}

/** VarScopedDeclarations (ECMA-262, 8.2.7): those of inner blocks too, but not of inner functions. */
export function* varDeclared(body: Iterable<Node>): Generator<Declared> {
  for (const node of body as Iterable<AnyNode>) {
    if (/Function|^Class|^StaticBlock$/.test(node.type)) continue
    if (node.type === 'VariableDeclaration' && node.kind === 'var')
      for (const { id, init } of node.declarations) yield { names: boundNames(id), init }
    yield* varDeclared(children(node))
  }
}

export const namesOf = (declared: Iterable<Declared>): string[] => [...declared].flatMap(({ names }) => names)
