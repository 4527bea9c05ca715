import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import type { UnloadReport } from 'outlive'
import { ManualClock } from '../support/clock.ts'
import { Folder } from '../support/folder.ts'
import { turns } from '../support/latch.ts'
import { root } from '../support/paths.ts'
import { callAll, loaded, logOf, refusal, stage } from '../support/stage.ts'

const SLOW = `
export const info = { aliases: ['greets:*'] }
export function init(k) {
  k.register('greeter', async name => { await probe.door(name); return 'Hello ' + name })
}
export const exit = () => probe.say('exit')
`

type Greet = (name: string) => Promise<string>

describe('rmmod', () => {
  it('takes away all that the kernel knows before it returns its promise', async t => {
    const { kernel, file, probe } = stage(t, {
      'hello.ts': `
        export const symbol = 1
        export const info = { aliases: ['greets:*'] }
        export function init(k) {
          k.register('greeter', () => 'Hello')
          k.register('farewell', { say: () => 'Bye', name: 'hello' })
        }
        export const exit = () => probe.door('exit')`,
      'user.ts': `import { symbol } from './hello.ts'`,
    })
    await kernel.insmod(file('hello.ts'))
    const greeters = kernel.point('greeter')
    const events: string[] = []
    kernel.on('going', ({ module }) => events.push(`going ${module}`))
    greeters.on('remove', (_, { module }) => events.push(`removed ${module}`))

    const removing = kernel.rmmod('hello')
    assert.deepEqual([greeters.size, [...greeters].length, greeters.get('hello')], [0, 0, undefined])
    assert.deepEqual([kernel.point('farewell').size, kernel.point('farewell').get('hello')], [0, undefined])
    assert.deepEqual(loaded(kernel), ['hello#1 GOING'])
    assert.deepEqual(events, ['removed hello', 'going hello'])
    assert.equal(
      await kernel.request('greets:you').catch((error: Error) => error.message),
      'Module hello is being unloaded',
    )
    const refused = `could not insert module ${file('user.ts')}: Module hello is being unloaded`
    await refusal(kernel.insmod(file('user.ts')), 'ENOENT', 'ENOENT', refused)
    probe.open('exit')
    await removing
    assert.deepEqual(loaded(kernel), [])
  })

  it('lets calls in flight finish before exit runs', async t => {
    const { kernel, file, probe } = stage(t, { 'hello.ts': SLOW })
    await kernel.insmod(file('hello.ts'))
    const [greet] = kernel.point<Greet>('greeter') as Iterable<Greet> as unknown as [Greet]
    const calls = ['a', 'b'].map(name => greet(name).then(text => probe.say(text)))
    await Promise.all([probe.reached('a'), probe.reached('b')])
    const removing = kernel.rmmod('hello').finally(() => probe.say('removed'))
    probe.open('b')
    await calls[1]
    probe.open('a')
    const report = await removing
    assert.deepEqual(probe.said, ['Hello b', 'Hello a', 'exit', 'removed'])
    assert.deepEqual([report.callsInFlight, report.drained, report.exitError], [2, true, undefined])
  })

  it('waits for who goes on to the next of the pointers that it has kept', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `export function init(k) {
        for (const name of ['one', 'two', 'three']) k.register('p', async () => { await undefined; probe.said.push(name) })
      }
      export const exit = () => probe.said.push('exit')`,
    })
    await kernel.insmod(file('a.ts'))
    const all = async () => {
      for (const call of [...kernel.point<() => Promise<unknown>>('p')]) await call()
    }
    const calling = all()
    const report = await kernel.rmmod('a')
    await calling
    assert.deepEqual(probe.said, ['one', 'two', 'three', 'exit'])
    assert.deepEqual([report.callsInFlight, report.drained], [1, true])
  })

  it('waits no longer than the grace period; the call still finishes in the old code', async t => {
    const clock = new ManualClock()
    const { kernel, file, probe } = stage(t, { 'hello.ts': SLOW }, { clock, grace: 5000 })
    await kernel.insmod(file('hello.ts'))
    const [greet] = [...kernel.point<Greet>('greeter')]
    const call = greet!('you')
    await probe.reached('you')
    const removing = kernel.rmmod('hello')
    await turns()
    clock.advance(4999)
    await turns()
    assert.deepEqual(probe.said, [])
    assert.deepEqual(loaded(kernel), ['hello#1 GOING'])
    clock.advance(1)
    const report = await removing
    assert.deepEqual(probe.said, ['exit'])
    assert.deepEqual([report.callsInFlight, report.drained, report.ms], [1, false, 5000])
    assert.equal(kernel.lingering()[0]!.callsInFlight, 1)
    assert.ok(logOf(kernel).some(line => /^hello: 1 calls? still in flight after the grace period/.test(line)))
    probe.open('you')
    assert.equal(await call, 'Hello you')
    assert.equal(kernel.lingering()[0]!.callsInFlight, 0)
  })

  it('waits for nobody with a grace of 0', async t => {
    const { kernel, file, probe } = stage(t, { 'hello.ts': SLOW }, { grace: 0 })
    await kernel.insmod(file('hello.ts'))
    const [greet] = [...kernel.point<Greet>('greeter')]
    const call = greet!('you')
    const report = await kernel.rmmod('hello')
    assert.deepEqual([report.callsInFlight, report.drained, probe.said], [1, false, ['exit']])
    probe.open('you')
    assert.equal(await call, 'Hello you')
  })

  for (const [scheme, afterwards] of [
    ['collect', 'linger until nobody can call them'],
    ['retain', 'stay until they are reclaimed'],
    ['refcount', 'are no longer held'],
  ] as const)
    it(`says in the log what becomes of the code in ${scheme}`, async t => {
      const { kernel, file, log } = stage(t, { 'a.ts': 'export {}' }, { scheme })
      await kernel.insmod(file('a.ts'))
      await kernel.rmmod('a')
      assert.equal(log().at(-1), `a: a#1 removed, 9 bytes ${afterwards}`)
    })

  it('takes the grace of the call before that of the kernel', async t => {
    const { kernel, file, probe } = stage(t, { 'hello.ts': SLOW }, { grace: 1_000_000 })
    await kernel.insmod(file('hello.ts'))
    const [greet] = [...kernel.point<Greet>('greeter')]
    const call = greet!('you')
    assert.equal((await kernel.rmmod('hello', { grace: 0 })).drained, false)
    probe.open('you')
    await call
  })

  it('counts no synchronous calls, and none that are over', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `export const init = k => {
        k.register('p', () => 1)
        k.register('p', async () => { throw new Error('no') })
      }`,
    })
    await kernel.insmod(file('a.ts'))
    const [sync, rejecting] = [...kernel.point<() => unknown>('p')]
    sync!()
    await assert.rejects(rejecting!() as Promise<unknown>, /no/)
    const report = await kernel.rmmod('a')
    assert.deepEqual([report.callsInFlight, report.drained], [0, true])
  })

  it('goes in order: signal, exit, what was deferred and used from the last to the first, leftovers', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `
        let context
        export function init(k) {
          context = k
          k.defer(() => probe.say('deferred first'))
          k.use({ [Symbol.dispose]: () => probe.say('used, aborted: ' + k.signal.aborted) })
          k.use({ [Symbol.asyncDispose]: async () => { await null; probe.say('used asynchronously') } })
          k.defer(async () => { await null; probe.say('deferred last') })
          k.signal.addEventListener('abort', () => probe.say(String(k.signal.reason)))
          process.on('SIGUSR2', () => {})
        }
        export async function exit(k) {
          probe.say('exit, same context: ' + (k === context))
          await null
          probe.say('listeners: ' + process.listenerCount('SIGUSR2'))
        }`,
    })
    const before = process.listenerCount('SIGUSR2')
    await kernel.insmod(file('a.ts'))
    const report = await kernel.rmmod('a')
    assert.deepEqual(probe.said, [
      'AbortError: a#1 is being unloaded',
      'exit, same context: true',
      `listeners: ${before + 1}`,
      'deferred last',
      'used asynchronously',
      'used, aborted: true',
      'deferred first',
    ])
    assert.equal(process.listenerCount('SIGUSR2'), before)
    assert.deepEqual(report.leftovers, [
      { kind: 'listener', where: `${file('a.ts')}:10:19`, closed: true, what: `process 'SIGUSR2'` },
    ])
  })

  it('does not abort the signal of a module while its calls are in flight', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `export const init = k => k.register('p', async () => { await probe.door('call'); return k.signal.aborted })`,
    })
    await kernel.insmod(file('a.ts'))
    const call = [...kernel.point<() => Promise<boolean>>('p')][0]!()
    const removing = kernel.rmmod('a')
    probe.open('call')
    assert.equal(await call, false)
    await removing
  })

  it('reports what it did', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `
        let timer
        export function init() {
          setInterval(() => {}, 1000)
          setTimeout(() => {}, 60_000)
          timer = setTimeout(() => {}, 60_000)
        }
        export const exit = () => clearTimeout(timer)`,
    })
    const { size } = await kernel.insmod(file('a.ts'))
    const { ms, ...report } = await kernel.rmmod('a')
    assert.ok(ms >= 0 && ms < 60_000)
    const expected: Omit<UnloadReport, 'ms'> = {
      module: 'a',
      generation: 1,
      scheme: 'collect',
      callsInFlight: 0,
      drained: true,
      leftovers: [
        { kind: 'interval', where: `${file('a.ts')}:4:11`, closed: true, what: 'interval of 1000 ms' },
        { kind: 'timeout', where: `${file('a.ts')}:5:11`, closed: true, what: 'timeout of 60000 ms' },
      ],
      exitError: undefined,
      bytes: size,
    }
    assert.deepEqual(report, expected)
    assert.ok(logOf(kernel).includes(`a: left behind: interval from ${file('a.ts')}:4:11, closed`))
  })

  it('tells in lingering what is still in memory', async t => {
    const { kernel, file } = stage(t, { 'a.ts': `export const init = k => k.register('p', () => 1)` })
    const { size } = await kernel.insmod(file('a.ts'))
    const kept = [...kernel.point('p')]
    const before = Date.now()
    await kernel.rmmod('a')
    const [{ since, ...row }] = kernel.lingering() as [ReturnType<typeof kernel.lingering>[number]]
    assert.ok(since >= before && since <= Date.now())
    assert.deepEqual(row, {
      image: 'a#1',
      size,
      callsInFlight: 0,
      lateCalls: 0,
      scheme: 'collect',
      reclaimed: false,
    })
    assert.equal(kept.length, 1)
  })

  it('of a module that is not there is refused', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}' })
    await refusal(kernel.rmmod('hello'), 'ENOENT', 'ENOENT', 'Module hello is not currently loaded')
    await kernel.insmod(file('a.ts'))
    await kernel.rmmod('a')
    await refusal(kernel.rmmod('a'), 'ENOENT', 'ENOENT', 'Module a is not currently loaded')
  })

  it('of a module that others import from names them, and changes nothing', async t => {
    const { kernel } = stage(t, {
      'db.ts': `export const query = () => 1\nexport const init = k => k.register('p', query)`,
      'hello.ts': `import './db.ts'`,
      'api.ts': `import { query } from './db.ts'\nexport { query }`,
    })
    await kernel.modprobe('hello')
    await kernel.modprobe('api')
    const error = await refusal(kernel.rmmod('db'), 'EHOLDERS', 'EAGAIN', 'Module db is in use by: api hello')
    assert.deepEqual(error.data.holders, ['api', 'hello'])
    assert.deepEqual(await callAll(kernel, 'p'), [1])
    await kernel.rmmod('api')
    await refusal(kernel.rmmod('db'), 'EHOLDERS', 'EAGAIN', 'Module db is in use by: hello')
    await kernel.rmmod('hello')
    await kernel.rmmod('db')
  })

  it('with recursive takes dependents out first, however indirect', async t => {
    const { kernel } = stage(t, {
      'db.ts': `export const a = 1\nexport const exit = () => probe.say('db')`,
      'mid.ts': `export { a } from './db.ts'\nexport const exit = () => probe.say('mid')`,
      'top.ts': `import { a } from './mid.ts'\nimport './db.ts'\nexport const exit = () => probe.say('top')`,
    })
    const { probe } = globalThis as unknown as { probe: { said: string[] } }
    await kernel.modprobe('top')
    const report = await kernel.rmmod('db', { recursive: true })
    assert.equal(report.module, 'db')
    assert.deepEqual(probe.said, ['top', 'mid', 'db'])
    assert.deepEqual(loaded(kernel), [])
  })

  it('with recursive takes out nothing for the sake of one that cannot go', async t => {
    const { kernel } = stage(
      t,
      {
        'held.ts': `export const a = 1`,
        'stays.ts': `export const info = { permanent: true }\nexport const b = 2`,
        'top.ts': `import { a } from './held.ts'\nimport { b } from './stays.ts'`,
      },
      { scheme: 'refcount' },
    )
    await kernel.modprobe('top')
    const reference = kernel.tryModuleGet('held')
    const all = loaded(kernel)
    await refusal(kernel.rmmod('stays', { recursive: true }), 'EPERMANENT', 'EBUSY', 'Module stays is permanent')
    await refusal(kernel.rmmod('held', { recursive: true }), 'EINUSE', 'EAGAIN', 'Module held is in use')
    assert.deepEqual(loaded(kernel), all)
    reference?.put()
    await kernel.rmmod('held', { recursive: true })
    assert.deepEqual(loaded(kernel), ['stays#1 LIVE'])
  })

  it('holds what a module imports until that module is gone', async t => {
    const { kernel, probe } = stage(t, {
      'db.ts': `export const a = 1`,
      'api.ts': `import { a } from './db.ts'\nexport const exit = () => probe.door('exit')`,
    })
    await kernel.modprobe('api')
    const removing = kernel.rmmod('api')
    await probe.reached('exit')
    await refusal(kernel.rmmod('db'), 'EHOLDERS', 'EAGAIN', 'Module db is in use by: api')
    probe.open('exit')
    await removing
    await kernel.rmmod('db')
  })

  it('goes to its end although a listener of the signal throws, which the host is told as any uncaught exception', async t => {
    const folder = new Folder({
      'a.mjs': `export function init(k) {
        k.signal.addEventListener('abort', () => { throw new Error('in a listener') })
        k.signal.addEventListener('abort', () => console.log('the next one'))
        setInterval(() => {}, 60_000)
      }
      export const exit = () => console.log('exit')`,
      'host.mjs': `
        import { createKernel } from '${root}/dist/index.js'
        process.on('uncaughtException', error => console.log('uncaught: ' + error.message))
        const kernel = createKernel()
        await kernel.insmod(new URL('a.mjs', import.meta.url).pathname)
        const { exitError, leftovers } = await kernel.rmmod('a')
        console.log(exitError, leftovers.length, kernel.lsmod().length)`,
    })
    t.after(() => folder.remove())
    const { stdout } = spawnSync(process.execPath, [folder.file('host.mjs')], { encoding: 'utf8' })
    assert.deepEqual(stdout.trim().split('\n').sort(), [
      'exit',
      'the next one',
      'uncaught: in a listener',
      'undefined 1 0',
    ])
  })

  it('of a permanent module is refused', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export const info = { permanent: true }' })
    await kernel.insmod(file('a.ts'))
    await refusal(kernel.rmmod('a'), 'EPERMANENT', 'EBUSY', 'Module a is permanent')
    assert.deepEqual(loaded(kernel), ['a#1 LIVE'])
  })

  it('goes on when exit throws, and tells', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `
        export function init(k) {
          k.defer(() => probe.say('deferred'))
          k.defer(() => { throw new Error('also') })
          setInterval(() => {}, 1000)
        }
        export async function exit() { throw new Error('cannot flush') }`,
    })
    await kernel.insmod(file('a.ts'))
    const report = await kernel.rmmod('a')
    assert.equal(report.exitError?.message, 'cannot flush')
    assert.deepEqual([report.leftovers.length, report.leftovers[0]!.closed], [1, true])
    assert.deepEqual(probe.said, ['deferred'])
    assert.deepEqual(loaded(kernel), [])
    assert.ok(logOf(kernel).some(line => /^a: .*cannot flush/.test(line)))
    assert.ok(logOf(kernel).some(line => /^a: .*also/.test(line)))
  })

  it('goes on when exit takes longer than its timeout', async t => {
    const clock = new ManualClock()
    const { kernel, file, probe } = stage(
      t,
      {
        'a.ts': `
          export const init = k => k.defer(() => probe.say('deferred'))
          export const exit = () => probe.door('for ever')`,
      },
      { clock, exitTimeout: 300 },
    )
    await kernel.insmod(file('a.ts'))
    const removing = kernel.rmmod('a')
    await probe.reached('for ever')
    clock.advance(300)
    const report = await removing
    assert.equal(report.exitError?.message, 'exit took longer than 300 ms')
    assert.deepEqual(probe.said, ['deferred'])
    assert.deepEqual(loaded(kernel), [])
  })

  it('goes on when deferred functions take longer than the timeout, each of them, and runs the others', async t => {
    const clock = new ManualClock()
    const { kernel, file, probe } = stage(
      t,
      {
        'a.ts': `
          export const init = k => {
            k.defer(() => probe.say('first'))
            k.defer(() => probe.door('for ever'))
            k.use({ [Symbol.asyncDispose]: () => probe.door('for ever, too') })
            k.defer(() => probe.say('last'))
          }`,
      },
      { clock, exitTimeout: 300 },
    )
    await kernel.insmod(file('a.ts'))
    const removing = kernel.rmmod('a')
    await probe.reached('for ever, too')
    clock.advance(300)
    await probe.reached('for ever')
    clock.advance(300)
    const report = await removing
    assert.equal(report.exitError?.message, 'a deferred function took longer than 300 ms')
    assert.deepEqual(probe.said, ['last', 'first'])
    assert.equal(logOf(kernel).filter(line => line === 'a: a deferred function took longer than 300 ms').length, 2)
  })

  it('leaves room for the name to be inserted again', async t => {
    const { kernel, file, folder } = stage(t, { 'a.ts': `export const init = k => k.register('p', () => 1)` })
    await kernel.insmod(file('a.ts'))
    await kernel.rmmod('a')
    folder.write({ 'a.ts': `export const init = k => k.register('p', () => 2)` })
    assert.equal((await kernel.insmod(file('a.ts'))).generation, 2)
    assert.deepEqual(await callAll(kernel, 'p'), [2])
  })
})
