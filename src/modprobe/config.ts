import { patternFault } from './glob.ts'

/** A parameter as a configuration may write it. Which type it must have is the module's to say. */
export type ConfigValue = string | number | boolean | readonly (string | number | boolean)[]

/** What a hook that is a function is called with. */
export interface HookCall {
  readonly module: string
  readonly params: Readonly<Record<string, ConfigValue>>
  /** Does what the hook stands in for: inserts or removes the module. */
  proceed(): Promise<void>
}

/**
 * Runs in place of inserting or removing a module: a function (in .js and .ts), or a command line for the shell, which finds the parameters in
 * `$CMDLINE_OPTS`. `false` refuses.
 */
export type Hook = false | string | ((call: HookCall) => unknown)

/** What `outlive.config.json` holds and what `outlive.config.js` and `.ts` export by default. */
export interface ConfigFile {
  /** Further names: a pattern, and the module or modules that it stands for. */
  readonly aliases?: Readonly<Record<string, string | readonly string[]>>
  /** Parameters by the name of a module or of an alias. */
  readonly options?: Readonly<Record<string, Readonly<Record<string, ConfigValue>>>>
  /** Modules that no alias may load. */
  readonly blacklist?: readonly string[]
  /** By module: what to load before it and after it. */
  readonly softdeps?: Readonly<Record<string, { readonly pre?: readonly string[]; readonly post?: readonly string[] }>>
  readonly install?: Readonly<Record<string, Hook>>
  readonly remove?: Readonly<Record<string, Hook>>
}

/** A configuration that cannot be used. The message is one line, `file: key: what is wrong`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly file: string
  readonly key: string

  constructor(file: string, key: string, problem: string) {
    super([file, key, problem].filter(part => part !== '').join(': '))
    this.file = file
    this.key = key
  }
}

/** Where a value stands: a file, and the way through it. */
interface Place {
  readonly file: string
  readonly key: string
}

/** Throws a ConfigError for the first thing that is wrong with a value. */
type Check = (value: unknown, place: Place) => void

const fail = ({ file, key }: Place, problem: string): never => {
  throw new ConfigError(file, key, problem)
}

const need = (expected: string, found: unknown, place: Place): never =>
  fail(place, `must be ${expected}, not ${kindOf(found)}`)

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''

const text: Check = (found, place) => {
  if (!isText(found)) need('a non-empty string', found, place)
}

const texts: Check = (found, place) => {
  if (!Array.isArray(found)) return need('an array of strings', found, place)
  for (const [i, item] of found.entries()) text(item, { ...place, key: `${place.key}[${i}]` })
}

const parameter: Check = (found, place) => {
  const items: readonly unknown[] = Array.isArray(found) ? found : [found]
  if (items.some(item => !['string', 'number', 'boolean'].includes(typeof item)))
    need('a string, a number, a boolean or an array of these', found, place)
}

const hook: Check = (found, place) => {
  if (found !== false && typeof found !== 'function' && !isText(found))
    need('a command, a function or false', found, place)
}

const entriesOf = (found: unknown, place: Place): [name: string, item: unknown, place: Place][] =>
  isPlainObject(found)
    ? Object.entries(found).map(([name, item]) => [name, item, { ...place, key: joinKey(place.key, name) }])
    : need('an object', found, place)

/** An object by the names of modules, or patterns of aliases. */
const keyed =
  (check: Check): Check =>
  (found, place) => {
    for (const [name, item, itemPlace] of entriesOf(found, place)) {
      const fault = patternFault(name)
      if (fault !== undefined) fail(itemPlace, fault)
      check(item, itemPlace)
    }
  }

/** An object of these fields, each of which may be left out. */
const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (found, place) => {
    for (const [name, item, itemPlace] of entriesOf(found, place)) {
      if (!Object.hasOwn(checks, name)) fail(itemPlace, `unknown key; known are ${Object.keys(checks).join(', ')}`)
      if (item !== undefined) checks[name]!(item, itemPlace)
    }
  }

const configFile = fields({
  aliases: keyed((found, place) => (typeof found === 'string' ? text : texts)(found, place)),
  options: keyed((found, place) => {
    for (const [, item, itemPlace] of entriesOf(found, place)) parameter(item, itemPlace)
  }),
  blacklist: texts,
  softdeps: keyed(fields({ pre: texts, post: texts })),
  install: keyed(hook),
  remove: keyed(hook),
})

/**
 * Makes sure that `value`, read from `file`, is a configuration.
 *
 * @throws ConfigError that names the first bad key
 */
export function parseConfig(value: unknown, file: string): ConfigFile {
  configFile(value, { file, key: '' })
  return value as ConfigFile
}

/** `a.b`, with quotes where the part is not a plain word: `aliases["http:*"]`. */
function joinKey(key: string, name: string): string {
  if (!/^[\w$]+$/.test(name)) return `${key}[${JSON.stringify(name)}]`
  return key === '' ? name : `${key}.${name}`
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  // A Map or a Promise has no fields; what a module exports has.
  return ['[object Object]', '[object Module]'].includes(Object.prototype.toString.call(value))
}

/** Of a text that is shown, in characters. */
const LONGEST = 60

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string') {
    if (value.trim() === '') return 'an empty string'
    return `the string ${JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value)}`
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'object' ? 'an object' : typeof value
}
