import fc from 'fast-check'

/** The modules of a run, each with the kind of file that it always has. `e_e` is written with a hyphen, and `f` is a folder with a package.json. */
export const PATHS = {
  a: 'a.ts',
  b: 'b.mjs',
  c: 'c.cjs',
  d: 'd.js',
  e_e: 'e-e.mts',
  f: 'f/index.js',
} as const

export type Name = keyof typeof PATHS
export const NAMES = Object.keys(PATHS) as readonly Name[]
export type Exported = 'x' | 'y'
export const ALIASES = ['svc:one', 'svc:*', 'net-[ab]'] as const

/** How a piece of code comes to its end. At a door it waits until somebody opens it, well or badly. */
export type Ending = 'returns' | 'throws' | 'resolves' | 'rejects' | 'door'

export interface Import {
  readonly from: Name
  readonly symbol: Exported
  /** Passed on to others, not used. */
  readonly again: boolean
}

/** What one version of a module does. */
export interface Script {
  /** Tells this text from all others of the run. */
  readonly version: number
  readonly fault: 'none' | 'syntax' | 'info' | 'unresolved'
  readonly imports: readonly Import[]
  readonly exports: readonly Exported[]
  /** A function at `p`, or an object at `q`. */
  readonly registers: readonly ('p' | 'q')[]
  readonly evaluation: Ending
  readonly init: Ending
  readonly exit: Ending
  /** Declares the parameter `n`, a whole number up to 9. */
  readonly declares: boolean
  readonly aliases: readonly string[]
  readonly pre: readonly Name[]
  readonly post: readonly Name[]
  readonly permanent: boolean
  readonly scheme: 'retain' | 'refcount' | undefined
  readonly leaves: 'nothing' | 'interval' | 'listener'
  readonly handsOff: boolean
  readonly probe: 'none' | 'found' | 'not found' | 'throws'
}

const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5 * others.length, arbitrary: fc.constant(usual) }, ...others.map(other => fc.constant(other)))

const names = (most: number): fc.Arbitrary<Name[]> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Name[]>([]) },
    fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: most }),
  )

const imports: fc.Arbitrary<Import[]> = fc.uniqueArray(
  fc.record({ from: fc.constantFrom(...NAMES), symbol: mostly<Exported>('x', 'y'), again: mostly(false, true) }),
  { maxLength: 2, selector: ({ from, symbol }) => `${from} ${symbol}` },
)

/** All but the version, which is known when it is written. */
export const scripts: fc.Arbitrary<Omit<Script, 'version'>> = fc.record({
  fault: mostly<Script['fault']>('none', 'syntax', 'info', 'unresolved'),
  imports,
  exports: mostly<readonly Exported[]>(['x', 'y'], ['x'], []),
  registers: fc.array(fc.constantFrom('p' as const, 'q' as const), { maxLength: 2 }),
  evaluation: mostly<Ending>('returns', 'throws', 'resolves', 'door'),
  init: mostly<Ending>('returns', 'throws', 'resolves', 'rejects', 'door'),
  exit: mostly<Ending>('returns', 'throws', 'resolves', 'rejects', 'door'),
  declares: fc.boolean(),
  aliases: fc.subarray([...ALIASES]),
  pre: names(2),
  post: names(2),
  permanent: mostly(false, true),
  scheme: mostly<Script['scheme']>(undefined, 'retain', 'refcount'),
  leaves: mostly<Script['leaves']>('nothing', 'interval', 'listener'),
  handsOff: fc.boolean(),
  probe: fc.constantFrom('none', 'found', 'not found', 'throws'),
})

/** What can be in a file: CommonJS waits for nothing while it runs, and has no modules to import from. What stands in a text that cannot be read nobody knows. */
export function fitting(name: Name, script: Script): Script {
  if (script.fault === 'syntax') return { ...script, imports: [], pre: [], post: [], aliases: [], declares: false }
  if (script.fault === 'info') script = { ...script, pre: [], post: [], aliases: [] }
  if (name !== 'c') {
    const others = script.imports.filter(({ from }) => from !== name)
    return { ...script, imports: others.filter(isFirst(script)) }
  }
  const evaluation = script.evaluation === 'throws' ? 'throws' : 'returns'
  return { ...script, imports: [], evaluation, fault: 'none' }
}

/** One name is exported once. */
const isFirst =
  ({ exports }: Script) =>
  ({ symbol, again }: Import, index: number, all: readonly Import[]): boolean =>
    !again || (!exports.includes(symbol) && all.findIndex(other => other.again && other.symbol === symbol) === index)
