import { faultAt, lineAndColumn } from '../images/fault.ts'
import { type LiteralValue, readInfo } from '../images/modinfo.ts'
import { patternFault } from '../modprobe/glob.ts'
import { isOfType, isParamType, PARAM_TYPES, type ParamSpec } from './moduleparam.ts'
import { SCHEME_NAMES } from './unload/scheme.ts'

/** `export const info`, checked. */
export interface ModuleInfo {
  readonly description?: string
  readonly version?: string
  readonly license?: string
  readonly author?: string
  readonly params: Readonly<Record<string, ParamSpec>>
  readonly aliases: readonly string[]
  readonly softdeps: { readonly pre: readonly string[]; readonly post: readonly string[] }
  /** Once in, it stays in. */
  readonly permanent: boolean
  /** A stricter scheme than the kernel's. */
  readonly scheme?: 'refcount' | 'retain' | 'collect'
}

/** Of a module that says nothing of itself. */
export const NO_INFO: ModuleInfo = { params: {}, aliases: [], softdeps: { pre: [], post: [] }, permanent: false }

const TEXTS = ['description', 'version', 'license', 'author'] as const
const NUMBERS: ReadonlySet<unknown> = new Set(['number', 'int'])

/**
 * @param text the entry's text, types stripped
 * @throws ImageFault `syntax`, naming the field
 */
export function parseInfo(file: string, text: string): ModuleInfo {
  const raw = readInfo(file, text)
  if (!raw) return NO_INFO
  const refuse = (field: string, wanted: string): never => {
    throw faultAt({ kind: 'syntax', reason: `'info.${field}' must be ${wanted}` }, file, text, placeOf(text, field))
  }
  const list = (value: LiteralValue, field: string): readonly string[] => {
    if (value === undefined) return []
    return Array.isArray(value) && value.every(item => typeof item === 'string')
      ? (value as string[])
      : refuse(field, 'a list of strings')
  }
  const texts: Partial<Record<(typeof TEXTS)[number], string>> = {}
  for (const field of TEXTS) {
    const value = raw[field]
    if (typeof value === 'string') texts[field] = value
    else if (value !== undefined) refuse(field, 'a string')
  }
  const scheme = SCHEME_NAMES.find(name => name === raw.scheme)
  if (raw.scheme !== undefined && scheme === undefined) refuse('scheme', `one of ${SCHEME_NAMES.join(', ')}`)
  if (raw.permanent !== undefined && typeof raw.permanent !== 'boolean') refuse('permanent', 'true or false')
  if (raw.softdeps !== undefined && !isRecord(raw.softdeps)) refuse('softdeps', 'an object of pre and post')
  const soft = (raw.softdeps ?? {}) as Readonly<Record<string, LiteralValue>>
  return {
    ...texts,
    params: paramSpecs(raw.params, refuse),
    aliases: list(raw.aliases, 'aliases'),
    softdeps: { pre: list(soft.pre, 'softdeps.pre'), post: list(soft.post, 'softdeps.post') },
    permanent: raw.permanent === true,
    ...(scheme && { scheme }),
  }
}

/** Aliases that can match nothing, each with its place and why. */
export function aliasFaults(text: string, { aliases }: ModuleInfo): { line: number; column: number; reason: string }[] {
  return aliases.flatMap(alias => {
    const fault = patternFault(alias)
    if (fault === undefined) return []
    const field = placeOf(text, 'aliases')
    // Not found where it is written with escapes.
    const at = alias === '' ? -1 : text.indexOf(alias, field)
    const reason = `the alias ${JSON.stringify(alias)} matches nothing: ${fault}`
    return [{ ...lineAndColumn(text, at === -1 ? field : at), reason }]
  })
}

/** Where the field stands, as near as a search tells. */
function placeOf(text: string, field: string): number {
  const info = Math.max(0, text.search(/\binfo\b[^=\n]*=/))
  const within = text.slice(info).search(new RegExp(`\\b${field.split('.')[0]!}\\b`))
  return info + Math.max(0, within)
}

const isRecord = (value: LiteralValue): value is Readonly<Record<string, LiteralValue>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function paramSpecs(
  raw: LiteralValue,
  refuse: (field: string, wanted: string) => never,
): Readonly<Record<string, ParamSpec>> {
  if (raw === undefined) return {}
  if (!isRecord(raw)) return refuse('params', 'an object')
  for (const [name, spec] of Object.entries(raw)) {
    const { type, default: value, description, min, max } = isRecord(spec) ? spec : {}
    if (!isParamType(type)) return refuse(`params.${name}.type`, 'one of string, number, int, boolean, string[]')
    if (value !== undefined && value !== null && !isOfType(type, value))
      refuse(`params.${name}.default`, PARAM_TYPES[type])
    if (description !== undefined && typeof description !== 'string') refuse(`params.${name}.description`, 'a string')
    for (const [bound, limit] of Object.entries({ min, max }))
      if (limit !== undefined && (typeof limit !== 'number' || !NUMBERS.has(type)))
        refuse(`params.${name}.${bound}`, 'a number, at a number or an int')
  }
  return raw as unknown as Readonly<Record<string, ParamSpec>>
}
