type Conditional = Readonly<Record<string, unknown>>

const isConditional = (value: unknown): value is Conditional =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * What the `exports` or `imports` of a package.json name for a path, in the order in which it is tried; none for a path that they withhold. Undefined for what only
 * a pattern may answer, and for a field that is not as it should be.
 */
export function exportTargets(
  field: unknown,
  path: string,
  conditions: ReadonlySet<string>,
): readonly unknown[] | undefined {
  const keys = isConditional(field) ? Object.keys(field) : []
  const paths = keys.filter(key => key.startsWith('.') || key.startsWith('#'))
  if (paths.length === 0) return path === '.' ? targetsOf(field, conditions) : []
  if (paths.length !== keys.length) return undefined
  if (Object.hasOwn(field as Conditional, path)) return targetsOf((field as Conditional)[path], conditions)
  return keys.some(key => key.includes('*') || key.endsWith('/')) ? undefined : []
}

function targetsOf(value: unknown, conditions: ReadonlySet<string>): readonly unknown[] {
  const target = isConditional(value) ? chosen(value, conditions) : value
  if (Array.isArray(target)) return target.flatMap(item => targetsOf(item, conditions))
  return target === undefined || target === null ? [] : [target]
}

/** The first condition counts that holds and leads to something, and be it null; undefined when none does. */
function chosen(value: Conditional, conditions: ReadonlySet<string>): unknown {
  for (const [condition, target] of Object.entries(value)) {
    if (condition !== 'default' && !conditions.has(condition)) continue
    const found = isConditional(target) ? chosen(target, conditions) : target
    if (found !== undefined) return found
  }
  return undefined
}
