import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startHost } from '../support/command.ts'
import { loaded, stage } from '../support/stage.ts'

const HELLO = {
  'db.ts': `export const init = () => probe.say('db')`,
  'hello.ts': `import './db.ts'
export const info = { aliases: ['http:GET:/hello*'] }
export const init = async () => { probe.say('hello'); await 1 }`,
}

describe('request', () => {
  it('loads what provides an alias, with what it needs', async t => {
    const { kernel, probe } = stage(t, HELLO)
    assert.equal(await kernel.request('http:GET:/hello/you'), true)
    assert.deepEqual(probe.take(), ['db', 'hello'])
    assert.equal(await kernel.request('http:GET:/hello/me'), true)
    assert.equal(await kernel.request('http:GET:/other'), false)
    assert.deepEqual(probe.take(), [])
  })

  it('loads it once, however many ask at once, by the same alias or others', async t => {
    const { kernel, probe } = stage(t, HELLO)
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => kernel.request(`http:GET:/hello/${i % 2 === 0 ? 'same' : i}`)),
    )
    assert.ok(answers.every(Boolean))
    assert.deepEqual(probe.take(), ['db', 'hello'])
  })

  it('is there for modules too', async t => {
    const { kernel } = stage(t, {
      ...HELLO,
      'db.ts': '',
      'hello.ts': `export const info = { aliases: ['greeter'] }`,
      'user.ts': `export const init = async k => k.log.info(String(await k.kernel.request('greeter')))`,
    })
    await kernel.modprobe('user')
    assert.deepEqual(loaded(kernel).sort(), ['hello#1 LIVE', 'user#1 LIVE'])
  })

  it('finds a module that came after its alias had been asked for', async t => {
    const { kernel, folder } = stage(t, HELLO)
    assert.equal(await kernel.request('late:one'), false)
    await setTimeout(30)
    folder.write({ 'late.ts': `export const info = { aliases: ['late:*'] }` })
    assert.equal(await kernel.request('late:one'), true)
  })

  it('finds an alias that a file has got, within some seconds', async t => {
    const { kernel, folder } = stage(t, HELLO)
    assert.equal(await kernel.request('late:one'), false)
    folder.write({ 'db.ts': `export const info = { aliases: ['late:*'] }` })
    for (const giveUp = Date.now() + 60_000; !(await kernel.request('late:one')); ) {
      assert.ok(Date.now() < giveUp)
      await setTimeout(100)
    }
  })

  it('does not try a module again at once that could not be loaded', async t => {
    const { kernel, probe, folder } = stage(t, {
      'bad.ts': `export const info = { aliases: ['bad:*'] }\nexport const init = () => { probe.say('bad'); throw new Error('no') }`,
    })
    for (let i = 0; i < 20; i++) await assert.rejects(kernel.request(`bad:${i}`), { code: 'EINIT' })
    assert.deepEqual(probe.take(), ['bad'])
    folder.write({ 'bad.ts': `export const info = { aliases: ['bad:*'] }` })
    await setTimeout(1100)
    assert.equal(await kernel.request('bad:1'), true)
  })

  it('tries a module again at once that was on its way out, or that somebody has inserted meanwhile', async t => {
    const { kernel, probe, folder } = stage(t, {
      'slow.ts': `export const info = { aliases: ['slow'] }\nexport const exit = () => probe.door('exit')`,
      'bad.ts': `import './db.ts'\nexport const info = { aliases: ['bad'] }`,
      'db.ts': `throw new Error('no')`,
    })
    await kernel.modprobe('slow')
    const removing = kernel.rmmod('slow')
    await assert.rejects(kernel.request('slow'), { code: 'ENOTLIVE' })
    probe.open('exit')
    await removing
    assert.equal(await kernel.request('slow'), true)
    await assert.rejects(kernel.request('bad'), { code: 'EINIT' })
    folder.write({ 'db.ts': '' })
    await kernel.modprobe('bad')
    await kernel.modprobeRemove('bad')
    assert.equal(await kernel.request('bad'), true)
  })

  it('answers what is no sensible alias without a look, and keeps nothing of what is asked', async t => {
    const { kernel } = stage(t, HELLO)
    assert.equal(await kernel.request('x'.repeat(10_000)), false)
    assert.equal(await kernel.request('../../etc/passwd\0[[[*'), false)
    const before = process.memoryUsage().heapUsed
    const started = performance.now()
    for (let i = 0; i < 20_000; i++) await kernel.request(`http:GET:/${i}/${'y'.repeat(500)}`)
    assert.ok(performance.now() - started < 60_000)
    globalThis.gc?.()
    assert.ok(process.memoryUsage().heapUsed - before < 10 * 500 * 20_000)
    assert.deepEqual(loaded(kernel), [])
  })

  it('keeps to the blacklist', async t => {
    const { kernel } = stage(t, HELLO, { blacklist: ['hello'] })
    assert.equal(await kernel.request('http:GET:/hello'), false)
    assert.deepEqual(loaded(kernel), [])
  })
})

it('lets a host load the module of a route by its first request', async t => {
  const host = await startHost(
    t,
    {
      'hello.ts': `export const info = { aliases: ['http:GET:/hello*'] }
export const init = k => k.register('http.route', { method: 'GET', url: '/hello', handler: () => 'Hello' })`,
      'broken.ts': `export const info = { aliases: ['http:GET:/broken'] }\nexport const init = () => { throw new Error('secret') }`,
    },
    { words: ['--no-load'] },
  )
  assert.match((await host.run('lsmod')).stdout, /^Module[^\n]*\n$/)
  const answers = await Promise.all(
    Array.from({ length: 50 }, async () => (await fetch(`${host.url}/hello?x=1`)).text()),
  )
  assert.deepEqual([...new Set(answers)], ['Hello'])
  assert.match((await host.run('lsmod')).stdout, /^hello /m)
  assert.equal((await fetch(`${host.url}/nothing`)).status, 404)
  const broken = await fetch(`${host.url}/broken`)
  assert.equal(broken.status, 503)
  assert.doesNotMatch(await broken.text(), /secret/)
})
