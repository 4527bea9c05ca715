// biome-ignore-all lint/complexity/noArguments: an entry of a given length passes on as many arguments as it is given, and no more.
export type AnyFunction = (...args: unknown[]) => unknown
/** A name among registered operations; undefined for a function that was registered by itself. */
export type Member = string | symbol | undefined

/** One function of a module as the host holds it. Letting go of `target` cuts the host off from the code. */
export class Cell {
  target: AnyFunction | undefined
  readonly name: string
  /** Registered operations of which the function is a method: what it sees as `this`. */
  readonly self: { readonly source: object | undefined } | undefined
  /** The function that stands in this one's place now, if a later image registered one. */
  readonly successor: (member: Member) => AnyFunction | undefined
  /** Which of the operations it is. */
  readonly member: Member

  constructor(target: AnyFunction, name: string, self: Cell['self'], successor: Cell['successor'], member: Member) {
    this.target = target
    this.name = name
    this.self = self
    this.successor = successor
    this.member = member
  }

  sever(): void {
    this.target = undefined
  }
}

/** What an entry asks of its gate. */
export interface EntryGate {
  /** Open, and the scheme does not count: all that a call has to ask. */
  readonly isStraight: boolean
  track(result: Promise<unknown>, name: string): Promise<unknown>
  /** Any other call. */
  detour(cell: Cell, entry: AnyFunction, receiver: unknown, args: ArrayLike<unknown>): unknown
}

type MakeEntry = (gate: EntryGate, cell: Cell, name: string) => AnyFunction

/**
 * One for each length, all the same but for that. Name and length are part of the text: to define them afterwards makes the engine keep a table of properties for each
 * function, which takes five times the memory and twenty times the time. In one function with a common part each call would cost a frame more.
 */
const MAKERS: readonly MakeEntry[] = [
  (gate, cell, name) => {
    const entry = {
      [name]: function (this: unknown) {
        const receiver = cell.self ? cell.self.source : this
        if (!gate.isStraight) return gate.detour(cell, entry, receiver, arguments)
        const result = Reflect.apply(cell.target!, receiver, arguments)
        return result instanceof Promise ? gate.track(result, cell.name) : result
      },
    }[name]!
    return entry
  },
  (gate, cell, name) => {
    const entry = {
      [name]: function (this: unknown, _1: unknown) {
        const receiver = cell.self ? cell.self.source : this
        if (!gate.isStraight) return gate.detour(cell, entry, receiver, arguments)
        const result = Reflect.apply(cell.target!, receiver, arguments)
        return result instanceof Promise ? gate.track(result, cell.name) : result
      },
    }[name]!
    return entry
  },
  (gate, cell, name) => {
    const entry = {
      [name]: function (this: unknown, _1: unknown, _2: unknown) {
        const receiver = cell.self ? cell.self.source : this
        if (!gate.isStraight) return gate.detour(cell, entry, receiver, arguments)
        const result = Reflect.apply(cell.target!, receiver, arguments)
        return result instanceof Promise ? gate.track(result, cell.name) : result
      },
    }[name]!
    return entry
  },
  (gate, cell, name) => {
    const entry = {
      [name]: function (this: unknown, _1: unknown, _2: unknown, _3: unknown) {
        const receiver = cell.self ? cell.self.source : this
        if (!gate.isStraight) return gate.detour(cell, entry, receiver, arguments)
        const result = Reflect.apply(cell.target!, receiver, arguments)
        return result instanceof Promise ? gate.track(result, cell.name) : result
      },
    }[name]!
    return entry
  },
]

/** The function that the host gets in place of the cell's: of the same name and length. */
export function makeEntry(gate: EntryGate, cell: Cell): AnyFunction {
  const { name, length } = cell.target!
  const make = MAKERS[length]
  // A class may have a static member `name` that is anything.
  if (make && typeof name === 'string') return make(gate, cell, name)
  const entry = MAKERS[0]!(gate, cell, '')
  Object.defineProperty(entry, 'name', { value: name, configurable: true })
  Object.defineProperty(entry, 'length', { value: length, configurable: true })
  return entry
}
