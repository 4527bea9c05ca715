import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { turns } from '../support/latch.ts'
import { refusal, stage } from '../support/stage.ts'

/** A module that can be told to touch, in every way there is, what it imports and exports. */
const PARTS = {
  'parts/package.json': `{ "name": "parts", "type": "module", "main": "main.js" }`,
  'parts/main.js': `
    import { readFile } from 'node:fs/promises'
    import * as all from './other.js'
    import plain, { count, bump } from './other.js'
    export const own = 1
    const touches = {
      builtin: () => readFile('/'),
      namespace: () => all.count,
      binding: () => count + 1,
      call: () => bump(),
      fallback: () => plain.x,
      later: () => import('./lazy.js'),
      self: async () => (await import('./main.js')).own,
    }
    export function init(k) {
      k.register('inside', () => touches)
      k.register('touch', async name => {
        await probe.door(name)
        try { return await touches[name]() } catch (error) { probe.say(name + ' ' + error.code); throw error }
      })
    }`,
  'parts/other.js': `export let count = 1\nexport const bump = () => ++count\nexport default { x: 1 }`,
  'parts/lazy.js': `export const lazy = true`,
}
const TOUCHES = ['builtin', 'namespace', 'binding', 'call', 'fallback', 'later', 'self']

describe('an image that was cut off', () => {
  it('has settled every call in flight: with ESTALE, image, export and time', async t => {
    const { kernel, file, probe } = stage(
      t,
      {
        'a.ts': `export const init = k => {
          k.register('p', { wait: async door => { await probe.door(door); return door } })
        }`,
      },
      { grace: 0 },
    )
    await kernel.insmod(file('a.ts'))
    const [p] = [...kernel.point<{ wait(door: string): Promise<string> }>('p')]
    const results = Promise.allSettled(['a', 'b'].map(door => p!.wait(door)))
    await kernel.rmmod('a', { reclaim: true })
    for (const result of await results) {
      assert.equal(result.status, 'rejected')
      const { code, data } = result.reason as { code: string; data: Record<string, string> }
      assert.deepEqual([code, data.image, data.export, data.how], ['ESTALE', 'a#1', 'p.wait', 'reclaimed'])
      assert.ok(!Number.isNaN(Date.parse(data.time!)))
    }
    probe.open('a')
    await turns()
  })

  it('throws ESTALE inside the calls that go on, at whatever they touch of its imports and exports', async t => {
    const { kernel, file, probe } = stage(t, PARTS, { grace: 0 })
    await kernel.insmod(file('parts'))
    const [touch] = [...kernel.point<(name: string) => Promise<unknown>>('touch')]
    const results = Promise.allSettled(TOUCHES.map(name => touch!(name)))
    await Promise.all(TOUCHES.map(name => probe.reached(name)))
    await kernel.rmmod('parts', { reclaim: true })
    for (const name of TOUCHES) probe.open(name)
    for (const result of await results) assert.equal(result.status, 'rejected')
    await turns()
    assert.deepEqual(probe.said.sort(), TOUCHES.map(name => `${name} ESTALE`).sort())
  })

  it('throws ESTALE at whatever a pointer into it touches; until then it works', async t => {
    const { kernel, file } = stage(t, PARTS, { grace: 0 })
    await kernel.insmod(file('parts'))
    const touches = [...kernel.point<() => Record<string, () => unknown>>('inside')][0]!()
    assert.deepEqual([touches.namespace!(), touches.binding!(), touches.call!()], [1, 2, 2])
    await kernel.rmmod('parts')
    assert.equal(touches.call!(), 3)
    await kernel.reclaim('parts#1')
    for (const name of TOUCHES)
      await assert.rejects(
        async () => touches[name]!(),
        (error: { code: string; data: { image: string; export: string } }) => {
          assert.deepEqual([name, error.code, error.data.image], [name, 'ESTALE', 'parts#1'])
          assert.ok(error.data.export.length > 0)
          return true
        },
      )
  })

  it('runs none of its files that still waited for another, whatever they were compiled to', async t => {
    const waiting = {
      'plain.js': `import { x } from './slow.js'; probe.say('plain ' + x)`,
      'awaits.js': `import { x } from './slow.js'; await null; probe.say('awaits ' + x)`,
      'circle.js': `import { x } from './slow.js'; import './arc.js'; probe.say('circle ' + x); export const y = 1`,
      'arc.js': `import { y } from './circle.js'; export const z = () => y`,
    }
    const parts = Object.entries(waiting).map(([name, text]) => [`parts/${name}`, text])
    const { kernel, file, probe } = stage(
      t,
      {
        ...Object.fromEntries(parts),
        'parts/package.json': `{ "name": "parts", "type": "module", "main": "main.js" }`,
        'parts/slow.js': `await probe.door('slow'); export const x = 1`,
        'parts/main.js': `import './plain.js'; import './awaits.js'; import './circle.js'`,
      },
      { initTimeout: 20 },
    )
    await refusal(kernel.insmod(file('parts')), 'EINIT', 'ECANCELED', /evaluation took longer than 20 ms/)
    await kernel.reclaim('parts#1')
    probe.open('slow')
    await turns(6)
    assert.deepEqual(probe.said, [])
  })

  it('has nothing open any more, timers for its calls in flight included', async t => {
    const { kernel, file, probe } = stage(
      t,
      {
        'a.ts': `
          export function init(k) {
            k.register('p', async () => {
              await probe.door('call')
              setInterval(() => probe.say('tick'), 1)
              process.on('SIGUSR2', () => {})
              await new Promise(resolve => setTimeout(resolve, 1e9))
            })
          }`,
      },
      { grace: 0 },
    )
    const before = process.listenerCount('SIGUSR2')
    await kernel.insmod(file('a.ts'))
    const call = [...kernel.point<() => Promise<void>>('p')][0]!()
    await probe.reached('call')
    await kernel.rmmod('a')
    probe.open('call')
    while (process.listenerCount('SIGUSR2') === before) await turns()
    const settled = assert.rejects(call, { code: 'ESTALE' })
    const { images } = await kernel.reclaim('a#1')
    await settled
    assert.equal(images[0]!.leftovers, 3)
    assert.equal(process.listenerCount('SIGUSR2'), before)
    probe.take()
    await turns(20)
    assert.deepEqual(probe.said, [])
  })

  it('leaves alone the modules that it imported from, and the image that serves now', async t => {
    const api = (more: number) => `
      import { next } from './db.ts'
      export const init = k => k.register('p', () => next() + ${more})`
    const { kernel, folder, file } = stage(t, {
      'db.ts': `export let n = 0\nexport const next = () => ++n`,
      'api.ts': api(0),
    })
    await kernel.insmod(file('db.ts'))
    await kernel.insmod(file('api.ts'))
    const [old] = [...kernel.point<() => number>('p')]
    assert.equal(old!(), 1)
    folder.write({ 'api.ts': api(100) })
    await kernel.replace('api')
    await kernel.reclaim('api#1')
    assert.throws(old!, { code: 'ESTALE' })
    assert.equal([...kernel.point<() => number>('p')][0]!(), 102)
  })

  it('must be one that lingers', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}' })
    await kernel.insmod(file('a.ts'))
    await refusal(kernel.reclaim('a#1'), 'ENOENT', 'ENOENT', 'Image a#1 is not removed yet')
    await refusal(kernel.reclaim('a#2'), 'ENOENT', 'ENOENT', 'Image a#2 is not in memory')
    assert.deepEqual(kernel.taints, [])
  })
})
