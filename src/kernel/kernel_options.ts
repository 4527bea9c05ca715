import { resolve } from 'node:path'
import { type LoadStores, RecentLoads } from '../images/load_memory.ts'
import { defaultStore, FileLoadStore } from '../images/load_store.ts'
import { type ConfigFile, type ConfigValue, parseConfig } from '../modprobe/config.ts'
import type { LateCallPolicy } from './call_gate.ts'
import type { MemoryOptions } from './core.ts'
import { ModuleError } from './errno.ts'
import type { Params } from './moduleparam.ts'
import type { LogEntry, LogSink } from './printk.ts'
import { shortly, shown } from './shown.ts'
import type { SignatureOptions } from './signature.ts'
import { messageOf } from './thrown.ts'
import { SCHEME_NAMES, type SchemeName } from './unload/scheme.ts'

/** Milliseconds. */
export const DEFAULT_GRACE = 5000
/** Of coldplug: how many modules are probed at once, and milliseconds for each. */
export const DEFAULT_PARALLEL = 8
export const DEFAULT_PROBE_TIMEOUT = 5000

/** What `createKernel` takes. All optional. */
export interface KernelOptions {
  /** The folder or folders in which modules are found by name. */
  readonly modules?: string | readonly string[]
  /**
   * Names of packages of which each image of a module has an instance of its own, wherever they are installed: closed, reported and collected with the module, as those in its
   * own folder are. None by default: packages outside of a module's folder are the host's, and shared.
   */
  readonly ownPackages?: readonly string[]
  /** What unloading does about possible callers; `collect` by default. */
  readonly scheme?: SchemeName
  /** Milliseconds that exit waits for calls in flight: 5000 by default; 0 does not wait, as the patch of 2003. */
  readonly grace?: number
  /** Milliseconds for a module to run and initialise; 30,000 by default, 0 is no limit. */
  readonly initTimeout?: number
  /** Milliseconds for `exit`, and for each deferred function; 10,000 by default, 0 is no limit. */
  readonly exitTimeout?: number
  /** What a call does that comes after removal, through an old pointer: `run` by default. */
  readonly lateCalls?: LateCallPolicy
  /** Parameters by module name. */
  readonly params?: Readonly<Record<string, Params>>
  /** How much memory images may take, and what to do when a module does not fit. No limit by default. */
  readonly memory?: MemoryOptions
  /** Modules that are not loaded by alias. */
  readonly blacklist?: readonly string[]
  /** Parameters by the name of a module or of an alias, for what modprobe loads. */
  readonly options?: Readonly<Record<string, Readonly<Record<string, ConfigValue>>>>
  /** The configuration of modprobe: a file, or false for none. By default `outlive.config.{ts,js,mjs,json}` beside or above the module folders. */
  readonly config?: string | false
  /** Whose modules to trust: see docs/signatures.md. Without it signatures are not looked at. */
  readonly signatures?: SignatureOptions
  /** Where log entries go as they are written, besides the kernel log: as lines to the four of `console`, or as they are to a function. */
  readonly log?: LogSink | ((entry: LogEntry) => void)
  /**
   * What reading packages and TypeScript found out is kept on disk for the next load, in the user's cache folder and up to about 64 MB of it. A folder and a limit in bytes
   * of your own, or false for none.
   */
  readonly cache?: boolean | CacheOptions
}

/** `createKernel({ cache })`. */
export interface CacheOptions {
  readonly folder?: string
  /** Bytes that the files of the folder may take together. */
  readonly limit?: number
}

const OPTIONS = {
  modules: true,
  scheme: true,
  grace: true,
  initTimeout: true,
  exitTimeout: true,
  lateCalls: true,
  params: true,
  memory: true,
  blacklist: true,
  options: true,
  config: true,
  log: true,
  cache: true,
  signatures: true,
  ownPackages: true,
} satisfies Record<keyof KernelOptions, true>

const PRESSURES: readonly string[] = ['refuse', 'reclaim']
const POLICIES: readonly string[] = ['run', 'forward', 'fail']

const refuse = (what: string, wanted: string, got: unknown): never => {
  throw new ModuleError('EINVAL', { reason: `${what} must be ${wanted}, got ${shown(got)}` })
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** An object of options, of any realm and class, or what a module exports; no list, and none of the kinds that the language or the platform has: a Map or a Promise has no options. */
const isRecord = (value: unknown): value is object =>
  isObject(value) && ['[object Object]', '[object Module]'].includes(Object.prototype.toString.call(value))

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(item => typeof item === 'string')

// An empty path would be the folder that the process happens to be in.
const isFolders = (value: unknown): boolean =>
  (Array.isArray(value) ? value : [value]).every(folder => typeof folder === 'string' && folder !== '')

/** A name that an import could begin with, and no subpath of it. */
export const isPackageName = (name: unknown): boolean =>
  typeof name === 'string' && /^(?:@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*$/.test(name)

const isPackages = (value: unknown): boolean => Array.isArray(value) && value.every(isPackageName)

// Any realm's.
const isSignal = (value: unknown): boolean =>
  isObject(value) && typeof (value as Partial<AbortSignal>).aborted === 'boolean' && 'addEventListener' in value

const isCache = (value: unknown): boolean => {
  if (!isRecord(value)) return false
  const { folder = '.', limit = 1, ...others } = value as Record<string, unknown>
  return typeof folder === 'string' && folder !== '' && typeof limit === 'number' && limit > 0 && isEmpty(others)
}

const isSink = (value: unknown): boolean =>
  isObject(value) &&
  ['debug', 'info', 'warn', 'error'].every(level => typeof (value as Record<string, unknown>)[level] === 'function')

const isEmpty = (value: object): boolean => Object.keys(value).length === 0

/** @throws ModuleError EINVAL, naming the option, what it may be and what it got */
export function checkOptions(options: KernelOptions): void {
  checkObject('createKernel: options', options)
  const unknown = Object.keys(options).find(name => !Object.hasOwn(OPTIONS, name))
  if (unknown !== undefined)
    throw new ModuleError('EINVAL', {
      reason: `createKernel has no option '${shortly(unknown)}'; it has ${Object.keys(OPTIONS).join(', ')}, control`,
    })
  const option = (name: keyof KernelOptions, wanted: string, isRight: (value: unknown) => boolean): void => {
    const value: unknown = options[name]
    if (value !== undefined && !isRight(value)) refuse(`createKernel: ${name}`, wanted, value)
  }
  option('modules', 'a folder or a list of folders, as text', isFolders)
  option('ownPackages', 'a list of names of packages', isPackages)
  option('scheme', SCHEME_NAMES.join(', '), value => SCHEME_NAMES.includes(value as SchemeName))
  option('lateCalls', POLICIES.join(', '), value => POLICIES.includes(value as string))
  option(
    'params',
    'an object of parameters by module',
    value => isRecord(value) && Object.values(value).every(isRecord),
  )
  option('blacklist', 'a list of names', isTexts)
  option(
    'log',
    'a function, or an object with debug, info, warn and error',
    value => typeof value === 'function' || isSink(value),
  )
  option('config', 'a file, or false', value => value === false || (typeof value === 'string' && value !== ''))
  option(
    'cache',
    'true, false, or an object of folder and limit',
    value => typeof value === 'boolean' || isCache(value),
  )
  option(
    'signatures',
    'an object with a list of keys',
    value => isRecord(value) && Array.isArray((value as { keys?: unknown }).keys),
  )
  option('memory', 'an object with a limit', isRecord)
  checkNames('createKernel: signatures', options.signatures, ['keys', 'required'])
  checkNames('createKernel: memory', options.memory, ['limit', 'onPressure'])
  if (options.signatures?.required !== undefined && typeof options.signatures.required !== 'boolean')
    refuse('createKernel: signatures.required', 'true or false', options.signatures.required)
  const { memory } = options
  if (memory !== undefined && !(typeof memory.limit === 'number' && memory.limit > 0))
    refuse('createKernel: memory.limit', 'bytes, more than 0', memory.limit)
  if (memory?.onPressure !== undefined && !PRESSURES.includes(memory.onPressure))
    refuse('createKernel: memory.onPressure', PRESSURES.join(', '), memory.onPressure)
  for (const name of ['grace', 'initTimeout', 'exitTimeout'] as const)
    checkMilliseconds(`createKernel: ${name}`, options[name])
}

/** A part that is misspelt would be done without: `require` in place of `required`. */
export function checkNames(what: string, value: object | undefined, known: readonly string[]): void {
  const unknown = Object.keys(value ?? {}).find(name => !known.includes(name))
  if (unknown !== undefined)
    throw new ModuleError('EINVAL', { reason: `${what} has no '${shortly(unknown)}'; it has ${known.join(', ')}` })
}

/**
 * What the host's own code says to modprobe.
 *
 * @throws ModuleError EINVAL
 */
export function ownConfig({ blacklist = [], options = {} }: KernelOptions): ConfigFile {
  try {
    return parseConfig({ blacklist, options }, 'createKernel')
  } catch (error) {
    throw new ModuleError('EINVAL', { reason: messageOf(error) }, { cause: error })
  }
}

/** @throws ModuleError EINVAL */
function checkMilliseconds(what: string, value: unknown): void {
  if (value !== undefined && !(typeof value === 'number' && value >= 0)) refuse(what, 'milliseconds, 0 or more', value)
}

const RUNS = ['firstTime', 'useBlacklist']
/** Options that are true or false. A text such as 'no' would be taken for true. */
const SWITCHES = ['force', 'wait', 'recursive', 'reclaim', 'firstTime', 'useBlacklist', 'dryRun', 'text', 'thread']
/** Options that are called. */
const CALLBACKS = ['progress', 'onProgress', 'onEstimate']
const REMOVALS = ['grace', 'recursive', 'wait', 'signal', 'force', 'reclaim']

/** What the operations of a kernel take: the first thing that each needs, and its options. */
const OPERATIONS = {
  insmod: { needs: 'a file', options: ['force'] },
  modprobe: { needs: 'the name of a module or an alias', options: RUNS },
  showDepends: { needs: 'a name or an alias', options: RUNS },
  rmmod: { needs: 'the name of a module', options: REMOVALS },
  modprobeRemove: { needs: 'a name or an alias', options: [...REMOVALS, 'firstTime'] },
  replace: { needs: 'the name of a module', options: ['params', 'grace', 'with'] },
  why: { needs: 'an image, such as hello#3', options: ['onProgress', 'onEstimate', 'estimateFrom', 'thread'] },
  reclaim: { needs: 'an image, such as hello#3', options: [] },
  depmod: { needs: 'a folder', options: ['text'] },
  coldplug: { needs: 'options', options: ['parallel', 'timeout', 'dryRun', 'progress'] },
} as const satisfies Record<string, { needs: string; options: readonly string[] }>

/**
 * An option that there is not would be ignored in silence: parameters in place of options, or a name that is misspelt.
 *
 * @throws ModuleError EINVAL
 */
export function checkCall(
  operation: keyof typeof OPERATIONS,
  first: unknown,
  options: object = {},
  params: Params = {},
): void {
  const { needs, options: known } = OPERATIONS[operation]
  checkText(operation, needs, first)
  checkObject(`${operation}: params`, params)
  checkObject(`${operation}: options`, options)
  const names = Object.keys(options)
  if (names.length === 0) return
  const unknown = names.find(name => !(known as readonly string[]).includes(name))
  if (unknown !== undefined)
    throw new ModuleError('EINVAL', {
      reason: `${operation} has no option '${shortly(unknown)}'; it has ${known.join(', ')}`,
    })
  for (const name of ['grace', 'timeout'] as const)
    checkMilliseconds(`${operation}: ${name}`, (options as Partial<Record<string, unknown>>)[name])
  const { signal, with: others = [] } = options as { readonly signal?: unknown; readonly with?: unknown }
  if (signal !== undefined && !isSignal(signal)) refuse(`${operation}: signal`, 'an AbortSignal', signal)
  if (!isTexts(others)) refuse(`${operation}: with`, 'a list of names', others)
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (SWITCHES.includes(name) && typeof value !== 'boolean') refuse(`${operation}: ${name}`, 'true or false', value)
    if (CALLBACKS.includes(name) && typeof value !== 'function') refuse(`${operation}: ${name}`, 'a function', value)
    if (name === 'estimateFrom' && typeof value !== 'number') refuse(`${operation}: ${name}`, 'bytes', value)
  }
}

/** @throws ModuleError EINVAL */
export function checkText(operation: string, wanted: string, value: unknown): void {
  if (typeof value !== 'string' || value === '')
    throw new ModuleError('EINVAL', { reason: `${operation} needs ${wanted}, got ${shown(value)}` })
}

/** @throws ModuleError EINVAL */
export function checkObject(what: string, value: unknown): void {
  if (!isRecord(value)) refuse(what, 'an object', value)
}

/** Where loads are remembered; nothing is touched before the first that is. */
export function loadStores({ cache = true }: KernelOptions): LoadStores | undefined {
  if (cache === false) return undefined
  const { folder, limit } = { ...defaultStore(), ...(cache === true ? {} : cache) }
  return { recent: new RecentLoads(), disk: new FileLoadStore({ folder: resolve(folder), limit }) }
}
