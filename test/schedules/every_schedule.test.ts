import { describe, it, type TestContext } from 'node:test'
import type { SchemeName } from 'outlive'
import { inMemory } from './carriers.ts'
import { everySchedule } from './every_choice.ts'
import { type Name, NO_ADVICE, type Operation, type Program, type Script, wording } from './program.ts'
import { run } from './run.ts'

const LIMIT = 20_000

const script = (imports: readonly Name[], more: Partial<Script> = {}): Script => ({
  imports,
  more: true,
  wantsMore: false,
  evaluation: 'returns',
  init: 'returns',
  exit: 'returns',
  handoff: 'returns',
  deferred: 'returns',
  probe: 'returns',
  finds: false,
  entries: [1, 0],
  permanent: false,
  ...more,
})

const disk = { a: script(['b']), b: script([]), c: script([]), d: script([]) }
const plain = { wait: false, force: false, recursive: false, reclaim: false, calledOff: false, grace: undefined }
const insmod = (module: Name): Operation => ({ do: 'insmod', module })
const rmmod = (module: Name, more: Partial<typeof plain> = {}): Operation => ({
  do: 'rmmod',
  module,
  ...plain,
  ...more,
})
const replacement = (module: Name, next: Partial<Script> = {}) => ({
  module,
  script: script(disk[module].imports, next),
})
const replace = (module: Name, next: Partial<Script> = {}, others: readonly Name[] = []): Operation => ({
  do: 'replace',
  ...replacement(module, next),
  others: others.map(other => replacement(other)),
})

/** What is there at first, and what happens then, in every order. */
const PROGRAMS: readonly (readonly [loaded: readonly Name[], operations: readonly Operation[]])[] = [
  [[], [insmod('b'), insmod('b')]],
  [[], [insmod('b'), insmod('a')]],
  [[], [insmod('b'), rmmod('b')]],
  [['b'], [rmmod('b'), insmod('b')]],
  [['b'], [insmod('a'), rmmod('b')]],
  [['b'], [insmod('a'), replace('b')]],
  [['b'], [replace('b'), rmmod('b')]],
  [['b'], [replace('b', { init: 'throws' }), rmmod('b')]],
  [['a'], [rmmod('a'), rmmod('b', { recursive: true })]],
  [['a'], [replace('b'), rmmod('a')]],
  [['a'], [replace('b', { init: 'throws' }, ['a'])]],
  [['a'], [{ do: 'rmmod on', event: 'coming', module: 'a' }, replace('b', {}, ['a'])]],
  [['a'], [{ do: 'rmmod on', event: 'live', module: 'a' }, replace('a', {}, ['b'])]],
  [['b'], [{ do: 'call', which: 0, ends: 'resolves' }, rmmod('b')]],
  [['b'], [{ do: 'call', which: 0, ends: 'resolves' }, rmmod('b', { wait: true, calledOff: true })]],
  [['b'], [{ do: 'get', module: 'b' }, rmmod('b', { wait: true }), { do: 'put', which: 0 }]],
  [['b'], [{ do: 'call', which: 0, ends: 'never' }, rmmod('b', { reclaim: true, force: true })]],
  [['b'], [{ do: 'close' }, insmod('c')]],
  [['a'], [{ do: 'close' }, rmmod('a')]],
  [['a'], [{ do: 'modprobe -r', module: 'a' }, rmmod('b')]],
  [[], [{ do: 'request', module: 'b', times: 2 }, insmod('b')]],
  [['b'], [{ do: 'request', module: 'b', times: 1 }, rmmod('b')]],
]

async function tryEvery(t: TestContext, program: Omit<Program, 'settings'>): Promise<void> {
  const carrier = inMemory()
  let schedules = 0
  for (const scheme of ['collect', 'retain', 'refcount'] satisfies SchemeName[]) {
    const settings = { scheme, lateCalls: 'run', grace: 5, initTimeout: 0, exitTimeout: 0 } as const
    schedules += await everySchedule(chooser => run({ ...program, settings }, chooser, carrier), LIMIT)
  }
  t.diagnostic(`${schedules} schedules`)
}

describe('every schedule there is', () => {
  for (const [loaded, operations] of PROGRAMS) {
    const before = loaded.length === 0 ? 'nothing loaded' : `${loaded.join(' and ')} loaded`
    it(`with ${before}: ${operations.map(wording).join(', ')}`, t =>
      tryEvery(t, { disk, advice: NO_ADVICE, loaded, operations }))
  }
})
