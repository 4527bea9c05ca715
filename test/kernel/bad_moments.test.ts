import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { expectSilence, isAsBefore, withGood } from '../support/bad_input.ts'
import { ManualClock } from '../support/clock.ts'
import { turns } from '../support/latch.ts'
import { callAll, loaded, refusal, stage } from '../support/stage.ts'

describe('bad input', () => {
  expectSilence()

  describe('moments', () => {
    it('two inserts of one name at once', async t => {
      const made = await withGood(t, { 'a.ts': 'export const exit = () => {}', 'other/a.ts': '' })
      const paths = [made.file('a.ts'), made.file('a.ts'), made.file('other/a.ts')]
      const outcomes = await Promise.allSettled(paths.map(path => made.kernel.insmod(path)))
      assert.deepEqual(
        outcomes.map(it => (it.status === 'fulfilled' ? 'done' : (it.reason as { code: string }).code)),
        ['done', 'EEXIST', 'EEXIST'],
      )
      await made.kernel.rmmod('a')
      await isAsBefore(made)
    })

    it('a removal during init', async t => {
      const made = await withGood(t, { 'a.ts': `export const init = () => probe.door('init')` })
      const inserting = made.kernel.insmod(made.file('a.ts'))
      await made.probe.reached('init')
      await refusal(made.kernel.rmmod('a'), 'ENOTLIVE', 'EBUSY', 'Module a is being loaded')
      made.probe.open('init')
      await inserting
      await made.kernel.rmmod('a')
      await isAsBefore(made)
    })

    it('a replace during a replace', async t => {
      const made = await withGood(t, {
        'a.ts': `export const init = k => k.module.generation > 1 && probe.door('init')`,
      })
      await made.kernel.insmod(made.file('a.ts'))
      const replacing = made.kernel.replace('a')
      await refusal(made.kernel.replace('a'), 'ENOTLIVE', 'EBUSY', 'Module a is being loaded')
      made.probe.open('init')
      assert.equal((await replacing).generation, 2)
      await made.kernel.rmmod('a')
      await isAsBefore(made)
    })

    it('a module that unloads itself from its init', async t => {
      const made = await withGood(t, { 'a.ts': `export const init = () => probe.kernel.rmmod('a')` })
      Object.assign(made.probe, { kernel: made.kernel })
      await refusal(made.kernel.insmod(made.file('a.ts')), 'ENOTLIVE', 'EBUSY', 'Module a is being loaded')
      await isAsBefore(made)
    })

    it('a module that unloads itself from a call, and waits for it: the grace period ends that', async t => {
      const clock = new ManualClock()
      const made = await withGood(
        t,
        {
          'a.ts': `export const init = k => k.register('self', async () => (await probe.kernel.rmmod('a')).drained)
            export const exit = () => {}`,
        },
        { clock, grace: 50 },
      )
      Object.assign(made.probe, { kernel: made.kernel })
      await made.kernel.insmod(made.file('a.ts'))
      const call = [...made.kernel.point<() => Promise<boolean>>('self')][0]!()
      await turns()
      clock.advance(50)
      assert.equal(await call, false)
      await isAsBefore(made)
    })

    it('a module that unloads itself from a call, without waiting', async t => {
      const made = await withGood(t, {
        'a.ts': `export const init = k => k.register('self', async () => { probe.removing = probe.kernel.rmmod('a'); await null; return 'bye' })`,
      })
      Object.assign(made.probe, { kernel: made.kernel })
      await made.kernel.insmod(made.file('a.ts'))
      assert.deepEqual(await callAll(made.kernel, 'self'), ['bye'])
      const report = await (made.probe as unknown as { removing: Promise<{ callsInFlight: number; drained: boolean }> })
        .removing
      assert.deepEqual([report.callsInFlight, report.drained], [1, true])
      await isAsBefore(made)
    })

    it('a module that unloads itself from its exit, or replaces itself from its init', async t => {
      const made = await withGood(t, {
        'a.ts': `export const exit = () => probe.kernel.rmmod('a')`,
        'b.ts': `export const init = k => k.module.generation > 1 && probe.kernel.replace('b')`,
      })
      Object.assign(made.probe, { kernel: made.kernel })
      await made.kernel.insmod(made.file('a.ts'))
      assert.equal((await made.kernel.rmmod('a')).exitError?.message, 'Module a is being unloaded')
      await made.kernel.insmod(made.file('b.ts'))
      await refusal(made.kernel.replace('b'), 'ENOTLIVE', 'EBUSY', 'Module b is being loaded')
      assert.deepEqual(loaded(made.kernel), ['good#1 LIVE', 'b#1 LIVE'])
      await made.kernel.rmmod('b')
      await isAsBefore(made)
    })
  })

  describe('names and parameters', () => {
    it('with ../ or a slash are no names', async t => {
      const made = await withGood(t, { 'inside/secret.ts': `probe.say('ran')` }, {})
      const outside = stage(t, { 'evil.ts': `probe.say('ran')` })
      const names = [
        `../${outside.folder.path.split('/').at(-1)}/evil`,
        '../evil',
        'inside/secret',
        './good',
        '..',
        '.',
        '/etc/passwd',
        'a\\b',
        'x\0y',
      ]
      for (const name of names) {
        await refusal(
          made.kernel.modprobe(name),
          'ENOENT',
          'ENOENT',
          `Module ${name} not found in directory ${made.folder.path}`,
        )
        await refusal(
          made.kernel.rmmod(name),
          'ENOENT',
          'ENOENT',
          `Module ${name.replaceAll('-', '_')} is not currently loaded`,
        )
        await refusal(
          made.kernel.replace(name),
          'ENOENT',
          'ENOENT',
          `Module ${name.replaceAll('-', '_')} is not currently loaded`,
        )
      }
      assert.deepEqual(outside.probe.said, [])
      await isAsBefore(made)
    })

    it('with ../ in a package.json are refused', async t => {
      for (const name of ['../good', 'a/b', '@s/../x', '..']) {
        const made = await withGood(t, { 'f/package.json': JSON.stringify({ name, main: 'x.js' }), 'f/x.js': '' })
        await refusal(
          made.kernel.insmod(made.file('f')),
          'EINVAL',
          'EINVAL',
          `Invalid argument: '${name}' in ${made.file('f/package.json')} is no name of a module`,
        )
        await isAsBefore(made)
      }
    })

    it('of paths with a zero byte are refused', async t => {
      const made = await withGood(t, {})
      await refusal(made.kernel.insmod(join(made.folder.path, 'a\0.ts')), 'ENOENT', 'ENOENT', /^could not load module /)
      await isAsBefore(made)
    })

    it('of properties that every object has are ordinary names', async t => {
      const made = await withGood(t, {
        'constructor.ts': 'export {}',
        '__proto__.ts': 'export {}',
        'toString.ts': 'export {}',
      })
      for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
        await refusal(made.kernel.rmmod(name), 'ENOENT', 'ENOENT', `Module ${name} is not currently loaded`)
      for (const name of ['constructor', '__proto__', 'toString']) await made.kernel.modprobe(name)
      for (const name of ['constructor', '__proto__', 'toString']) await made.kernel.rmmod(name)
      await isAsBefore(made)
    })

    it('of a wrong type or out of range leave nothing', async t => {
      const made = await withGood(t, {
        'a.ts': `probe.say('ran')\nexport const info = { params: { n: { type: 'int', max: 5 } } }`,
      })
      await refusal(
        made.kernel.insmod(made.file('a.ts'), { n: 'many' }),
        'EINVAL',
        'EINVAL',
        /'many' invalid for parameter 'n' \(int\)$/,
      )
      await refusal(
        made.kernel.insmod(made.file('a.ts'), { n: 6 }),
        'ERANGE',
        'ERANGE',
        /'6' out of range for parameter 'n'/,
      )
      await isAsBefore(made)
    })
  })
})
