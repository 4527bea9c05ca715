import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../support/clock.ts'
import { turns } from '../support/latch.ts'
import { loaded, refusal, stage } from '../support/stage.ts'

const DB = `
export const query = () => 'rows'
export const info = { aliases: ['sql'] }
export function init(k) {
  k.register('db', { query: () => 'rows', slow: async name => { await probe.door(name); return 'slow rows' } })
}
export const exit = () => probe.say('exit')`

interface Db {
  query(): string
  slow(name: string): Promise<string>
}

describe('refcount', () => {
  it('refuses rmmod while a reference is held, with the count and the places', async t => {
    const { kernel, file } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    const take = () => kernel.tryModuleGet('db')!
    const references = [take(), take(), kernel.tryModuleGet('db')!]
    const error = await refusal(kernel.rmmod('db'), 'EINUSE', 'EAGAIN', 'Module db is in use')
    assert.equal(error.data.count, 3)
    const holders = error.data.holders as { where: string; count: number }[]
    assert.deepEqual(holders.map(({ count }) => count).sort(), [1, 2])
    for (const { where } of holders) assert.match(where, /refcount\.test\.[jt]s:\d+:\d+$/)
    assert.deepEqual([loaded(kernel), kernel.lsmod()[0]!.refs], [['db#1 LIVE'], 3])
    assert.equal(kernel.point<Db>('db').size, 1)
    for (const reference of references) kernel.modulePut(reference)
    await kernel.rmmod('db')
    assert.deepEqual(loaded(kernel), [])
    assert.deepEqual(kernel.taints, [])
  })

  it('takes a reference for a host that has none of its own: a call through a point holds the module', async t => {
    const { kernel, file, probe } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    const [db] = [...kernel.point<Db>('db')]
    assert.equal(db!.query(), 'rows')
    assert.equal(kernel.lsmod()[0]!.refs, 0)
    const calls = [db!.slow('a'), db!.slow('b')]
    const error = await refusal(kernel.rmmod('db'), 'EINUSE', 'EAGAIN', 'Module db is in use')
    assert.deepEqual(error.data, { module: 'db', count: 2, holders: [{ where: 'calls of db.slow', count: 2 }] })
    probe.open('a')
    probe.open('b')
    assert.deepEqual(await Promise.all(calls), ['slow rows', 'slow rows'])
    await kernel.rmmod('db')
  })

  it('puts back what a call took, however the call ends', async t => {
    const { kernel, file } = stage(
      t,
      {
        'a.ts': `export function init(k) {
          k.register('p', () => { throw new Error('at once') })
          k.register('p', async () => { throw new Error('later') })
        }`,
      },
      { scheme: 'refcount' },
    )
    await kernel.insmod(file('a.ts'))
    const [throws, rejects] = [...kernel.point<() => Promise<never>>('p')]
    assert.throws(throws!, /at once/)
    await assert.rejects(rejects!(), /later/)
    assert.equal(kernel.lsmod()[0]!.refs, 0)
    await kernel.rmmod('a')
  })

  it('gives references that a scope puts back', async t => {
    const { kernel, file } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    {
      const reference = kernel.tryModuleGet({ module: 'db' })!
      assert.deepEqual([reference.module, reference.generation], ['db', 1])
      await refusal(kernel.rmmod('db'), 'EINUSE', 'EAGAIN', 'Module db is in use')
      reference[Symbol.dispose]()
    }
    assert.equal(kernel.lsmod()[0]!.refs, 0)
    await kernel.rmmod('db')
    assert.equal(kernel.tryModuleGet('db'), undefined)
  })

  it('gives no reference to a module that is being loaded, is leaving or is unknown', async t => {
    const { kernel, file, probe } = stage(
      t,
      { 'a.ts': `export const init = () => probe.door('init')\nexport const exit = () => probe.door('exit')` },
      { scheme: 'refcount' },
    )
    assert.equal(kernel.tryModuleGet('a'), undefined)
    const inserting = kernel.insmod(file('a.ts'))
    await probe.reached('init')
    assert.equal(kernel.tryModuleGet('a'), undefined)
    probe.open('init')
    await inserting
    const removing = kernel.rmmod('a')
    assert.equal(kernel.tryModuleGet('a'), undefined)
    probe.open('exit')
    await removing
  })

  it('with wait removes the module when the count is zero, and gives no new reference meanwhile', async t => {
    const { kernel, file, probe } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    const [db] = [...kernel.point<Db>('db')]
    const reference = kernel.tryModuleGet('db')!
    const call = db!.slow('call')
    const removing = kernel.rmmod('db', { wait: true }).finally(() => probe.say('removed'))
    assert.equal(kernel.tryModuleGet('db'), undefined)
    assert.equal(kernel.point('db').size, 0)
    assert.throws(() => db!.query(), { code: 'ESTALE' })
    await refusal(kernel.rmmod('db'), 'ENOTLIVE', 'EBUSY', 'Module db is being unloaded')
    reference.put()
    await turns()
    assert.deepEqual(probe.said, [])
    probe.open('call')
    assert.equal(await call, 'slow rows')
    const { callsInFlight, drained } = await removing
    assert.deepEqual([callsInFlight, drained], [1, true])
    assert.deepEqual(probe.said, ['exit', 'removed'])
    assert.deepEqual(kernel.taints, [])
  })

  it('can be told to stop waiting; then the module serves again', async t => {
    const { kernel, file, probe } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    const note = (): void => probe.say('going')
    kernel.on('going', note)
    const [db] = [...kernel.point<Db>('db')]
    const reference = kernel.tryModuleGet('db')!
    await assert.rejects(kernel.rmmod('db', { wait: true, signal: AbortSignal.abort(new Error('before')) }), /before/)
    kernel.off('going', note)
    assert.deepEqual(probe.said, [])
    const controller = new AbortController()
    const removing = kernel.rmmod('db', { wait: true, signal: controller.signal })
    controller.abort(new Error('not now'))
    await assert.rejects(removing, /not now/)
    assert.deepEqual(loaded(kernel), ['db#1 LIVE'])
    assert.equal(kernel.point('db').size, 1)
    assert.equal(db!.query(), 'rows')
    kernel.tryModuleGet('db')!.put()
    reference.put()
    // Called off before it began: also where there is nothing to wait for.
    await assert.rejects(kernel.rmmod('db', { wait: true, signal: AbortSignal.abort(new Error('never')) }), /never/)
    assert.deepEqual([probe.said, loaded(kernel)], [[], ['db#1 LIVE']])
    await kernel.rmmod('db', { wait: true, signal: new AbortController().signal })
    assert.deepEqual(probe.said, ['exit'])
  })

  it('with force goes ahead, taints, and refuses the calls that came too late', async t => {
    const { kernel, file, probe, log } = stage(t, { 'db.ts': DB }, { scheme: 'refcount', grace: 0 })
    await kernel.insmod(file('db.ts'))
    const [db] = [...kernel.point<Db>('db')]
    const reference = kernel.tryModuleGet('db')!
    const call = db!.slow('never')
    await kernel.rmmod('db', { force: true })
    await assert.rejects(call, { code: 'ESTALE' })
    assert.throws(() => db!.query(), { code: 'ESTALE', errno: 'ESTALE' })
    const [taint, ...others] = kernel.taints
    assert.deepEqual([taint!.letter, taint!.module, others], ['R', 'db', []])
    assert.match(taint!.reason, /^db#1 was unloaded by force with a count of 2$/)
    assert.ok(log().some(line => /tainted: R/.test(line)))
    assert.deepEqual(probe.said, ['exit'])
    reference.put()
  })

  it('does not taint when force was not needed', async t => {
    const { kernel, file } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    await kernel.rmmod('db', { force: true })
    assert.deepEqual(kernel.taints, [])
  })

  it('is loud about a put without a get', async t => {
    const { kernel, file, log } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    assert.throws(() => kernel.modulePut('db'), { code: 'EINVAL', message: /modulePut without tryModuleGet on db#1/ })
    const reference = kernel.tryModuleGet('db')!
    reference.put()
    assert.throws(() => reference.put(), { code: 'EINVAL' })
    assert.throws(() => reference[Symbol.dispose](), { code: 'EINVAL' })
    assert.throws(() => kernel.modulePut('nobody'), { code: 'EINVAL' })
    assert.equal(log().filter(line => /modulePut without tryModuleGet/.test(line)).length, 3)
    assert.equal(kernel.lsmod()[0]!.refs, 0)
  })

  it('answers a host that ignores the count with ESTALE: image, export and time', async t => {
    const { kernel, file, folder } = stage(t, { 'db.ts': DB }, { scheme: 'refcount', lateCalls: 'run' })
    await kernel.insmod(file('db.ts'))
    const [old] = [...kernel.point<Db>('db')]
    const { query } = old!
    await kernel.rmmod('db')
    const before = Date.now()
    folder.write({ 'db.ts': DB.replaceAll('rows', 'other rows') })
    await kernel.insmod(file('db.ts'))
    for (const call of [() => old!.query(), query, () => old!.slow('x')])
      assert.throws(call, (error: { code: string; data: Record<string, string> }) => {
        assert.equal(error.code, 'ESTALE')
        assert.equal(error.data.image, 'db#1')
        assert.match(error.data.export!, /^db\.(query|slow)$/)
        assert.ok(Date.parse(error.data.time!) <= before)
        return true
      })
    assert.equal([...kernel.point<Db>('db')][0]!.query(), 'other rows')
  })

  it('never lets force or wait override modules that import from it', async t => {
    const { kernel } = stage(
      t,
      { 'db.ts': DB, 'api.ts': `import { query } from './db.ts'\nexport { query }` },
      { scheme: 'refcount' },
    )
    await kernel.modprobe('api')
    for (const options of [{ force: true }, { wait: true }, { force: true, reclaim: true }])
      await refusal(kernel.rmmod('db', options), 'EHOLDERS', 'EAGAIN', 'Module db is in use by: api')
    assert.deepEqual([loaded(kernel).sort(), kernel.taints], [['api#1 LIVE', 'db#1 LIVE'], []])
    assert.equal(kernel.lsmod().find(({ name }) => name === 'db')!.refs, 1)
  })

  it('takes a put by name for the image that was replaced since, when nobody holds the new one', async t => {
    const { kernel, file } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    kernel.tryModuleGet('db')
    const replacing = kernel.replace('db')
    await new Promise(resolve => kernel.once('going', resolve))
    kernel.tryModuleGet('db')
    assert.equal(kernel.lsmod()[0]!.refs, 1)
    kernel.modulePut('db')
    assert.equal(kernel.lsmod()[0]!.refs, 0)
    kernel.modulePut('db')
    assert.equal((await replacing).unloaded.generation, 1)
    assert.throws(() => kernel.modulePut('db'), { code: 'EINVAL', message: /modulePut without tryModuleGet on db#2/ })
  })

  it('keeps a replaced image until its references are back', async t => {
    const { kernel, file, folder, probe } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    const reference = kernel.tryModuleGet('db')!
    folder.write({ 'db.ts': DB.replaceAll('rows', 'new rows') })
    const replacing = kernel.replace('db')
    replacing.catch(() => {})
    while ([...kernel.point<Db>('db')][0]!.query() !== 'new rows') await turns()
    assert.deepEqual(probe.said, [])
    reference.put()
    await replacing
    assert.deepEqual(probe.said, ['exit'])
    assert.deepEqual(kernel.taints, [])
  })

  it('is asked for by one module of a kernel that collects', async t => {
    const clock = new ManualClock()
    const strict = `export const info = { scheme: 'refcount' }\nexport const init = k => k.register('p', () => 1)`
    const { kernel, file } = stage(
      t,
      { 'a.ts': strict, 'b.ts': strict.replace('refcount', 'collect') },
      { scheme: 'retain', clock },
    )
    await kernel.insmod(file('a.ts'))
    await kernel.insmod(file('b.ts'))
    assert.deepEqual(
      kernel.lsmod().map(({ name, scheme }) => `${name} ${scheme}`),
      ['a refcount', 'b retain'],
    )
    const [a, b] = [kernel.tryModuleGet('a')!, kernel.tryModuleGet('b')!]
    await refusal(kernel.rmmod('a'), 'EINUSE', 'EAGAIN', 'Module a is in use')
    assert.equal((await kernel.rmmod('b')).scheme, 'retain')
    a.put()
    b.put()
  })

  it('does not keep a kernel from closing that somebody forgot a reference of', async t => {
    const { kernel, file, probe } = stage(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await kernel.insmod(file('db.ts'))
    kernel.tryModuleGet('db')
    await kernel.close()
    assert.deepEqual([loaded(kernel), probe.said], [[], ['exit']])
  })
})
