import { foldParam } from '../modprobe/merge_params.ts'
import { ModuleError } from './errno.ts'

export type ParamValue = string | number | boolean | readonly string[]
export type ParamType = 'string' | 'number' | 'int' | 'boolean' | 'string[]'

/** One entry of `info.params`. */
export interface ParamSpec {
  readonly type: ParamType
  readonly default?: ParamValue
  readonly description?: string
  readonly min?: number
  readonly max?: number
}

export type Params = Readonly<Record<string, unknown>>

/** The types, and what their values are called. */
export const PARAM_TYPES: Readonly<Record<ParamType, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  'string[]': 'a list of strings',
}

export const isParamType = (type: unknown): type is ParamType =>
  typeof type === 'string' && Object.hasOwn(PARAM_TYPES, type)

/** Is it such a value as it stands, with nothing to convert? */
export const isOfType = (type: ParamType, value: unknown): boolean => convert(type, value) === value

const TRUE = new Set(['1', 'y', 'yes', 'true', 'on'])
const FALSE = new Set(['0', 'n', 'no', 'false', 'off'])

/** Turns what was given into what was declared; undefined when it cannot be. Values from a command line are strings. */
function convert(type: ParamType, given: unknown): ParamValue | undefined {
  switch (type) {
    case 'string':
      return typeof given === 'string' ? given : undefined
    case 'number':
    case 'int': {
      const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
      if (typeof number !== 'number' || Number.isNaN(number)) return undefined
      return type === 'int' && Number.isFinite(number) && !Number.isInteger(number) ? undefined : number
    }
    case 'boolean':
      if (typeof given === 'boolean') return given
      // As in the kernel, a flag that is named without a value is meant.
      if (given === '') return true
      if (typeof given !== 'string') return undefined
      if (TRUE.has(given.toLowerCase())) return true
      return FALSE.has(given.toLowerCase()) ? false : undefined
    case 'string[]':
      if (typeof given === 'string') return given === '' ? [] : given.split(',')
      return Array.isArray(given) && given.every(item => typeof item === 'string') ? (given as string[]) : undefined
  }
}

/**
 * The values that a module sees in `k.params`: what was given, checked and converted, and defaults for the rest.
 *
 * @param unknown is called with each given name that the module does not declare; such a value is ignored
 * @throws ModuleError EINVAL for a value of the wrong type, ERANGE for a number outside `min` and `max`, and for an `int` that a number cannot hold exactly
 * @example
 * const given = parseParams('x.ts', { port: { type: 'int', default: 80 } }, { port: '8080' }, () => {})
 * console.log(given) // { port: 8080 }
 */
export function parseParams(
  file: string,
  specs: Readonly<Record<string, ParamSpec>>,
  given: Params,
  unknown: (name: string) => void,
): Readonly<Record<string, ParamValue | undefined>> {
  if (isEmpty(specs) && isEmpty(given)) return NO_VALUES
  const values: Record<string, ParamValue | undefined> = {}
  for (const [name, spec] of Object.entries(specs)) values[name] = spec.default
  for (const [name, got] of Object.entries(given)) {
    if (got === undefined) continue
    const declared = Object.hasOwn(specs, name)
      ? name
      : Object.keys(specs).find(other => foldParam(other) === foldParam(name))
    if (declared === undefined) {
      unknown(name)
      continue
    }
    const spec = specs[declared]!
    const value = convert(spec.type, got)
    if (value === undefined) throw new ModuleError('EINVAL', { file, parameter: declared, type: spec.type, got })
    const range = typeof value === 'number' ? exceeded(spec, value, got) : undefined
    if (range !== undefined) {
      const type = `${spec.type} ${range}`
      throw new ModuleError('ERANGE', { file, parameter: declared, type, got })
    }
    values[declared] = value
  }
  return Object.freeze(values)
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0

const NO_VALUES = Object.freeze({})

/** The range that a number lies outside of, as text: the declared one, or that of the numbers that its type has, for an `int` the exact ones. */
function exceeded({ type, min, max }: ParamSpec, value: number, got: unknown): string | undefined {
  if (value < (min ?? -Infinity) || value > (max ?? Infinity)) return `from ${min ?? '-∞'} to ${max ?? '∞'}`
  const most = type === 'int' ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE
  // Infinity is a number where it is meant: '1e400' is not.
  const isMeant = type === 'number' && (typeof got === 'number' || String(got).includes('Infinity'))
  return !isMeant && Math.abs(value) > most ? `from ${-most} to ${most}` : undefined
}
