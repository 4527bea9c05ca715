import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Kernel, KernelEvents, ModuleEvent } from 'outlive'
import { loaded, logOf, refusal, stage } from '../support/stage.ts'

const STEPS = ['coming', 'live', 'going', 'gone'] as const

/** Every step as it is told, with what lsmod says at that moment. */
function follow(kernel: Kernel): string[] {
  const seen: string[] = []
  for (const step of STEPS)
    kernel.on(step, ({ module, generation }) =>
      seen.push(`${step} ${module}#${generation}; ${loaded(kernel).join(', ')}`),
    )
  return seen
}

describe('events', () => {
  it('tell each step of a module, with its name, generation and file', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}' })
    const payloads: ModuleEvent[] = []
    for (const step of STEPS) kernel.on(step, event => payloads.push(event))
    const seen = follow(kernel)
    await kernel.insmod(file('a.ts'))
    await kernel.rmmod('a')
    assert.deepEqual(seen, ['coming a#1; a#1 COMING', 'live a#1; a#1 LIVE', 'going a#1; a#1 GOING', 'gone a#1; '])
    const payload = { module: 'a', generation: 1, file: file('a.ts') }
    assert.deepEqual(payloads, [payload, payload, payload, payload])
  })

  it('that there are none of cannot be listened to', t => {
    const { kernel } = stage(t, {})
    for (const listen of ['on', 'once', 'off'] as const)
      assert.throws(() => kernel[listen]('unloaded' as 'gone', () => {}), {
        code: 'EINVAL',
        message: new RegExp(
          `${listen}: there is no event 'unloaded'; there are coming, live, going, gone, collected, taint$`,
        ),
      })
    assert.throws(() => kernel.on('toString' as 'gone', () => {}), { code: 'EINVAL' })
    for (const listen of ['on', 'off'] as const)
      assert.throws(() => kernel.point('p')[listen]('added' as 'add', () => {}), {
        code: 'EINVAL',
        message: `Invalid argument: ${listen}: a point has no event 'added'; there are add, remove`,
      })
  })

  it('tell a failed init as coming, going, gone', async t => {
    const { kernel, file } = stage(t, { 'a.ts': `export const init = () => { throw new Error('no') }` })
    const seen = follow(kernel)
    await refusal(kernel.insmod(file('a.ts')), 'EINIT', 'ECANCELED', /no/)
    assert.deepEqual(seen, ['coming a#1; a#1 COMING', 'going a#1; a#1 GOING', 'gone a#1; '])
  })

  it('tell nothing of a module that could not be read or linked', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': 'export const a = ;',
      'b.ts': `import { x } from './c.ts'`,
      'c.ts': '',
    })
    const seen = follow(kernel)
    await refusal(kernel.insmod(file('a.ts')), 'ENOEXEC', 'ENOEXEC', /./)
    await refusal(kernel.insmod(file('b.ts')), 'ESYMBOL', 'ENOENT', /./)
    assert.deepEqual(seen, [])
  })

  it('tell at a replace the new one live before the old one going', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}' })
    await kernel.insmod(file('a.ts'))
    const seen = follow(kernel)
    await kernel.replace('a')
    assert.deepEqual(seen, ['coming a#2; a#1 LIVE', 'live a#2; a#2 LIVE', 'going a#1; a#2 LIVE', 'gone a#1; a#2 LIVE'])
  })

  it('survive a listener that throws, which the log names', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}' })
    kernel.on('live', () => {
      throw new Error('my mistake')
    })
    const seen = follow(kernel)
    await kernel.insmod(file('a.ts'))
    await kernel.rmmod('a')
    assert.equal(seen.length, 4)
    assert.ok(logOf(kernel).includes(`a listener of 'live' threw: my mistake`))
  })

  it('can be asked for once, and no more', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}' })
    const seen: string[] = []
    const every = ({ module }: ModuleEvent) => seen.push(`every ${module}`)
    kernel.once('live', () => seen.push('once')).on('live', every)
    await kernel.insmod(file('a.ts'))
    await kernel.replace('a')
    kernel.off('live', every)
    await kernel.replace('a')
    assert.deepEqual(seen, ['once', 'every a', 'every a'])
  })

  it('come in the tick of rmmod for going, and a listener may already insert another module', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export {}', 'b.ts': 'export {}' })
    await kernel.insmod(file('a.ts'))
    const inserted = new Promise<unknown>(resolve => kernel.once('going', () => resolve(kernel.insmod(file('b.ts')))))
    await kernel.rmmod('a')
    await inserted
    assert.deepEqual(loaded(kernel), ['b#1 LIVE'])
  })

  it('of a point find a module that serves: it can be called, referred to and removed', async t => {
    const { kernel, file } = stage(
      t,
      { 'a.ts': `export const init = k => { for (const i of [1, 2]) k.register('p', () => i) }` },
      { scheme: 'refcount' },
    )
    const point = kernel.point<() => number>('p')
    const owners: unknown[] = []
    kernel.on('live', () => owners.push(...[...point].map(say => point.owner(say)?.module)))
    const inside: Promise<unknown>[] = []
    const removed: number[] = []
    point.on('remove', () => removed.push(point.size))
    point.on('add', (say, owner) => {
      const reference = kernel.tryModuleGet(owner)
      assert.deepEqual([say(), loaded(kernel), point.size], [1, ['a#1 LIVE'], 2])
      reference?.put()
      assert.equal(reference?.module, 'a')
      inside.push(kernel.rmmod('a'))
    })
    await kernel.insmod(file('a.ts'))
    await Promise.all(inside)
    // The second is gone before anybody has heard of it.
    assert.deepEqual([inside.length, owners, removed, loaded(kernel)], [1, ['a', 'a'], [1], []])
  })

  it('of a point find a module that is leaving on its way already, and cannot remove it a second time', async t => {
    const source = `export const init = k => void k.register('p', () => 1)`
    for (const options of [{}, { wait: true }]) {
      const { kernel, file } = stage(t, { 'a.ts': source }, { scheme: 'refcount' })
      await kernel.insmod(file('a.ts'))
      if ('wait' in options) kernel.tryModuleGet('a')
      const inside: Promise<unknown>[] = []
      kernel
        .point('p')
        .on('remove', () => inside.push(refusal(kernel.rmmod('a'), 'ENOTLIVE', 'EBUSY', 'Module a is being unloaded')))
      const removed = kernel.rmmod('a', options)
      if ('wait' in options) kernel.modulePut('a')
      await removed
      await Promise.all(inside)
      assert.deepEqual([inside.length, loaded(kernel)], [1, []])
    }
  })

  it('tell a taint with its letter, its bit and the reason', async t => {
    const { kernel, file } = stage(t, { 'a.ts': `export const info = { permanent: true }` })
    const seen: KernelEvents['taint'][] = []
    kernel.on('taint', event => seen.push(event))
    await kernel.insmod(file('a.ts'))
    assert.deepEqual(kernel.taints.length, 0)
    await kernel.rmmod('a', { force: true })
    assert.equal(seen.length, 1)
    const [{ letter, bit, module, reason }] = seen as [KernelEvents['taint']]
    assert.deepEqual([letter, bit, module], ['R', 3, 'a'])
    assert.match(reason, /a#1 was unloaded by force/)
    assert.equal(kernel.taints.length, 1)
  })
})
