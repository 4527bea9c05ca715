type Fn = (this: unknown, ...args: unknown[]) => unknown
type Kind = 'method' | 'getter' | 'setter' | 'accessor' | 'field'

interface Member {
  readonly kind: Kind
  readonly isStatic: boolean
  readonly key: PropertyKey
  readonly decorators: readonly unknown[]
  readonly initializers: Fn[]
  readonly extra: Fn[]
}

/**
 * What a class with decorators calls while it is defined, as the proposal of 2023-11 has it (ApplyDecoratorsToClassDefinition). Its text goes into each file that has
 * such a class, so it uses nothing from around it.
 */
export function decorating(name: string, classDecorators: readonly unknown[]) {
  const members: Member[] = []
  const instanceExtra: Fn[] = []
  const staticExtra: Fn[] = []
  const classExtra: Fn[] = []
  const metadataKey = (Symbol as { metadata?: symbol }).metadata
  let metadata: object | undefined

  const callable = (value: unknown, what: string): Fn => {
    if (typeof value !== 'function') throw new TypeError(`${what} must be a function`)
    return value as Fn
  }
  const apply = (decorator: unknown, value: unknown, context: object, extra: Fn[]): unknown => {
    let done = false
    const addInitializer = (initializer: unknown): void => {
      if (done) throw new TypeError('Cannot add initializers after decoration has completed')
      extra.push(callable(initializer, 'An initializer'))
    }
    try {
      return callable(decorator, 'A decorator').call(undefined, value, { ...context, metadata, addInitializer })
    } finally {
      done = true
    }
  }
  const decorateMember = (target: object, { kind, isStatic, key, decorators, initializers, extra }: Member): void => {
    const home = isStatic ? target : (target as { prototype: object }).prototype
    const descriptor = kind === 'field' ? undefined : Object.getOwnPropertyDescriptor(home, key)!
    const part = kind === 'getter' ? 'get' : kind === 'setter' ? 'set' : 'value'
    const access = {
      has: (object: object) => key in object,
      ...(kind !== 'setter' && { get: (object: Record<PropertyKey, unknown>) => object[key] }),
      ...((kind === 'setter' || !descriptor || kind === 'accessor') && {
        set: (object: Record<PropertyKey, unknown>, value: unknown) => {
          object[key] = value
        },
      }),
    }
    const more = kind === 'field' || kind === 'accessor' ? extra : isStatic ? staticExtra : instanceExtra
    for (const decorator of [...decorators].reverse()) {
      const value = kind === 'accessor' ? { get: descriptor!.get, set: descriptor!.set } : descriptor?.[part]
      const result = apply(decorator, value, { kind, name: key, static: isStatic, private: false, access }, more)
      if (result === undefined) continue
      if (kind === 'field') initializers.unshift(callable(result, 'What a decorator returns'))
      else if (kind === 'accessor') {
        if (typeof result !== 'object' || result === null)
          throw new TypeError('What a decorator of an accessor returns must be an object')
        const { get, set, init } = result as { get?: unknown; set?: unknown; init?: unknown }
        if (get !== undefined) descriptor!.get = callable(get, 'get') as () => unknown
        if (set !== undefined) descriptor!.set = callable(set, 'set')
        if (init !== undefined) initializers.unshift(callable(init, 'init'))
      } else descriptor![part] = callable(result, 'What a decorator returns') as never
    }
    if (descriptor) Object.defineProperty(home, key, descriptor)
  }

  return {
    /** Evaluated in the place of a member's key, which it returns. */
    member(kind: Kind, isStatic: boolean, decorators: readonly unknown[], key: unknown): PropertyKey {
      const property = typeof key === 'symbol' ? key : `${key as string}`
      members.push({ kind, isStatic, key: property, decorators, initializers: [], extra: [] })
      return property
    },
    key: (index: number): PropertyKey => members[index]!.key,
    /** The value of a field or accessor. */
    init: (index: number, self: unknown, value: unknown): unknown =>
      members[index]!.initializers.reduce((current, initializer) => initializer.call(self, current), value),
    /** After a field or accessor has its value. */
    after(index: number, self: unknown): void {
      for (const initializer of members[index]!.extra) initializer.call(self)
    },
    /** Before the fields of an instance. */
    start(self: unknown): void {
      for (const initializer of instanceExtra) initializer.call(self)
    },
    /** Before the static fields. Gives the class, or what a decorator has put in its place. */
    apply(target: object): unknown {
      if (metadataKey !== undefined) {
        const inherited = (Object.getPrototypeOf(target) as Record<PropertyKey, unknown> | null)?.[metadataKey]
        metadata = Object.create((inherited ?? null) as object | null) as object
      }
      if (name !== '' && Object.getOwnPropertyDescriptor(target, 'name')?.value === '')
        Object.defineProperty(target, 'name', { value: name, configurable: true })
      const methods = members.filter(({ kind }) => kind !== 'field')
      const fields = members.filter(({ kind }) => kind === 'field')
      for (const list of [methods, fields])
        for (const isStatic of [true, false])
          for (const member of list) if (member.isStatic === isStatic) decorateMember(target, member)
      let current: unknown = target
      for (const decorator of [...classDecorators].reverse()) {
        const result = apply(decorator, current, { kind: 'class', name }, classExtra)
        if (result !== undefined) current = callable(result, 'What a decorator of a class returns')
      }
      if (metadataKey !== undefined)
        Object.defineProperty(current, metadataKey, { value: metadata, configurable: true, writable: true })
      for (const initializer of staticExtra) initializer.call(current)
      return current
    },
    /** After the static fields. */
    finish(current: unknown): void {
      for (const initializer of classExtra) initializer.call(current)
    },
  }
}
