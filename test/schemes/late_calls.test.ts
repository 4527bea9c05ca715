import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LateCallPolicy } from 'outlive'
import { type Stage, stage } from '../support/stage.ts'

const version = (n: number, order = ['say', 'slow']) => `
const say = name => 'v${n} ' + name
const slow = async name => 'slow v${n} ' + name
export function init(k) {
  for (const op of [${order}]) k.register('p', op)
  k.register('object', { name: 'o', greet: name => 'object v${n} ' + name })
}`

type Call = (name: string) => unknown
const functionsOf = ({ kernel }: Stage): Call[] => [...kernel.point<Call>('p')]

/** Functions of v1 that a careless host has kept, and v2 in service. */
async function replaced(t: Parameters<typeof stage>[0], lateCalls: LateCallPolicy, next = version(2)) {
  const made = stage(t, { 'a.ts': version(1) }, { lateCalls })
  await made.kernel.insmod(made.file('a.ts'))
  const [say, slow] = functionsOf(made) as [Call, Call]
  const [object] = [...made.kernel.point<{ greet: Call }>('object')]
  made.folder.write({ 'a.ts': next })
  await made.kernel.replace('a')
  return { ...made, say, slow, object: object! }
}

const lateLines = ({ log }: Stage) => log().filter(line => /late call/.test(line))

describe('late calls', () => {
  it('run the old code by default; they are counted, and logged once with the place of the caller', async t => {
    const { say, slow, object, kernel, log } = await replaced(t, 'run')
    assert.deepEqual([say('x'), await slow('x'), object.greet('x')], ['v1 x', 'slow v1 x', 'object v1 x'])
    assert.deepEqual(
      kernel.lingering().map(({ image, lateCalls }) => [image, lateCalls]),
      [['a#1', 3]],
    )
    const lines = log().filter(line => /late call/.test(line))
    assert.equal(lines.length, 1)
    assert.match(lines[0]!, /^a: late call of say in a#1 from .*late_calls\.test\.[jt]s:\d+:\d+$/)
  })

  it('are counted for each image by itself', async t => {
    const made = await replaced(t, 'run')
    const [say2] = functionsOf(made) as [Call]
    await made.kernel.rmmod('a')
    made.say('x')
    say2('x')
    say2('x')
    assert.deepEqual(
      made.kernel.lingering().map(({ image, lateCalls }) => [image, lateCalls]),
      [
        ['a#1', 1],
        ['a#2', 2],
      ],
    )
    assert.equal(lateLines(made).length, 2)
  })

  it('are forwarded to the same operation of the image that is LIVE', async t => {
    const { say, slow, object, kernel } = await replaced(t, 'forward', version(2, ['slow', 'say']))
    assert.deepEqual([say('x'), await slow('x'), object.greet('x')], ['v2 x', 'slow v2 x', 'object v2 x'])
    assert.equal(kernel.lingering()[0]!.lateCalls, 3)
  })

  it('are forwarded across a removal, once the module is back', async t => {
    const made = stage(t, { 'a.ts': version(1) }, { lateCalls: 'forward' })
    await made.kernel.insmod(made.file('a.ts'))
    const [say] = functionsOf(made) as [Call]
    await made.kernel.rmmod('a')
    assert.equal(say('x'), 'v1 x')
    made.folder.write({ 'a.ts': version(2) })
    await made.kernel.insmod(made.file('a.ts'))
    assert.equal(say('x'), 'v2 x')
  })

  it('run the old code when the LIVE image has no such operation', async t => {
    const { say, slow } = await replaced(t, 'forward', version(2, ['slow']))
    assert.deepEqual([say('x'), await slow('x')], ['v1 x', 'slow v2 x'])
  })

  it('of operations without a name are forwarded by their order, and never to another one', async t => {
    const route = (url: string, n: number) => `k.register('routes', { url: '${url}', handler: () => '${url} v${n}' })`
    const text = (...routes: string[]) => `export function init(k) { ${routes.join('\n')} }`
    const { kernel, folder, file } = stage(
      t,
      { 'a.ts': text(route('/a', 1), route('/b', 1)) },
      { lateCalls: 'forward' },
    )
    await kernel.insmod(file('a.ts'))
    const [a, b] = [...kernel.point<{ handler: () => string }>('routes')]
    folder.write({ 'a.ts': text(route('/a', 2), route('/b', 2)) })
    await kernel.replace('a')
    assert.deepEqual([a!.handler(), b!.handler()], ['/a v2', '/b v2'])
    folder.write({ 'a.ts': text(route('/new', 3), route('/a', 3), route('/b', 3)) })
    await kernel.replace('a')
    assert.deepEqual([a!.handler(), b!.handler()], ['/a v1', '/b v1'])
  })

  it('are refused with ESTALE under fail', async t => {
    const { say, slow, object, kernel } = await replaced(t, 'fail')
    for (const [call, name] of [
      [say, 'say'],
      [slow, 'slow'],
      [(x: string) => object.greet(x), 'object.greet'],
    ] as [Call, string][])
      assert.throws(
        () => call('x'),
        (error: { code: string; data: { image: string; export: string; time: string } }) => {
          assert.deepEqual([error.code, error.data.image, error.data.export], ['ESTALE', 'a#1', name])
          assert.ok(Math.abs(Date.parse(error.data.time) - Date.now()) < 60_000)
          return true
        },
      )
    assert.equal(kernel.lingering()[0]!.lateCalls, 3)
  })

  it('are none when they begin before the removal', async t => {
    const { kernel, file, probe } = stage(
      t,
      { 'a.ts': `export const init = k => k.register('p', async () => { await probe.door('call'); return 1 })` },
      { lateCalls: 'fail' },
    )
    await kernel.insmod(file('a.ts'))
    const call = [...kernel.point<() => Promise<number>>('p')][0]!()
    const removing = kernel.rmmod('a')
    probe.open('call')
    assert.equal(await call, 1)
    await removing
    assert.equal(kernel.lingering()[0]!.lateCalls, 0)
  })
})
