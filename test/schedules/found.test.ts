import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../support/clock.ts'
import { turns } from '../support/latch.ts'
import { callAll, loaded, refusal, stage } from '../support/stage.ts'

/** What random schedules have found, told again without them. */
describe('what schedules have found', () => {
  it('close lets the process go on while it waits for a removal that somebody else began', async t => {
    const { kernel, file, probe } = stage(t, {
      'slow.ts': `export const exit = () => probe.door('exit')`,
      'quick.ts': `export const exit = () => {}`,
    })
    await kernel.insmod(file('slow.ts'))
    await kernel.insmod(file('quick.ts'))
    const removing = kernel.rmmod('slow')
    const closing = kernel.close()
    await turns()
    assert.deepEqual(loaded(kernel), ['slow#1 GOING'])
    probe.open('exit')
    await Promise.all([removing, closing])
    assert.deepEqual(loaded(kernel), [])
  })

  it('close ends when a load that began after it fails', async t => {
    const { kernel, file, probe } = stage(t, {
      'slow.ts': `export const exit = () => probe.door('exit')`,
      'broken.ts': `import { nothing } from './missing.ts'\nexport const x = nothing`,
      'missing.ts': `await probe.door('missing')\nthrow new Error('no')`,
    })
    await kernel.insmod(file('slow.ts'))
    const closing = kernel.close()
    const failing = [kernel.insmod(file('missing.ts')), kernel.insmod(file('broken.ts'))]
    const settled = Promise.allSettled(failing)
    probe.open('exit')
    await turns()
    probe.open('missing')
    await settled
    await closing
    assert.deepEqual(loaded(kernel), [])
  })

  it('close goes on when a listener removes what it was about to remove', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export const a = 1', 'b.ts': 'export const b = 1' })
    await kernel.insmod(file('a.ts'))
    await kernel.insmod(file('b.ts'))
    let removed: Promise<unknown> | undefined
    kernel.once('going', () => {
      removed = kernel.rmmod('b')
    })
    await kernel.close()
    await removed
    assert.deepEqual(loaded(kernel), [])
  })

  it('import() of a module that imports from this one is refused, since neither could ever go', async t => {
    const { kernel, file } = stage(t, {
      'low.ts': `export const low = 1\nexport const init = k => k.register('p', () => import('./high.ts'))`,
      'high.ts': `import { low } from './low.ts'\nexport const high = low + 1`,
    })
    await kernel.insmod(file('low.ts'))
    await kernel.insmod(file('high.ts'))
    const text = `could not insert module ${file('low.ts')}: modules import each other: low -> high -> low`
    await refusal(callAll(kernel, 'p'), 'ELOOP', 'ELOOP', text)
    await kernel.rmmod('high')
    await kernel.rmmod('low')
  })

  it('a replacement that waits for handoff meets the image of its dependency that serves by then', async t => {
    const { kernel, folder, file, probe } = stage(t, {
      'low.ts': `export const low = 'old'`,
      'high.ts': `import { low } from './low.ts'
        export const init = k => k.register('p', () => low)
        export const handoff = () => probe.door('handoff')`,
    })
    await kernel.insmod(file('low.ts'))
    await kernel.insmod(file('high.ts'))
    const replacing = kernel.replace('high')
    await probe.reached('handoff')
    folder.write({ 'low.ts': `export const low = 'new'` })
    await kernel.replace('low')
    probe.open('handoff')
    await replacing
    assert.deepEqual(await callAll(kernel, 'p'), ['new'])
  })

  it('rmmod with its dependents refuses at once while one of them is being made for a replacement', async t => {
    const { kernel, folder, file, probe } = stage(t, {
      'low.ts': `export const low = 1`,
      'high.ts': `import { low } from './low.ts'\nexport const high = low`,
    })
    await kernel.insmod(file('low.ts'))
    await kernel.insmod(file('high.ts'))
    // Two versions that import from each other: neither of their removals could go first.
    folder.write({ 'low.ts': `import { high } from './high.ts'\nawait probe.door('low')\nexport const low = high` })
    const replacing = assert.rejects(kernel.replace('low'), /modules import each other/)
    await probe.reached('low')
    await refusal(kernel.rmmod('high', { recursive: true }), 'ENOTLIVE', 'EBUSY', 'Module low is being loaded')
    probe.open('low')
    await replacing
    await kernel.rmmod('low', { recursive: true })
    assert.deepEqual(loaded(kernel), [])
  })

  it('a failed load gives up a deferred function that never ends', async t => {
    const clock = new ManualClock()
    const source = `export const init = k => { k.defer(() => new Promise(() => {})); throw new Error('no') }`
    const { kernel, file } = stage(t, { 'a.ts': source }, { clock, exitTimeout: 1000 })
    const failing = assert.rejects(kernel.insmod(file('a.ts')), /no/)
    while (clock.waiting === 0) await turns()
    clock.advance(1000)
    await failing
    assert.deepEqual(loaded(kernel), [])
  })

  it('a dependency that its hook does not bring in is missing, and the hook is not asked for ever', async t => {
    const { kernel, file } = stage(t, {
      'outlive.config.json': JSON.stringify({ install: { low: 'true' } }),
      'low.ts': `export const low = 1`,
      'high.ts': `import { low } from './low.ts'\nexport const high = low`,
    })
    const text = `could not insert module ${file('high.ts')}: Unknown symbol 'low' (imported from low) at ${file('high.ts')}:1:10`
    await refusal(kernel.modprobe('high'), 'ESYMBOL', 'ENOENT', text)
    assert.deepEqual(loaded(kernel), [])
  })

  it('a listener may remove a module that has just come back from a removal called off', async t => {
    const files = {
      'a.ts': `export const init = k => { k.register('p', () => {}); k.signal.onabort = () => k.log.info('end') }`,
    }
    const { kernel, file } = stage(t, files, { scheme: 'refcount' })
    await kernel.insmod(file('a.ts'))
    const reference = kernel.tryModuleGet('a')!
    const controller = new AbortController()
    const waiting = assert.rejects(kernel.rmmod('a', { wait: true, signal: controller.signal }))
    let seen: number | undefined
    let removing: Promise<unknown> | undefined
    kernel.once('live', () => {
      seen = kernel.point('p').size
      reference.put()
      removing = kernel.rmmod('a')
    })
    controller.abort()
    await waiting
    await removing
    assert.deepEqual([seen, kernel.point('p').size, loaded(kernel)], [1, 0, []])
  })
})
