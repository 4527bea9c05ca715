import * as fc from 'fast-check'
import type { LateCallPolicy, SchemeName } from 'outlive'

export const NAMES = ['a', 'b', 'c', 'd'] as const
export type Name = (typeof NAMES)[number]

/** How a piece of a module's code ends: `resolves` and `rejects` when the schedule says so, `slow` when it has said so often, `never` when all else is over. */
export type Ending = 'returns' | 'throws' | 'resolves' | 'slow' | 'rejects' | 'never'

/** What stands in a module's file. */
export interface Script {
  readonly imports: readonly Name[]
  /** Whether it exports the second symbol, which importers may want. */
  readonly more: boolean
  /** Whether it imports the second symbol of what it imports from. */
  readonly wantsMore: boolean
  readonly evaluation: Ending
  readonly init: Ending
  readonly exit: Ending
  readonly handoff: Ending
  readonly deferred: Ending
  /** What coldplug asks. */
  readonly probe: Ending
  readonly finds: boolean
  /** How many entries it registers at each of the two points. */
  readonly entries: readonly [number, number]
  readonly permanent: boolean
}

export interface Settings {
  readonly scheme: SchemeName
  readonly lateCalls: LateCallPolicy
  readonly grace: number
  readonly initTimeout: number
  readonly exitTimeout: number
}

/** What a hook of the configuration does in place of inserting or removing a module. */
export interface HookScript {
  readonly before: Ending
  readonly proceeds: boolean
  readonly after: Ending
}

/** What modprobe is told. */
export interface Advice {
  /** The modules that the alias `any` stands for. */
  readonly any: readonly Name[]
  readonly softdeps: Readonly<Partial<Record<Name, { readonly pre: readonly Name[]; readonly post: readonly Name[] }>>>
  readonly install: Readonly<Partial<Record<Name, HookScript>>>
  readonly remove: Readonly<Partial<Record<Name, HookScript>>>
}

/** A module by its name, several by the alias that the configuration has, or nothing. */
export type Wanted = Name | 'any' | 'none'

/** Something that a host does. Numbers choose among what there is by then. */
export type Operation =
  | { readonly do: 'insmod'; readonly module: Name }
  | { readonly do: 'modprobe'; readonly module: Wanted }
  | { readonly do: 'modprobe -r'; readonly module: Wanted }
  /** So many at once. */
  | { readonly do: 'request'; readonly module: Wanted; readonly times: number }
  | { readonly do: 'coldplug'; readonly parallel: number }
  | {
      readonly do: 'rmmod'
      readonly module: Name
      readonly wait: boolean
      readonly force: boolean
      readonly recursive: boolean
      readonly reclaim: boolean
      /** With `wait`: somebody calls the waiting off at some time. */
      readonly calledOff: boolean
      readonly grace: number | undefined
    }
  | (Replacement & {
      readonly do: 'replace'
      /** In the same tick. */
      readonly others: readonly Replacement[]
    })
  | { readonly do: 'reclaim' }
  | { readonly do: 'get'; readonly module: Name }
  | { readonly do: 'put'; readonly which: number }
  | { readonly do: 'call'; readonly which: number; readonly ends: Ending }
  | { readonly do: 'call old'; readonly which: number; readonly ends: Ending }
  | { readonly do: 'register'; readonly module: Name; readonly point: number }
  | { readonly do: 'unregister'; readonly module: Name; readonly which: number }
  | { readonly do: 'import'; readonly module: Name; readonly from: Name }
  /** From inside a listener of the next event of that kind. */
  | { readonly do: 'rmmod on'; readonly event: 'coming' | 'live' | 'going' | 'gone'; readonly module: Name }
  | { readonly do: 'close' }

interface Replacement {
  readonly module: Name
  readonly script: Script
}

export interface Program {
  readonly settings: Settings
  readonly disk: Readonly<Record<Name, Script>>
  readonly advice: Advice
  /** What is there before anything is interleaved. */
  readonly loaded: readonly Name[]
  readonly operations: readonly Operation[]
}

const weighted = <T>(...choices: readonly (readonly [number, T])[]): fc.Arbitrary<T> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

const which = fc.nat(7)

/** A piece of code that usually does what it should. */
const usually = weighted<Ending>(
  [6, 'returns'],
  [4, 'resolves'],
  [1, 'slow'],
  [1, 'throws'],
  [1, 'rejects'],
  [1, 'never'],
)
/** One that always does. */
const always = weighted<Ending>([4, 'returns'], [3, 'resolves'], [1, 'slow'])
const call = weighted<Ending>([2, 'resolves'], [2, 'never'], [1, 'returns'], [1, 'throws'], [1, 'rejects'])

/** Imports lead to later names, so that circles are rare. */
function scriptOf(self: Name, piece: fc.Arbitrary<Ending>): fc.Arbitrary<Script> {
  const later = NAMES.slice(NAMES.indexOf(self) + 1)
  return fc.record<Script>({
    imports: fc.oneof(
      { weight: 12, arbitrary: fc.subarray([...later]) },
      { weight: 1, arbitrary: fc.subarray(NAMES.filter(other => other !== self)) },
    ),
    more: weighted([7, true], [1, false]),
    wantsMore: weighted([1, false], [1, true]),
    evaluation: piece,
    init: piece,
    exit: piece,
    handoff: piece,
    deferred: piece,
    probe: piece,
    finds: fc.boolean(),
    entries: fc.tuple(weighted([3, 1], [1, 0], [1, 2]), weighted([2, 0], [1, 1])),
    permanent: weighted([20, false], [1, true]),
  })
}

const rarely = weighted([4, false], [1, true])

type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Operation> }

function replaceOf(name: fc.Arbitrary<Name>, piece: fc.Arbitrary<Ending>): Weighted {
  const replacement = name.chain(module => fc.record({ module: fc.constant(module), script: scriptOf(module, piece) }))
  const others = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(replacement, { maxLength: 2 }) },
  )
  return {
    weight: 6,
    arbitrary: fc
      .tuple(replacement, others)
      .map(([first, more]) => ({ do: 'replace' as const, ...first, others: more })),
  }
}

const wanted = (name: fc.Arbitrary<Name>): fc.Arbitrary<Wanted> =>
  fc.oneof(
    { weight: 6, arbitrary: name },
    { weight: 2, arbitrary: fc.constant('any' as const) },
    { weight: 1, arbitrary: fc.constant('none' as const) },
  )

/** Hooks and soft dependencies are rare, and so is advice altogether: without it a program is easier to read. */
function adviceOf(piece: fc.Arbitrary<Ending>): fc.Arbitrary<Advice> {
  // A hook is the host's own: nobody gives it up.
  const ends = piece.map(ending => (ending === 'never' ? 'slow' : ending))
  const hook = fc.record<HookScript>({ before: ends, proceeds: weighted([4, true], [1, false]), after: ends })
  const names = fc.subarray([...NAMES], { maxLength: 1 })
  const some = fc.record<Advice>({
    any: fc.subarray([...NAMES], { minLength: 1 }),
    softdeps: fc
      .tuple(fc.subarray([...NAMES], { maxLength: 2 }), names, names)
      .map(([of, pre, post]) => Object.fromEntries(of.map(name => [name, { pre, post }]))),
    install: fc.tuple(names, hook).map(([of, script]) => Object.fromEntries(of.map(name => [name, script]))),
    remove: fc.tuple(names, hook).map(([of, script]) => Object.fromEntries(of.map(name => [name, script]))),
  })
  return fc.oneof(fc.constant(NO_ADVICE), some)
}

export const NO_ADVICE: Advice = { any: ['a', 'b'], softdeps: {}, install: {}, remove: {} }

/** What a host may do to the modules of these names. */
const operationsOn = (name: fc.Arbitrary<Name>, piece: fc.Arbitrary<Ending>): readonly Weighted[] => [
  { weight: 5, arbitrary: fc.record({ do: fc.constant('insmod' as const), module: name }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('modprobe' as const), module: wanted(name) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('modprobe -r' as const), module: wanted(name) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('request' as const),
      module: wanted(name),
      times: weighted([2, 1], [1, 2], [1, 3]),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('coldplug' as const), parallel: weighted([1, 1], [1, 3]) }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('rmmod' as const),
      module: name,
      wait: weighted([1, false], [1, true]),
      force: rarely,
      recursive: rarely,
      reclaim: rarely,
      calledOff: weighted([1, false], [1, true]),
      grace: weighted<number | undefined>([3, undefined], [1, 0], [1, 5]),
    }),
  },
  replaceOf(name, piece),
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reclaim' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('get' as const), module: name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), which }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('call' as const), which, ends: call }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('call old' as const), which, ends: call }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('register' as const), module: name, point: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unregister' as const), module: name, which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('import' as const), module: name, from: name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('rmmod on' as const),
      event: fc.constantFrom('coming' as const, 'live' as const, 'going' as const, 'gone' as const),
      module: name,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const) }) },
]

const KINDS = operationsOn(fc.constantFrom(...NAMES), usually).length

const settings: fc.Arbitrary<Settings> = fc.record({
  scheme: fc.constantFrom<SchemeName>('collect', 'retain', 'refcount'),
  lateCalls: fc.constantFrom<LateCallPolicy>('run', 'forward', 'fail'),
  grace: fc.constantFrom(5, 0, Number.POSITIVE_INFINITY),
  initTimeout: fc.constantFrom(20, 3),
  exitTimeout: fc.constantFrom(20, 3),
})

/**
 * Few names and few kinds of operations at a time: then the same things happen to the same modules, which is where races are. In half of the
 * programs all code does what it should, so that what takes many steps gets to its end.
 */
export const programs: fc.Arbitrary<Program> = fc
  .record({
    names: fc.subarray([...NAMES], { minLength: 1 }),
    kinds: fc.subarray([...Array(KINDS).keys()], { minLength: 2, maxLength: 6 }),
    // What most races are with.
    replaces: fc.boolean(),
    piece: fc.constantFrom(always, usually),
  })
  .chain(({ names, kinds, replaces, piece }) => {
    const all = operationsOn(fc.constantFrom(...names), piece)
    const operation = fc.oneof(
      ...kinds.map(kind => all[kind]!),
      ...(replaces ? [replaceOf(fc.constantFrom(...names), piece)] : []),
    )
    return fc.record({
      settings,
      advice: adviceOf(piece),
      disk: fc.record({
        a: scriptOf('a', piece),
        b: scriptOf('b', piece),
        c: scriptOf('c', piece),
        d: scriptOf('d', piece),
      }),
      loaded: fc.oneof(fc.constant([...NAMES]), fc.subarray([...NAMES])),
      operations: fc.array(operation, { minLength: 1, maxLength: 10, size: 'max' }),
    })
  })

const option = (text: string, given: boolean): string => (given ? ` --${text}` : '')

/** The operation as one would type it. */
export function wording(operation: Operation): string {
  switch (operation.do) {
    case 'insmod':
    case 'modprobe':
    case 'modprobe -r':
    case 'get':
      return `${operation.do} ${operation.module}`
    case 'replace':
      return `replace ${[operation, ...operation.others].map(({ module }) => module).join(' --with ')}`
    case 'request':
      return `request ${operation.module}${operation.times === 1 ? '' : `, ${operation.times} times at once`}`
    case 'coldplug':
      return `coldplug, ${operation.parallel} at once`
    case 'rmmod': {
      const { module, wait, force, recursive, reclaim, grace } = operation
      const options = `${option('wait', wait)}${option('force', force)}${option('recursive', recursive)}${option('reclaim', reclaim)}`
      return `rmmod ${module}${options}${grace === undefined ? '' : ` --grace ${grace}`}`
    }
    case 'register':
    case 'unregister':
      return `${operation.module} ${operation.do}s`
    case 'import':
      return `${operation.module} imports ${operation.from}`
    case 'rmmod on':
      return `rmmod ${operation.module} as soon as something is ${operation.event}`
    default:
      return operation.do
  }
}
