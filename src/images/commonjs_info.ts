import type { AnyNode, Expression, MemberExpression, Program } from 'acorn'

/** Is it worth a parse? */
export const mayExportInfo = (text: string): boolean =>
  /\bexports\s*\.\s*info\s*=(?!=)/.test(text) || /\bexports\s*=\s*\{[\s\S]*\binfo\b/.test(text)

/**
 * The object that a CommonJS file exports as `info`: `exports.info = { … }`, or a property of the object that `module.exports` becomes, by a constant
 * or as it stands. Anything else of that name is no description of a module: a function that logs, say.
 */
export function findCommonJsInfo(program: Program): Expression | undefined {
  const constants = new Map<string, Expression>()
  let found: Expression | undefined
  for (const statement of program.body) {
    if (statement.type === 'VariableDeclaration')
      for (const { id, init } of statement.declarations)
        if (id.type === 'Identifier' && init) constants.set(id.name, init)
    if (statement.type === 'ExpressionStatement') found = assigned(statement.expression) ?? found
  }
  const value = found?.type === 'Identifier' ? constants.get(found.name) : found
  return value?.type === 'ObjectExpression' ? value : undefined
}

/** What an expression gives `exports.info`, in a chain of assignments too. */
function assigned(node: Expression): Expression | undefined {
  if (node.type !== 'AssignmentExpression' || node.operator !== '=') return undefined
  const { left, right } = node
  if (isMember(left, 'info') && isExports(left.object)) return right
  if (isExports(left) && right.type === 'ObjectExpression')
    for (const part of right.properties)
      if (part.type === 'Property' && !part.computed && nameOf(part.key) === 'info') return part.value
  return assigned(right)
}

const isMember = (node: AnyNode, name: string): node is MemberExpression =>
  node.type === 'MemberExpression' && !node.computed && nameOf(node.property) === name

const isExports = (node: AnyNode): boolean =>
  (node.type === 'Identifier' && node.name === 'exports') ||
  (isMember(node, 'exports') && nameOf(node.object) === 'module')

const nameOf = (node: AnyNode): unknown =>
  node.type === 'Identifier' ? node.name : node.type === 'Literal' ? node.value : undefined
