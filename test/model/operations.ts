import fc from 'fast-check'
import type { How } from './model_calls.ts'
import type { Removal } from './model_remove.ts'
import { NAMES, type Name, type Script, scripts } from './script.ts'

export type Params = Readonly<Record<string, unknown>>
export type Text = Omit<Script, 'version'>

/** What a host does. Numbers choose among what there is. */
export type Operation =
  | { readonly do: 'write'; readonly name: Name; readonly script: Text }
  | { readonly do: 'remove file'; readonly name: Name }
  | { readonly do: 'insmod'; readonly name: Name; readonly params: Params }
  | {
      readonly do: 'modprobe'
      readonly asked: string
      readonly params: Params
      readonly firstTime: boolean
      readonly useBlacklist: boolean
    }
  | { readonly do: 'request'; readonly asked: string }
  | { readonly do: 'modprobe -r'; readonly asked: string }
  | { readonly do: 'depmod' }
  | { readonly do: 'rmmod'; readonly name: Name; readonly options: Removal }
  | { readonly do: 'call off'; readonly which: number }
  | { readonly do: 'replace'; readonly name: Name; readonly params: Params; readonly script: Text | undefined }
  | { readonly do: 'open'; readonly which: number; readonly how: 'well' | 'badly' }
  | { readonly do: 'call'; readonly which: number; readonly how: How; readonly old: boolean }
  | { readonly do: 'get'; readonly name: Name }
  | { readonly do: 'put'; readonly which: number }
  | { readonly do: 'on'; readonly event: 'coming' | 'live' | 'going' | 'gone'; readonly begins: Operation }

const name = fc.constantFrom(...NAMES)
const which = fc.nat(20)
const asked = fc.constantFrom<string>(...NAMES, 'e-e', 'svc:one', 'svc:two', 'net_a', 'net-b', 'nothing')
const flag = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true))
const params = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Params>({}) },
  fc.constantFrom<Params>({ n: 3 }, { n: '4' }, { n: 99 }, { n: 'many' }, { unknown: 1 }),
)
const removal: fc.Arbitrary<Removal> = fc.record(
  { force: flag, wait: flag, recursive: flag, grace: fc.constantFrom(0, Number.POSITIVE_INFINITY) },
  { requiredKeys: ['force', 'wait', 'recursive'] },
)
const hows = fc.constantFrom<How>('answers', 'throws', 'resolves', 'rejects', 'waits', 'waits', 'offers', 'withdraws')

const insertion = fc.record({ do: fc.constant('insmod' as const), name, params })
const removing = fc.record({ do: fc.constant('rmmod' as const), name, options: removal })
const replacing = fc.record({
  do: fc.constant('replace' as const),
  name,
  params,
  script: fc.option(scripts, { nil: undefined, freq: 3 }),
})

const WEIGHTED: readonly (readonly [weight: number, fc.Arbitrary<Operation>])[] = [
  [3, fc.record({ do: fc.constant('write' as const), name, script: scripts })],
  [1, fc.record({ do: fc.constant('remove file' as const), name })],
  [4, insertion],
  [4, fc.record({ do: fc.constant('modprobe' as const), asked, params, firstTime: flag, useBlacklist: flag })],
  [1, fc.record({ do: fc.constant('request' as const), asked })],
  [2, fc.record({ do: fc.constant('modprobe -r' as const), asked })],
  [1, fc.record({ do: fc.constant('depmod' as const) })],
  [4, removing],
  [1, fc.record({ do: fc.constant('call off' as const), which })],
  [5, replacing],
  [
    4,
    fc.record({
      do: fc.constant('open' as const),
      which,
      how: fc.constantFrom('well' as const, 'well' as const, 'badly' as const),
    }),
  ],
  [5, fc.record({ do: fc.constant('call' as const), which, how: hows, old: flag })],
  [2, fc.record({ do: fc.constant('get' as const), name })],
  [2, fc.record({ do: fc.constant('put' as const), which })],
  [
    1,
    fc.record({
      do: fc.constant('on' as const),
      event: fc.constantFrom('coming' as const, 'live' as const, 'going' as const, 'gone' as const),

      begins: fc.oneof(insertion as fc.Arbitrary<Operation>, removing, replacing),
    }),
  ],
]

export const operations: fc.Arbitrary<Operation> = fc.oneof(
  ...WEIGHTED.map(([weight, arbitrary]) => ({ weight, arbitrary })),
)
