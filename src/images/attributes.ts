import { extname } from 'node:path'
import { formatByName, isCode } from './format.ts'
import { type Target, urlOfFile } from './resolve.ts'

/** Import attributes, `with { type: 'json' }`. */
export type Attributes = Readonly<Record<string, string>>

/**
 * Node asks for `with { type: 'json' }` on JSON, refuses it elsewhere, and knows no other attribute; and it imports no file of a kind that it does not know.
 *
 * @throws what `refuse` makes of the reason and of Node's code for it
 */
export function checkAttributes(
  target: Target,
  attributes: Attributes,
  refuse: (reason: string, code: string) => Error,
): void {
  // Of a `data:` URL the host's loader knows the type.
  if (target.owner === 'url') return
  const name = target.owner === 'builtin' ? target.name : target.file
  const url = target.owner === 'builtin' ? `node:${name.replace(/^node:/, '')}` : urlOfFile(name)
  const wanted = target.owner !== 'builtin' && formatByName(target.file) === 'json' ? 'json' : undefined
  for (const [key, value] of Object.entries(attributes))
    if (key !== 'type' || value !== 'json')
      throw refuse(
        `Module "${url}" does not support the import attributes ${JSON.stringify(attributes)}`,
        'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED',
      )
  if (target.owner === 'image' && !isCode(name) && formatByName(name) === undefined)
    throw refuse(`Unknown file extension "${extname(name)}" for ${name}`, 'ERR_UNKNOWN_FILE_EXTENSION')
  if (attributes.type === wanted) return
  throw wanted === undefined
    ? refuse(`Module "${url}" is not of type "json"`, 'ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE')
    : refuse(`Module "${url}" needs an import attribute of "type: json"`, 'ERR_IMPORT_ATTRIBUTE_MISSING')
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
