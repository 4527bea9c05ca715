import { type CallSite, captureCallSite } from './call_site.ts'

/** `promisify.custom` of `node:util`, by its registered name. */
export const PROMISIFIED = Symbol.for('nodejs.util.promisify.custom')

/**
 * A copy of a builtin with other members in the places of some. A member that the builtin does not have on this Node is left out; one that
 * `replacements` give by a getter is made when it is first read.
 */
export function viewOf<T extends object>(real: T, ...replacements: readonly object[]): T {
  const view = Object.create(Object.getPrototypeOf(real) as object | null) as Record<PropertyKey, unknown>
  for (const key of Reflect.ownKeys(real)) {
    const source = replacements.find(members => Object.hasOwn(members, key))
    const own = source && Object.getOwnPropertyDescriptor(source, key)
    const descriptor = own?.get ? lazyProperty(key, own.get) : (own ?? Object.getOwnPropertyDescriptor(real, key)!)
    // Assigning is several times faster than defining, and nearly all members are plain.
    if (descriptor.writable && descriptor.enumerable && descriptor.configurable) view[key] = descriptor.value
    else Object.defineProperty(view, key, descriptor)
  }
  return view as T
}

/** Turns into a plain property when it is read or assigned. */
function lazyProperty(key: PropertyKey, make: () => unknown): PropertyDescriptor {
  const settle = (target: object, value: unknown): unknown => {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
    return value
  }
  return {
    get(this: object) {
      return settle(this, make())
    },
    set(this: object, value: unknown) {
      settle(this, value)
    },
    enumerable: true,
    configurable: true,
  }
}

/** Methods of one object in place of those of its class. As those they are not listed. */
export function defineMethods(target: object, methods: Readonly<Record<string, Function>>): void {
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(target, name, { value, writable: true, configurable: true })
}

/** The same function in every respect but one: a call of it goes through `call`. `site` is captured when it is asked for. */
export function viewFunction<F extends Function>(
  real: F,
  call: (args: unknown[], site: () => CallSite, self: unknown) => unknown,
): F {
  const apply = (_real: F, self: unknown, args: unknown[]): unknown => call(args, () => captureCallSite(apply), self)
  return new Proxy(real, { apply })
}

/** As `viewFunction` for a function whose result is tracked. */
export const viewOpener = <F extends Function>(
  real: F,
  opened: (result: never, site: CallSite, args: readonly unknown[]) => void,
): F =>
  viewFunction(real, (args, site, self) => {
    const place = site()
    const result = Reflect.apply(real, self, args) as never
    opened(result, place, args)
    return result
  })

/** The same class in every respect but one: instances of it, and of classes that extend it, are told to `made`. */
export function viewClass<C extends Function>(
  real: C,
  made: (instance: never, site: CallSite, args: readonly unknown[]) => void,
): C {
  const handler = {
    construct(target: C, args: unknown[], newTarget: Function): object {
      const site = captureCallSite(handler.construct)
      const instance = Reflect.construct(target, args, newTarget === view ? target : newTarget) as object
      made(instance as never, site, args)
      return instance
    },
    // Some classes are functions of old, that may be called without `new` or on an object of a subclass.
    apply(target: C, self: unknown, args: unknown[]): unknown {
      const site = captureCallSite(handler.apply)
      const result = Reflect.apply(target, self, args) as unknown
      const instance = result ?? self
      if (typeof instance === 'object' && instance !== null) made(instance as never, site, args)
      return result
    },
  }
  const view: C = new Proxy(real, handler)
  return view
}

/** Gives a subclass that overrides some methods the looks of its class, whose instances are its own too. */
export const standFor = (view: Function, real: Function): Function =>
  Object.defineProperties(view, {
    name: { value: real.name },
    [Symbol.hasInstance]: {
      value(this: Function, instance: unknown) {
        if (this === view) return instance instanceof (real as new () => unknown)
        return Function.prototype[Symbol.hasInstance].call(this, instance)
      },
    },
  })

/**
 * Stands for a class that is not loaded before it is used: some globals are slow to load, and an image has variables for them whether it uses
 * them or not.
 */
export function lazyClass(load: () => Function): Function {
  let loaded: Function | undefined
  const real = (): Function => (loaded ??= load())
  const view: Function = new Proxy(NO_CLASS, {
    apply: (_, self, args: unknown[]) => Reflect.apply(real(), self, args) as unknown,
    construct: (_, args: unknown[], newTarget) =>
      Reflect.construct(real(), args, newTarget === view ? real() : newTarget) as object,
    get: (_, key) => Reflect.get(real(), key) as unknown,
    set: (_, key, value) => Reflect.set(real(), key, value),
    has: (_, key) => Reflect.has(real(), key),
    deleteProperty: (_, key) => Reflect.deleteProperty(real(), key),
    defineProperty: (_, key, descriptor) => Reflect.defineProperty(real(), key, descriptor),
    ownKeys: () => Reflect.ownKeys(real()),
    getPrototypeOf: () => Reflect.getPrototypeOf(real()),
    // A proxy may not call a property fixed that its target, which is nobody's class, does not have.
    getOwnPropertyDescriptor: (_, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(real(), key)
      return descriptor && { ...descriptor, configurable: true }
    },
  })
  return view
}

/** Can be constructed, and has no fixed properties that a proxy would have to show. */
const NO_CLASS: Function = Function.prototype.bind.call(class {}, undefined)
