import type { AnyNode, Program } from 'acorn'
import { ARGUMENTS, type Edit } from './module_source.ts'
import { children } from './syntax_tree.ts'

const HAS_ARGUMENTS = new Set<AnyNode['type']>(['FunctionDeclaration', 'FunctionExpression'])

/**
 * `arguments` outside of functions is a name like any other, and mostly one that nobody declared. The function around a module must not
 * show its own there.
 */
export function renameArguments(program: Program): Edit[] {
  const edits: Edit[] = []
  const visit = (node: AnyNode): void => {
    if (HAS_ARGUMENTS.has(node.type) || isDeclaration(node)) return
    if (node.type === 'Identifier') {
      if (node.name === 'arguments') edits.push({ start: node.start, end: node.end, text: ARGUMENTS })
      return
    }
    if (node.type === 'Property' && node.shorthand) {
      if (node.key.type === 'Identifier' && node.key.name === 'arguments')
        edits.push({ start: node.start, end: node.start, text: 'arguments:' })
      visit(node.value as AnyNode)
      return
    }
    for (const child of children(node)) if (!isName(node, child)) visit(child)
  }
  for (const statement of program.body) visit(statement)
  return edits
}

/** Names of imports and exports are blanked with their statements. */
const isDeclaration = (node: AnyNode): boolean =>
  node.type === 'ImportDeclaration' ||
  node.type === 'ExportAllDeclaration' ||
  (node.type === 'ExportNamedDeclaration' && !node.declaration)

/** An identifier that names a property or a label, and no binding. */
function isName(node: AnyNode, child: AnyNode): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return child === node.property && !node.computed
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return child === node.key && !node.computed
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return child === node.label
    default:
      return false
  }
}
