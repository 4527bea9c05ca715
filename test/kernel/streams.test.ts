import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refusal, stage } from '../support/stage.ts'

const COUNTER = `export function init(k) {
  k.register('count', async function* count(to, step) {
    try {
      for (let n = 1; n <= to; n++) {
        yield n
        await (step ?? new Promise(resolve => setTimeout(resolve, 1)))
      }
    } finally {
      probe.say('ended')
    }
  })
}`

type Count = (to: number, step?: Promise<unknown>) => AsyncGenerator<number>

describe('an asynchronous generator', () => {
  const counting = async (...[t, , options]: Parameters<typeof stage>) => {
    const made = stage(t, { 'a.ts': COUNTER }, options)
    await made.kernel.insmod(made.file('a.ts'))
    const [count] = [...made.kernel.point<Count>('count')]
    return { ...made, count: count! }
  }

  it('is a call in flight until it has ended: exit waits, and its timers run', async t => {
    const { kernel, count } = await counting(t)
    const got: number[] = []
    let removing: ReturnType<typeof kernel.rmmod> | undefined
    for await (const n of count(3)) {
      got.push(n)
      removing ??= kernel.rmmod('a')
    }
    const { callsInFlight, drained, leftovers } = await removing!
    assert.deepEqual([got, callsInFlight, drained, leftovers], [[1, 2, 3], 1, true, []])
  })

  it('stays what it is: its name and length, a generator, in a for loop and with yield*', async t => {
    const { count } = await counting(t)
    assert.deepEqual([count.name, count.length], ['count', 2])
    const stream = count(2)
    assert.equal(Object.prototype.toString.call(stream), '[object AsyncGenerator]')
    assert.equal(stream[Symbol.asyncIterator](), stream)
    assert.deepEqual(Object.keys(stream), [])
    const all = (async function* () {
      yield* stream
    })()
    assert.deepEqual(
      [await all.next(), await all.next(), await all.next()].map(({ value }) => value),
      [1, 2, undefined],
    )
  })

  it('ends where the loop is left', async t => {
    const { kernel, count, probe } = await counting(t)
    for await (const _ of count(3)) break
    assert.deepEqual(probe.said, ['ended'])
    assert.equal((await kernel.rmmod('a')).callsInFlight, 0)
  })

  it('is counted in refcount', async t => {
    const { kernel, count } = await counting(t, {}, { scheme: 'refcount' })
    const stream = count(2)
    await stream.next()
    await refusal(kernel.rmmod('a'), 'EINUSE', 'EAGAIN', 'Module a is in use')
    await stream.return(undefined)
    assert.equal(kernel.lsmod()[0]!.refs, 0)
    await kernel.rmmod('a')
  })

  it('is refused with ESTALE when its image is reclaimed, in the step that waits and from then on', async t => {
    const { kernel, count } = await counting(t, {}, { grace: 0 })
    const [waiting, idle] = [count(2, new Promise(() => {})), count(2)]
    await waiting.next()
    const step = waiting.next()
    const { callsInFlight, drained } = await kernel.rmmod('a')
    assert.deepEqual([callsInFlight, drained, kernel.lingering()[0]!.callsInFlight], [2, false, 2])
    const refused = refusal(step, 'ESTALE', 'ESTALE', /^a#1: count is gone/)
    await kernel.reclaim('a#1')
    await refused
    for (const stream of [waiting, idle]) await refusal(stream.next(), 'ESTALE', 'ESTALE', /^a#1: count is gone/)
  })
})
