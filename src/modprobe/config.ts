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

/** Checks one value; `key` is its way through the file. */
type Check = (value: unknown, key: string) => void

/** Makes sure that `value`, read from `file`, is a configuration; throws a ConfigError that names the first bad key. */
export function parseConfig(value: unknown, file: string): ConfigFile {
  const fail = (key: string, problem: string): never => {
    throw new ConfigError(file, key, problem)
  }
  const need = (expected: string, found: unknown, key: string): never =>
    fail(key, `must be ${expected}, not ${kindOf(found)}`)

  const text: Check = (found, key) => {
    if (typeof found !== 'string' || found.trim() === '') need('a non-empty string', found, key)
  }
  const texts: Check = (found, key) => {
    if (!Array.isArray(found)) return need('an array of strings', found, key)
    for (const [i, item] of found.entries()) text(item, `${key}[${i}]`)
  }
  const parameter: Check = (found, key) => {
    const items: readonly unknown[] = Array.isArray(found) ? found : [found]
    if (items.some(item => !['string', 'number', 'boolean'].includes(typeof item))) {
      need('a string, a number, a boolean or an array of these', found, key)
    }
  }
  const hook: Check = (found, key) => {
    if (found !== false && typeof found !== 'function' && (typeof found !== 'string' || found.trim() === '')) {
      need('a command, a function or false', found, key)
    }
  }
  const entriesOf = (found: unknown, key: string): [string, unknown][] =>
    isPlainObject(found) ? Object.entries(found) : need('an object', found, key)
  const keyed =
    (check: Check): Check =>
    (found, key) => {
      for (const [name, item] of entriesOf(found, key)) {
        const fault = patternFault(name)
        if (fault !== undefined) fail(joinKey(key, name), fault)
        check(item, joinKey(key, name))
      }
    }
  const fields =
    (checks: Readonly<Record<string, Check>>): Check =>
    (found, key) => {
      for (const [name, item] of entriesOf(found, key)) {
        if (!Object.hasOwn(checks, name)) {
          fail(joinKey(key, name), `unknown key; known are ${Object.keys(checks).join(', ')}`)
        }
        if (item !== undefined) checks[name]!(item, joinKey(key, name))
      }
    }

  const configFile = fields({
    aliases: keyed((found, key) => (typeof found === 'string' ? text : texts)(found, key)),
    options: keyed((found, key) => {
      for (const [name, item] of entriesOf(found, key)) parameter(item, joinKey(key, name))
    }),
    blacklist: texts,
    softdeps: keyed(fields({ pre: texts, post: texts })),
    install: keyed(hook),
    remove: keyed(hook),
  })
  configFile(value, '')
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
