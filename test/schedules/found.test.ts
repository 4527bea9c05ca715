import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
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
})
