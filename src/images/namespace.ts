/** What a namespace shows under a name. */
export interface NamespaceBinding {
  read(): unknown
  /** The value may be kept for show, see `ModuleNamespace.fill`. */
  readonly isOwn: boolean
}

export interface ModuleNamespace {
  readonly object: object
  /** Keeps the present values of own bindings where a debugger and `util.inspect` find them, who do not ask a proxy. Reads are live anyway. */
  fill(): void
}

/**
 * A module namespace exotic object (ECMA-262, 10.4.6): keys in code unit order, not extensible, data properties that look writable and
 * refuse writing, and a read of a binding in its temporal dead zone that throws. The proxy's target carries the shape, so that the
 * engine itself checks the invariants; values are always read through.
 */
export function createNamespace(bindings: ReadonlyMap<string, NamespaceBinding>): ModuleNamespace {
  const names = [...bindings.keys()].sort((a, b) => (a < b ? -1 : 1))
  const shape: object = Object.create(null)
  for (const name of names) Object.defineProperty(shape, name, { value: undefined, writable: true, enumerable: true })
  Object.defineProperty(shape, Symbol.toStringTag, { value: 'Module' })
  Object.preventExtensions(shape)
  const read = (key: string): unknown => bindings.get(key)!.read()
  const isExport = (key: string | symbol): key is string => typeof key === 'string' && bindings.has(key)
  const object = new Proxy(shape, {
    get: (target, key) => (isExport(key) ? read(key) : Reflect.get(target, key)),
    set: () => false,
    setPrototypeOf: (_target, prototype) => prototype === null,
    deleteProperty: (target, key) => !Reflect.has(target, key),
    getOwnPropertyDescriptor(target, key) {
      const descriptor = Reflect.getOwnPropertyDescriptor(target, key)
      if (descriptor && isExport(key)) descriptor.value = read(key)
      return descriptor
    },
    defineProperty(target, key, wanted) {
      if (!isExport(key)) return Reflect.defineProperty(target, key, wanted)
      // The binding is read first: in its temporal dead zone it throws.
      const value = read(key)
      if (wanted.configurable === true || wanted.enumerable === false || 'get' in wanted || 'set' in wanted)
        return false
      if (wanted.writable === false) return false
      return 'value' in wanted ? Object.is(wanted.value, value) : true
    },
    // An ordinary object has names that are numbers first; code units are compared here as in all others.
    ...(names.some(name => /^\d+$/.test(name)) && { ownKeys: () => [...names, Symbol.toStringTag] }),
  })
  const fill = (): void => {
    for (const [name, binding] of bindings) {
      if (!binding.isOwn) continue
      try {
        Reflect.set(shape, name, binding.read())
      } catch {
        // Still in its temporal dead zone.
      }
    }
  }
  return { object, fill }
}
