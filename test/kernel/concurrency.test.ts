import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { turns } from '../support/latch.ts'
import { callAll, loaded, refusal, stage } from '../support/stage.ts'

const DB = `
export const query = () => 'rows'
export async function init(k) {
  k.register('p', query)
  await probe.door('init')
  if (probe.fails) throw new Error('no disk')
}
export const exit = () => probe.door('exit')
`
const API = `import { query } from './db.ts'\nexport const init = k => k.register('api', () => query())`
const FILES = { 'db.ts': DB, 'api.ts': API }

describe('two inserts of one name at once', () => {
  it('the second waits, and is told EEXIST when the first succeeds', async t => {
    const { kernel, file, probe } = stage(t, FILES)
    const order: string[] = []
    const first = kernel.insmod(file('db.ts')).then(() => order.push('first'))
    await probe.reached('init')
    const second = kernel.insmod(file('db.ts')).catch((error: Error) => {
      order.push('second')
      throw error
    })
    second.catch(() => {})
    await turns()
    assert.deepEqual(order, [], 'it waits')
    probe.open('init')
    await first
    await refusal(second, 'EEXIST', 'EEXIST', `could not insert module ${file('db.ts')}: File exists`)
    assert.deepEqual(order, ['first', 'second'])
    assert.equal(kernel.point('p').size, 1)
    probe.open('exit')
  })

  it('the second is told ENOTLIVE when the first fails', async t => {
    const { kernel, file, probe } = stage(t, FILES)
    Object.assign(probe, { fails: true })
    const first = kernel.insmod(file('db.ts'))
    const others = [kernel.insmod(file('db.ts')), kernel.insmod(file('db.ts'))]
    probe.open('init')
    const [outcome, ...rest] = await Promise.allSettled([first, ...others])
    assert.match(String((outcome as PromiseRejectedResult).reason), /no disk/)
    for (const { reason } of rest as PromiseRejectedResult[])
      await refusal(Promise.reject(reason), 'ENOTLIVE', 'EBUSY', 'Module db is being loaded')
    assert.deepEqual(loaded(kernel), [])
  })

  it('by modprobe: both succeed, and one of them brought it in', async t => {
    const { kernel, probe } = stage(t, FILES)
    const both = [kernel.modprobe('db'), kernel.modprobe('db')]
    probe.open('init')
    const rows = await Promise.all(both)
    assert.deepEqual(
      rows.map(row => row.map(({ name }) => name)),
      [['db'], []],
    )
    probe.open('exit')
  })
})

describe('a module that is being loaded', () => {
  it('cannot be removed or replaced', async t => {
    const { kernel, file, probe } = stage(t, FILES)
    const loading = kernel.insmod(file('db.ts'))
    await refusal(kernel.rmmod('db'), 'ENOTLIVE', 'EBUSY', 'Module db is being loaded')
    await probe.reached('init')
    await refusal(kernel.rmmod('db'), 'ENOTLIVE', 'EBUSY', 'Module db is being loaded')
    await refusal(kernel.replace('db'), 'ENOTLIVE', 'EBUSY', 'Module db is being loaded')
    probe.open('init')
    await loading
    assert.deepEqual(loaded(kernel), ['db#1 LIVE'])
    probe.open('exit')
  })

  it('is waited for by its dependents, which then load', async t => {
    const { kernel, file, probe } = stage(t, FILES)
    const db = kernel.insmod(file('db.ts'))
    await probe.reached('init')
    const api = kernel.insmod(file('api.ts'))
    await turns()
    assert.equal(kernel.point('api').size, 0)
    probe.open('init')
    await Promise.all([db, api])
    assert.deepEqual(await callAll(kernel, 'api'), ['rows'])
    probe.open('exit')
  })

  for (const by of ['insmod', 'modprobe'] as const)
    it(`and fails, gives its dependents ESYMBOL, by ${by}`, async t => {
      const { kernel, file, probe } = stage(t, FILES)
      Object.assign(probe, { fails: true })
      const db = kernel.insmod(file('db.ts'))
      await probe.reached('init')
      const api = by === 'insmod' ? kernel.insmod(file('api.ts')) : kernel.modprobe('api')
      const told: string[] = []
      const failed = refusal(
        api.finally(() => told.push('api')),
        'ESYMBOL',
        'ENOENT',
        `could not insert module ${file('api.ts')}: Unknown symbol 'query' (imported from db) at ${file('api.ts')}:1:10`,
      )
      await turns()
      assert.deepEqual(told, [], 'it waits')
      probe.open('init')
      await refusal(db, 'EINIT', 'ECANCELED', /no disk/)
      await failed
      assert.deepEqual(loaded(kernel), [])
    })

  it('cannot remove itself from its init', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `export const init = k => k.kernel.request === undefined ? null : globalThis.outer.rmmod('a')`,
    })
    Object.assign(globalThis, { outer: kernel })
    await refusal(kernel.insmod(file('a.ts')), 'ENOTLIVE', 'EBUSY', 'Module a is being loaded')
    assert.deepEqual(loaded(kernel), [])
  })
})

describe('a module that is being unloaded', () => {
  it('cannot be inserted, removed or replaced until it is gone', async t => {
    const { kernel, file, probe } = stage(t, FILES)
    probe.open('init')
    await kernel.insmod(file('db.ts'))
    const removing = kernel.rmmod('db')
    await probe.reached('exit')
    const being = 'Module db is being unloaded'
    await refusal(kernel.insmod(file('db.ts')), 'ENOTLIVE', 'EBUSY', being)
    await refusal(kernel.modprobe('db'), 'ENOTLIVE', 'EBUSY', being)
    await refusal(kernel.rmmod('db'), 'ENOTLIVE', 'EBUSY', being)
    await refusal(kernel.replace('db'), 'ENOTLIVE', 'EBUSY', being)
    probe.open('exit')
    await removing
    await kernel.insmod(file('db.ts'))
    assert.deepEqual(loaded(kernel), ['db#2 LIVE'])
  })

  it('gives its dependents ENOENT at once', async t => {
    const { kernel, file, probe } = stage(t, FILES)
    probe.open('init')
    await kernel.insmod(file('db.ts'))
    const removing = kernel.rmmod('db')
    await probe.reached('exit')
    const message = `could not insert module ${file('api.ts')}: Module db is being unloaded`
    await refusal(kernel.insmod(file('api.ts')), 'ENOENT', 'ENOENT', message)
    await refusal(kernel.modprobe('api'), 'ENOENT', 'ENOENT', message)
    probe.open('exit')
    await removing
  })

  it('outside of the module folders is no file of its importer either', async t => {
    const { kernel, file, probe } = stage(t, FILES, { modules: [] })
    probe.open('init')
    await kernel.insmod(file('db.ts'))
    const removing = kernel.rmmod('db')
    await probe.reached('exit')
    await refusal(kernel.insmod(file('api.ts')), 'ENOENT', 'ENOENT', /Module db is being unloaded/)
    assert.deepEqual(loaded(kernel), ['db#1 GOING'])
    probe.open('exit')
    await removing
  })
})

describe('a module that is being replaced', () => {
  const slow = `export const init = async k => { k.register('p', () => k.module.generation); if (k.module.generation > 1) await probe.door('init') }`

  it('cannot be replaced a second time; it can be called all the while', async t => {
    const { kernel, file, probe } = stage(t, { 'a.ts': slow })
    await kernel.insmod(file('a.ts'))
    const replacing = kernel.replace('a')
    await probe.reached('init')
    await refusal(kernel.replace('a'), 'ENOTLIVE', 'EBUSY', 'Module a is being loaded')
    assert.deepEqual(await callAll(kernel, 'p'), [1])
    probe.open('init')
    await replacing
    assert.deepEqual(await callAll(kernel, 'p'), [2])
    await kernel.replace('a')
    assert.deepEqual(await callAll(kernel, 'p'), [3])
  })

  it('can be removed; the new version is then thrown away', async t => {
    const { kernel, file, probe } = stage(t, { 'a.ts': slow })
    await kernel.insmod(file('a.ts'))
    const replacing = kernel.replace('a')
    await probe.reached('init')
    await kernel.rmmod('a')
    probe.open('init')
    await refusal(replacing, 'ENOENT', 'ENOENT', 'Module a is not currently loaded')
    assert.deepEqual([loaded(kernel), kernel.point('p').size], [[], 0])
    assert.equal((await kernel.insmod(file('a.ts'))).state, 'LIVE')
  })

  it('is inserted already: EEXIST', async t => {
    const { kernel, file, probe } = stage(t, { 'a.ts': slow })
    await kernel.insmod(file('a.ts'))
    const replacing = kernel.replace('a')
    await refusal(kernel.insmod(file('a.ts')), 'EEXIST', 'EEXIST', /File exists$/)
    probe.open('init')
    await replacing
  })

  it('can be removed while the old version is still on its way out', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `export const init = k => k.register('p', () => 1)
        const { generation } = { generation: (globalThis.counted = (globalThis.counted ?? 0) + 1) }
        export const exit = () => generation === 1 ? probe.door('exit') : probe.say('exit 2')`,
    })
    await kernel.insmod(file('a.ts'))
    const replacing = kernel.replace('a')
    await probe.reached('exit')
    assert.equal((await kernel.rmmod('a')).generation, 2)
    assert.deepEqual([loaded(kernel), probe.said, kernel.point('p').size], [[], ['exit 2'], 0])
    probe.open('exit')
    assert.equal((await replacing).unloaded.generation, 1)
  })
})

describe('many operations at once', () => {
  it('leave the kernel whole: every name ends in service or gone, and each call met a version in service', async t => {
    const files = Object.fromEntries(
      ['a', 'b', 'c'].map(name => [
        `${name}.ts`,
        `export const init = async k => { await null; k.register('p', async () => { await null; return '${name}' }) }`,
      ]),
    )
    const { kernel, file } = stage(t, files)
    const work: Promise<unknown>[] = []
    for (let round = 0; round < 40; round++) {
      for (const name of ['a', 'b', 'c']) {
        work.push(kernel.insmod(file(`${name}.ts`)), kernel.replace(name))
        if (round % 3 === 0) work.push(kernel.rmmod(name))
      }
      await callAll(kernel, 'p')
    }
    const outcomes = await Promise.allSettled(work)
    const codes = new Set(
      outcomes.flatMap(it => (it.status === 'rejected' ? [(it.reason as { code: string }).code] : [])),
    )
    for (const code of codes) assert.ok(['ENOENT', 'EEXIST', 'ENOTLIVE'].includes(code), `unexpected ${code}`)
    const names = kernel.lsmod().map(({ name }) => name)
    assert.deepEqual([...kernel.point<() => unknown>('p')].length, names.length)
    assert.ok(kernel.lsmod().every(({ state }) => state === 'LIVE'))
  })
})
