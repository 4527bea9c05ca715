import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModuleError } from 'outlive'
import { logOf, stage } from '../support/stage.ts'

const version = (n: number): string => `
let calls = 0
export function init(k) {
  k.register('fn', function greet(name) { return 'v${n} ' + name + ' ' + ++calls })
  k.register('ops', { ask: async () => 'v${n}', name: 'asker' })
}`

type Greet = (name: string) => string

describe('a call through an old pointer', () => {
  it('runs the old code; it is counted, and logged once with the place of its caller', async t => {
    const { kernel, file, folder } = stage(t, { 'a.ts': version(1) })
    await kernel.insmod(file('a.ts'))
    const [greet] = [...kernel.point<Greet>('fn')]
    const asker = kernel.point<{ ask(): Promise<string> }>('ops').get('asker')!
    assert.equal(greet!('you'), 'v1 you 1')
    folder.write({ 'a.ts': version(2) })
    await kernel.replace('a')
    assert.equal(greet!('you'), 'v1 you 2')
    assert.equal(greet!('them'), 'v1 them 3')
    assert.equal(await asker.ask(), 'v1')
    const [image] = kernel.lingering()
    assert.deepEqual([image!.image, image!.lateCalls], ['a#1', 3])
    const late = kernel.log.entries().filter(({ text }) => text.includes('late call'))
    assert.equal(late.length, 1)
    assert.equal(late[0]!.level, 'warn')
    assert.match(
      logOf(kernel).find(line => line.includes('late call'))!,
      /^a: late call of greet in a#1 from .*late_calls\.test\.js:\d+:\d+$/,
    )
  })

  it('counts as in flight as well when it is asynchronous', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `export const init = k => k.register('fn', () => probe.door('call'))`,
    })
    await kernel.insmod(file('a.ts'))
    const [call] = [...kernel.point<() => Promise<void>>('fn')]
    await kernel.rmmod('a')
    const late = call!()
    const [image] = kernel.lingering()
    assert.deepEqual([image!.callsInFlight, image!.lateCalls], [1, 1])
    probe.open('call')
    await late
    assert.equal(kernel.lingering()[0]!.callsInFlight, 0)
  })

  it("goes to the version in service with the policy 'forward'", async t => {
    const { kernel, file, folder } = stage(t, { 'a.ts': version(1) }, { lateCalls: 'forward' })
    await kernel.insmod(file('a.ts'))
    const [greet] = [...kernel.point<Greet>('fn')]
    const asker = kernel.point<{ ask(): Promise<string> }>('ops').get('asker')!
    folder.write({ 'a.ts': version(2) })
    await kernel.replace('a')
    assert.equal(greet!('you'), 'v2 you 1')
    assert.equal(await asker.ask(), 'v2')
    folder.write({ 'a.ts': version(3) })
    await kernel.replace('a')
    assert.equal(greet!('you'), 'v3 you 1')
    const counted = Object.fromEntries(kernel.lingering().map(({ image, lateCalls }) => [image, lateCalls]))
    assert.deepEqual(counted, { 'a#1': 3, 'a#2': 0 })
  })

  it('is forwarded also when the module was removed and inserted again, and runs the old code while it is away', async t => {
    const { kernel, file, folder } = stage(t, { 'a.ts': version(1) }, { lateCalls: 'forward' })
    await kernel.insmod(file('a.ts'))
    const [greet] = [...kernel.point<Greet>('fn')]
    const asker = kernel.point<{ ask(): Promise<string> }>('ops').get('asker')!
    await kernel.rmmod('a')
    assert.equal(greet!('you'), 'v1 you 1')
    folder.write({ 'a.ts': version(2) })
    await kernel.insmod(file('a.ts'))
    assert.equal(greet!('you'), 'v2 you 1')
    assert.equal(await asker.ask(), 'v2')
  })

  it("throws ESTALE with the policy 'fail', naming image, export and time of removal", async t => {
    const { kernel, file } = stage(t, { 'a.ts': version(1) }, { lateCalls: 'fail' })
    await kernel.insmod(file('a.ts'))
    const [greet] = [...kernel.point<Greet>('fn')]
    const asker = kernel.point<{ ask(): Promise<string> }>('ops').get('asker')!
    assert.equal(greet!('you'), 'v1 you 1')
    const before = new Date().toISOString()
    await kernel.rmmod('a')
    for (const [call, name] of [
      [() => greet!('you'), 'greet'],
      [() => asker.ask(), 'ops.ask'],
    ] as const)
      assert.throws(call, error => {
        assert.ok(error instanceof ModuleError)
        assert.deepEqual([error.code, error.errno], ['ESTALE', 'ESTALE'])
        const [, time] = new RegExp(`^a#1: ${name} is gone: the image was removed at (.*)$`).exec(error.message) ?? []
        assert.ok(time !== undefined && time >= before && time <= new Date().toISOString(), error.message)
        return true
      })
    assert.equal(kernel.lingering()[0]!.lateCalls, 2)
  })

  it('does not reach a call that was in flight before', async t => {
    const { kernel, file, probe } = stage(
      t,
      { 'a.ts': `export const init = k => k.register('fn', async () => { await probe.door('call'); return 'done' })` },
      { lateCalls: 'fail', grace: 0 },
    )
    await kernel.insmod(file('a.ts'))
    const call = [...kernel.point<() => Promise<string>>('fn')][0]!()
    await kernel.rmmod('a')
    probe.open('call')
    assert.equal(await call, 'done')
  })

  it('finds the own lazily loaded files of its version, also when the disk has the next one', async t => {
    const { kernel, file, folder } = stage(t, {
      'f/package.json': '{ "name": "f", "main": "main.ts" }',
      'f/main.ts': `export const init = k => k.register('fn', async () => (await import('./late.ts')).word)`,
      'f/late.ts': `export const word = 'one'`,
    })
    await kernel.insmod(file('f'))
    const [call] = [...kernel.point<() => Promise<string>>('fn')]
    folder.write({ 'f/late.ts': `export const word = 'two'` })
    await kernel.replace('f')
    assert.equal(await call!(), 'one')
    const [fresh] = [...kernel.point<() => Promise<string>>('fn')]
    assert.equal(await fresh!(), 'two')
  })
})
