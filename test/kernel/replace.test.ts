import assert from 'node:assert/strict'
import { rmSync, symlinkSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ManualClock } from '../support/clock.ts'
import { callAll, loaded, logOf, refusal, stage } from '../support/stage.ts'

const version = (n: number, more = ''): string => `
export const init = k => {
  k.register('p', () => 'v${n}')
  ${more}
}
export const exit = () => probe.say('exit v${n}')
`

describe('replace', () => {
  it('puts the new version into the place of the old one and unloads that', async t => {
    const { kernel, file, folder, probe } = stage(t, { 'a.ts': version(1, 'setInterval(() => {}, 1000)') })
    await kernel.insmod(file('a.ts'))
    folder.write({ 'a.ts': version(2) })
    const report = await kernel.replace('a')
    const { ms, bytes, ...unloaded } = report.unloaded
    assert.ok(ms >= 0 && bytes > 0)
    assert.deepEqual(
      { ...report, unloaded },
      {
        module: 'a',
        generation: 2,
        unloaded: {
          module: 'a',
          generation: 1,
          scheme: 'collect',
          callsInFlight: 0,
          drained: true,
          leftovers: [{ kind: 'interval', where: `${file('a.ts')}:4:3`, closed: true, what: 'interval of 1000 ms' }],
          exitError: undefined,
        },
      },
    )
    assert.deepEqual(await callAll(kernel, 'p'), ['v2'])
    assert.deepEqual(loaded(kernel), ['a#2 LIVE'])
    assert.deepEqual(probe.said, ['exit v1'])
    assert.equal(kernel.lingering()[0]!.image, 'a#1')
  })

  it('makes the new version of what a link leads to by now, and of the entry that a package names', async t => {
    const { kernel, file, folder } = stage(t, {
      'old/a.ts': version(1),
      'new/a.ts': version(2),
      'pkg/package.json': '{ "name": "pkg", "main": "./one.ts" }',
      'pkg/one.ts': version(3),
      'pkg/two.ts': version(4),
      'r1/b.ts': version(5),
      'r2/b.ts': version(6),
    })
    const link = (to: string, at: string): void => {
      rmSync(file(at), { force: true })
      symlinkSync(to, file(at))
    }
    link('old/a.ts', 'a.ts')
    link('r1', 'current')
    for (const name of ['a.ts', 'pkg', 'current/b.ts']) await kernel.insmod(file(name))
    link('new/a.ts', 'a.ts')
    link('r2', 'current')
    folder.write({ 'pkg/package.json': '{ "name": "pkg", "main": "./two.ts" }' })
    for (const name of ['a', 'pkg', 'b']) await kernel.replace(name)
    assert.deepEqual(await callAll(kernel, 'p'), ['v2', 'v4', 'v6'])
    assert.equal(kernel.lsmod().find(({ name }) => name === 'a')!.file, file('new/a.ts'))
    assert.ok(kernel.isInPlace('a'))
    rmSync(file('a.ts'))
    assert.ok(!kernel.isInPlace('a'))
    folder.write({ 'pkg/package.json': '{ "name": "pk' })
    assert.ok(kernel.isInPlace('pkg'), 'its package.json may be half written')
    for (const name of ['a', 'pkg', 'b']) await kernel.rmmod(name)
    await kernel.insmod(file('old/a.ts'))
    assert.deepEqual(await callAll(kernel, 'p'), ['v1'])
  })

  it('swaps in one tick: at every moment the host finds one of the two, and never both', async t => {
    const { kernel, file, folder, probe } = stage(t, { 'a.ts': version(1) })
    await kernel.insmod(file('a.ts'))
    folder.write({ 'a.ts': `export const init = async k => { k.register('p', () => 'v2'); await probe.door('init') }` })
    const point = kernel.point<() => string>('p')
    const seen: string[] = []
    const look = () => seen.push([...point].map(entry => entry()).join())
    for (const event of ['coming', 'live', 'going', 'gone'] as const) kernel.on(event, look)
    const replacing = kernel.replace('a')
    await probe.reached('init')
    look()
    assert.deepEqual(loaded(kernel), ['a#1 LIVE'])
    probe.open('init')
    await replacing
    look()
    assert.deepEqual(seen, ['v1', 'v1', 'v2', 'v2', 'v2', 'v2'])
  })

  it('keeps the places of what the old one registered', async t => {
    const entry = (name: string) => `export const init = k => k.register('p', () => '${name}')`
    const { kernel, file, folder } = stage(t, { 'a.ts': entry('a'), 'b.ts': entry('b'), 'c.ts': entry('c') })
    for (const name of ['a.ts', 'b.ts', 'c.ts']) await kernel.insmod(file(name))
    folder.write({
      'b.ts': `export const init = k => { k.register('p', () => 'B1'); k.register('p', () => 'B2'); k.register('q', () => 'Q') }`,
    })
    await kernel.replace('b')
    assert.deepEqual(await callAll(kernel, 'p'), ['a', 'B1', 'B2', 'c'])
    assert.deepEqual(await callAll(kernel, 'q'), ['Q'])
    folder.write({ 'b.ts': entry('b3') })
    await kernel.replace('b')
    assert.deepEqual(await callAll(kernel, 'p'), ['a', 'b3', 'c'])
    assert.deepEqual(await callAll(kernel, 'q'), [])
    folder.write({ 'a.ts': 'export {}' })
    await kernel.replace('a')
    assert.deepEqual(await callAll(kernel, 'p'), ['b3', 'c'])
  })

  it('lets a call that is in flight finish in the old version, while new ones go to the new', async t => {
    const slow = (n: number) => `
      export const init = k => k.register('p', async () => { await probe.door('v${n}'); return 'v${n}' })
      export const exit = () => probe.say('exit v${n}')`
    const { kernel, file, folder, probe } = stage(t, { 'a.ts': slow(1) })
    await kernel.insmod(file('a.ts'))
    const point = kernel.point<() => Promise<string>>('p')
    const first = [...point][0]!()
    await probe.reached('v1')
    folder.write({ 'a.ts': slow(2) })
    const replaced = new Promise(resolve => kernel.once('live', resolve))
    const replacing = kernel.replace('a')
    await replaced
    const second = [...point][0]!()
    probe.open('v2')
    assert.equal(await second, 'v2')
    assert.deepEqual(probe.said, [])
    probe.open('v1')
    assert.equal(await first, 'v1')
    const { unloaded } = await replacing
    assert.deepEqual([unloaded.callsInFlight, unloaded.drained], [1, true])
    assert.deepEqual(probe.said, ['exit v1'])
  })

  it('gives the grace of the call to the old version', async t => {
    const { kernel, file, probe } = stage(
      t,
      { 'a.ts': `export const init = k => k.register('p', () => probe.door('call'))` },
      { grace: 1_000_000 },
    )
    await kernel.insmod(file('a.ts'))
    const call = [...kernel.point<() => Promise<void>>('p')][0]!()
    const { unloaded } = await kernel.replace('a', { grace: 0 })
    assert.deepEqual([unloaded.callsInFlight, unloaded.drained], [1, false])
    probe.open('call')
    await call
  })

  it('hands over what handoff returns, also a promise of it, and undefined at an insmod', async t => {
    const counter = `
      let hits
      export const init = k => { probe.say('inherited ' + JSON.stringify(k.inherited)); hits = k.inherited?.hits ?? 0
        k.register('p', () => ++hits) }
      export const handoff = async () => { await null; return { hits } }`
    const { kernel, file, probe } = stage(t, { 'a.ts': counter })
    await kernel.insmod(file('a.ts'))
    await callAll(kernel, 'p')
    await callAll(kernel, 'p')
    await kernel.replace('a')
    assert.deepEqual(await callAll(kernel, 'p'), [3])
    await kernel.rmmod('a')
    await kernel.insmod(file('a.ts'))
    assert.deepEqual(probe.said, ['inherited undefined', 'inherited {"hits":2}', 'inherited undefined'])
  })

  it('may be done again and again', async t => {
    const { kernel, file, folder } = stage(t, { 'a.ts': version(1) })
    await kernel.insmod(file('a.ts'))
    for (let n = 2; n <= 20; n++) {
      folder.write({ 'a.ts': version(n) })
      await kernel.replace('a')
      assert.deepEqual(await callAll(kernel, 'p'), [`v${n}`])
    }
    assert.deepEqual(loaded(kernel), ['a#20 LIVE'])
  })

  it('reads all files of a folder anew', async t => {
    const { kernel, file, folder } = stage(t, {
      'f/package.json': '{ "name": "f", "main": "main.ts" }',
      'f/main.ts': `import { word } from './lib/word.ts'\nimport data from './data.json' with { type: 'json' }
        export const init = k => k.register('p', () => word + data.n)`,
      'f/lib/word.ts': `export const word = 'one'`,
      'f/data.json': '{ "n": 1 }',
    })
    await kernel.insmod(file('f'))
    assert.deepEqual(await callAll(kernel, 'p'), ['one1'])
    folder.write({ 'f/lib/word.ts': `export const word = 'two'`, 'f/data.json': '{ "n": 2 }' })
    await kernel.replace('f')
    assert.deepEqual(await callAll(kernel, 'p'), ['two2'])
  })

  it('of a module that is not there, or permanent, is refused', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export const info = { permanent: true }' })
    await refusal(kernel.replace('hello'), 'ENOENT', 'ENOENT', 'Module hello is not currently loaded')
    await kernel.insmod(file('a.ts'))
    await refusal(kernel.replace('a'), 'EPERMANENT', 'EBUSY', 'Module a is permanent')
  })
})

describe('a replace that fails', () => {
  const api = `import { a } from './a.ts'\nexport const init = k => k.register('api', () => 'api of ' + a())`
  const old = `export const a = () => 'v1'
    export const init = k => k.register('p', async () => { await probe.door('call'); return 'v1' })
    export const exit = () => probe.say('exit v1')`

  const failures: Readonly<
    Record<string, readonly [text: string | undefined, code: string, errno: string, message: RegExp]>
  > = {
    'at the disk': [undefined, 'ENOENT', 'ENOENT', /^could not load module .*a\.ts: No such file or directory$/],
    'at a syntax error': [
      'export const a = ;',
      'ENOEXEC',
      'ENOEXEC',
      /Unexpected token.* at .*a\.ts:1:18$|Expression expected.* at .*a\.ts:1:18$/,
    ],
    'at an import of nothing': [
      `import 'no-such-package'`,
      'ENOENT',
      'ENOENT',
      /Cannot find 'no-such-package' at .*a\.ts:1:/,
    ],
    'at an import of an own file that lacks it': [
      `import { x } from './part/own.ts'\nexport const a = x`,
      'ESYMBOL',
      'ENOENT',
      /Unknown symbol 'x' \(imported from own\) at .*a\.ts:1:/,
    ],
    'at the first run of its code': [
      `export const a = 1\nthrow new Error('boom')`,
      'EINIT',
      'ECANCELED',
      /boom at .*a\.ts:2:7$/,
    ],
    'in init': [
      `export const a = 1\nexport const init = async k => { k.register('p', () => 2); k.register('q', () => 2); await null; throw new Error('boom') }`,
      'EINIT',
      'ECANCELED',
      /boom at .*a\.ts:2:\d+$/,
    ],
    'for want of an export that is in use': [
      `export const init = k => k.register('p', () => 2)`,
      'ENOEXEC',
      'ENOEXEC',
      /^could not replace module a: api imports 'a', which the new version does not export$/,
    ],
    'at a bad parameter': [
      `export const info = { params: { n: { type: 'int' } } }\nexport const a = 1`,
      'EINVAL',
      'EINVAL',
      /'x' invalid for parameter 'n' \(int\)$/,
    ],
    'for importing what imports it': [
      `import './api.ts'\nexport const a = 1`,
      'ELOOP',
      'ELOOP',
      /modules import each other: a -> api/,
    ],
  }
  for (const [when, [text, code, errno, message]] of Object.entries(failures))
    it(`${when} leaves the old version in service, calls in flight and all`, async t => {
      const { kernel, file, folder, probe } = stage(t, { 'a.ts': old, 'api.ts': api, 'part/own.ts': 'export {}' })
      await kernel.insmod(file('a.ts'), { n: 'x' })
      await kernel.insmod(file('api.ts'))
      const entries = [...kernel.point<() => Promise<string>>('p')]
      const call = entries[0]!()
      const events: string[] = []
      for (const event of ['live', 'going', 'gone'] as const)
        kernel.on(event, ({ module, generation }) => events.push(`${event} ${module}#${generation}`))

      if (text === undefined) folder.remove('a.ts')
      else folder.write({ 'a.ts': text })
      await refusal(kernel.replace('a'), code, errno, message)

      assert.deepEqual(loaded(kernel), ['a#1 LIVE', 'api#1 LIVE'])
      assert.deepEqual([...kernel.point('p')], entries)
      assert.deepEqual([kernel.point('q').size, await callAll(kernel, 'api')], [0, ['api of v1']])
      assert.deepEqual(kernel.lsmod()[0]!.holders, ['api'])
      assert.deepEqual(probe.said, [], 'exit of the old one has not run')
      assert.ok(
        events.every(event => event.endsWith('a#2')),
        'only the new image came and went',
      )
      assert.ok(logOf(kernel).some(line => line.startsWith('a: not replaced, a#1 keeps serving: ')))
      probe.open('call')
      assert.equal(await call, 'v1')

      folder.write({ 'a.ts': `export const a = () => 'v3'` })
      await kernel.replace('a')
      assert.deepEqual(await callAll(kernel, 'api'), ['api of v3'])
    })

  it('because init takes too long is rolled back, and what it registers later is refused', async t => {
    const clock = new ManualClock()
    const { kernel, file, folder, probe } = stage(t, { 'a.ts': version(1) }, { clock, initTimeout: 200 })
    await kernel.insmod(file('a.ts'))
    folder.write({
      'a.ts': `export async function init(k) {
        k.register('p', () => 'v2')
        await probe.door('init')
        try { k.register('p', () => 'late') } catch (error) { probe.say(error.code) }
        probe.say('end of init')
      }`,
    })
    const replacing = kernel.replace('a')
    await probe.reached('init')
    clock.advance(200)
    await refusal(
      replacing,
      'EINIT',
      'ECANCELED',
      `could not insert module ${file('a.ts')}: init took longer than 200 ms`,
    )
    assert.deepEqual(await callAll(kernel, 'p'), ['v1'])
    probe.open('init')
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(probe.said, ['ESTALE', 'end of init'])
    assert.deepEqual(await callAll(kernel, 'p'), ['v1'])
  })

  it('because handoff throws or takes too long does not even run the new version', async t => {
    const clock = new ManualClock()
    const { kernel, file, probe } = stage(
      t,
      {
        'a.ts': `probe.say('run')
          export const init = k => k.register('p', () => 'v1')
          export const handoff = () => { if (probe.throws) throw Object.assign(new Error('not now'), { code: 'EAGAIN' }); return probe.door('handoff') }`,
      },
      { clock, initTimeout: 200 },
    )
    await kernel.insmod(file('a.ts'))
    Object.assign(probe, { throws: true })
    await refusal(kernel.replace('a'), 'EINIT', 'EAGAIN', /handoff threw: not now/)
    Object.assign(probe, { throws: false })
    const replacing = kernel.replace('a')
    await probe.reached('handoff')
    clock.advance(200)
    await refusal(replacing, 'EINIT', 'ECANCELED', /handoff took longer than 200 ms/)
    assert.deepEqual(probe.said, ['run'])
    assert.deepEqual(await callAll(kernel, 'p'), ['v1'])
    assert.deepEqual(loaded(kernel), ['a#1 LIVE'])
  })

  it('closes what the new version had opened', async t => {
    const { kernel, file, folder } = stage(t, { 'a.ts': version(1, `process.on('SIGUSR2', () => {})`) })
    const before = process.listenerCount('SIGUSR2')
    await kernel.insmod(file('a.ts'))
    folder.write({ 'a.ts': version(2, `process.on('SIGUSR2', () => {}); throw new Error('boom')`) })
    await refusal(kernel.replace('a'), 'EINIT', 'ECANCELED', /boom/)
    assert.equal(process.listenerCount('SIGUSR2'), before + 1)
  })
})
