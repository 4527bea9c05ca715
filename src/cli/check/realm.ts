import { builtinModules, createRequire } from 'node:module'

type Key = string | symbol
type Descriptors = ReadonlyMap<Key, PropertyDescriptor>

/** What a module changed of the language and of Node, and left so. */
interface RealmChange {
  readonly is: 'global' | 'patched' | 'environment' | 'addon'
  /** `Array.prototype.last`, `console.log`, or a global's name. */
  readonly what: string
  readonly how: 'added' | 'changed' | 'removed'
}

const require = createRequire(import.meta.url)

/** Node and its fetch install these when they are first used. */
const NODES_OWN = /^(?:undici|nodejs|node)\.|^_/
/** Reading them warns, or starts something. */
const UNREAD: ReadonlySet<string> = new Set(['localStorage', 'sessionStorage'])
/** Counters, times and handles that change by themselves. */
const VOLATILE: ReadonlySet<string> = new Set([
  'process.exitCode',
  'process.report',
  'module.constructor',
  'cluster.worker',
])
const BUILTINS = builtinModules.filter(
  name =>
    !name.startsWith('_') &&
    !/^(?:domain|inspector|sys|punycode|trace_events|wasi|repl|test|sqlite|sea)\b|^node:/.test(name),
)

/** A picture of the realm: the global object, all that is built in below it, and the exports of Node's modules. */
export class RealmPicture {
  readonly #objects = new Map<object, { readonly name: string; readonly properties: Descriptors }>()
  readonly #environment = new Set(Object.keys(process.env))
  readonly #addons = new Set(addons())

  constructor() {
    this.#visit(globalThis, 'globalThis', 0)
    for (const [name, prototype] of hiddenPrototypes()) this.#visit(prototype, name, 1)
    for (const name of BUILTINS) this.#visit(loadBuiltin(name), name, 0)
  }

  /** What is different now. */
  changes(): RealmChange[] {
    const changes: RealmChange[] = []
    for (const [object, { name, properties }] of this.#objects) {
      const now = propertiesOf(object)
      for (const key of new Set([...properties.keys(), ...now.keys()])) {
        const how = difference(properties.get(key), now.get(key))
        const what = nameOf(name, key)
        if (how && !NODES_OWN.test(keyText(key)) && !VOLATILE.has(what))
          changes.push({ is: object === globalThis && how === 'added' ? 'global' : 'patched', what, how })
      }
    }
    for (const name of Object.keys(process.env))
      if (!this.#environment.has(name)) changes.push({ is: 'environment', what: name, how: 'added' })
    for (const file of addons()) if (!this.#addons.has(file)) changes.push({ is: 'addon', what: file, how: 'added' })
    return changes
  }

  /** Built-in objects lead to their own functions and prototypes; two steps reach all of them. */
  #visit(value: unknown, name: string, depth: number): void {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return
    if (this.#objects.has(value)) return
    const properties = propertiesOf(value)
    this.#objects.set(value, { name, properties })
    for (const [key, descriptor] of properties) {
      const text = keyText(key)
      if (UNREAD.has(text) || VOLATILE.has(nameOf(name, key))) continue
      const member = readOnce(value, key, descriptor)
      const isClassPart = key === 'prototype' || (typeof value === 'function' && key === 'constructor')
      if (isClassPart || (depth === 0 && isBuiltIn(member, text))) this.#visit(member, nameOf(name, key), depth + 1)
    }
    // What a lazy getter has put there in the meantime is how it is.
    this.#objects.set(value, { name, properties: propertiesOf(value) })
  }
}

const isBuiltIn = (value: unknown, key: string): boolean =>
  typeof value === 'function' ||
  (typeof value === 'object' &&
    value !== null &&
    /^(?:console|Math|JSON|Reflect|Atomics|Intl|WebAssembly|process|promises)$/.test(key))

/** Node makes many of its globals when they are first read. Getters of a prototype are not for the prototype itself. */
function readOnce(object: object, key: Key, descriptor: PropertyDescriptor): unknown {
  if ('value' in descriptor) return descriptor.value
  if (Object.hasOwn(object, 'constructor')) return undefined
  try {
    return Reflect.get(object, key) as unknown
  } catch {
    return undefined
  }
}

function propertiesOf(object: object): Descriptors {
  return new Map(Reflect.ownKeys(object).map(key => [key, Reflect.getOwnPropertyDescriptor(object, key)!]))
}

function difference(before?: PropertyDescriptor, now?: PropertyDescriptor): RealmChange['how'] | undefined {
  if (!before) return now && 'added'
  if (!now) return 'removed'
  const same = Object.is(before.value, now.value) && before.get === now.get && before.set === now.set
  // Numbers and texts are settings that Node keeps: only what can hold code counts as patched, and stack traces, which all errors share.
  const holdsCode = [before.value, now.value, before.get, now.get, before.set, now.set].some(
    value => typeof value === 'function' || (typeof value === 'object' && value !== null),
  )
  return same || !holdsCode ? undefined : 'changed'
}

const keyText = (key: Key): string => (typeof key === 'symbol' ? (key.description ?? '') : key)

function nameOf(owner: string, key: Key): string {
  const own = typeof key === 'symbol' ? `[${String(key)}]` : key
  if (owner === 'globalThis') return own
  return typeof key === 'symbol' ? `${owner}${own}` : `${owner}.${own}`
}

function loadBuiltin(name: string): unknown {
  try {
    return require(`node:${name}`) as unknown
  } catch {
    return undefined
  }
}

const addons = (): string[] => Object.keys(require.cache).filter(file => file.endsWith('.node'))

/** Prototypes that no name of the global object leads to. */
function hiddenPrototypes(): [string, object][] {
  const of = (value: object) => Object.getPrototypeOf(value) as object
  const generator = of(function* () {})
  const asyncGenerator = of(async function* () {})
  return [
    ['AsyncFunction.prototype', of(async () => {})],
    ['GeneratorFunction.prototype', generator],
    ['Generator.prototype', (generator as { prototype: object }).prototype],
    ['AsyncGeneratorFunction.prototype', asyncGenerator],
    ['AsyncGenerator.prototype', (asyncGenerator as { prototype: object }).prototype],
    ['TypedArray.prototype', of(Uint8Array.prototype)],
    ['TypedArray', of(Uint8Array)],
    ['ArrayIterator.prototype', of([][Symbol.iterator]())],
    ['MapIterator.prototype', of(new Map()[Symbol.iterator]())],
    ['Iterator.prototype', of(of([][Symbol.iterator]()))],
    ['AsyncIterator.prototype', of(of((asyncGenerator as { prototype: object }).prototype))],
  ]
}
