import { formatByName } from './format.ts'
import type { Target } from './resolve.ts'

/** Import attributes, `with { type: 'json' }`. */
export type Attributes = Readonly<Record<string, string>>

/**
 * Node asks for `with { type: 'json' }` on JSON, refuses it elsewhere, and knows no other attribute.
 *
 * @throws what `refuse` makes of the reason
 */
export function checkAttributes(target: Target, attributes: Attributes, refuse: (reason: string) => Error): void {
  // Of a `data:` URL the host's loader knows the type.
  if (target.owner === 'url') return
  const name = target.owner === 'builtin' ? target.name : target.file
  const wanted = target.owner !== 'builtin' && formatByName(target.file) === 'json' ? 'json' : undefined
  if (attributes.type === wanted && Object.keys(attributes).every(key => key === 'type')) return
  throw refuse(
    wanted !== undefined && attributes.type === undefined
      ? `Module "${name}" needs an import attribute of "type: json"`
      : `Module "${name}" does not support the import attributes ${JSON.stringify(attributes)}`,
  )
}

/**
 * The attributes of the second argument of `import()` (ECMA-262, 13.3.10.2 EvaluateImportCall).
 *
 * @throws TypeError
 */
export function attributesOf(options: unknown): Attributes {
  if (options === undefined) return {}
  if (!isObject(options)) throw new TypeError('The second argument of import() must be an object')
  const { with: attributes } = options as { with?: unknown }
  if (attributes === undefined) return {}
  if (!isObject(attributes)) throw new TypeError("The 'with' option of import() must be an object")
  const entries = Object.entries(attributes)
  for (const [key, value] of entries)
    if (typeof value !== 'string') throw new TypeError(`Import attribute '${key}' must be a string`)
  return Object.fromEntries(entries) as Attributes
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
