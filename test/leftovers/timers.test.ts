import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { turns } from '../support/latch.ts'
import { stage } from '../support/stage.ts'
import { leaves, leftOf } from './leave.ts'

const TOP = `import timers from 'node:timers'
import * as promises from 'node:timers/promises'
import { promisify } from 'node:util'
let held
const tick = () => { left.ticks = (left.ticks ?? 0) + 1 }`

const silent = async (left: Record<string, unknown>): Promise<void> => {
  const before = left.ticks
  await sleep(30)
  assert.equal(left.ticks, before)
}

leaves('an interval', {
  top: TOP,
  init: 'held = /*!*/setInterval(tick, 1)',
  exit: 'clearInterval(held)',
  kind: 'interval',
  what: /^interval of 1 ms$/,
  closed: silent,
})

leaves('a timeout', {
  top: TOP,
  init: 'held = /*!*/setTimeout(tick, 100_000, 1, 2)',
  exit: 'clearTimeout(held)',
  kind: 'timeout',
  what: /^timeout of 100000 ms$/,
})

leaves('a timeout that is cleared by its number', {
  top: TOP,
  init: 'held = /*!*/setTimeout(tick, 100_000)',
  exit: 'clearTimeout(String(+held))',
  kind: 'timeout',
  what: /^timeout of 100000 ms$/,
})

leaves('a timeout that is closed by itself', {
  top: TOP,
  init: 'held = /*!*/setTimeout(tick, 100_000)',
  exit: 'held.close()',
  kind: 'timeout',
  what: /^timeout of 100000 ms$/,
})

leaves('a timeout that goes on refreshing itself', {
  top: TOP,
  init: 'await new Promise(done => { held = /*!*/setTimeout(() => { tick(); held.refresh(); done() }, 1) })',
  exit: 'clearTimeout(held)',
  kind: 'timeout',
  what: /^timeout of 1 ms$/,
  closed: silent,
})

leaves('an immediate that goes on for ever', {
  top: TOP,
  init: 'const again = () => { tick(); held = /*!*/setImmediate(again) }; again()',
  exit: 'clearImmediate(held)',
  kind: 'immediate',
  what: /^immediate$/,
  closed: silent,
})

leaves('a timer of node:timers', {
  top: TOP,
  init: 'held = timers./*!*/setInterval(tick, 1)',
  exit: 'timers.clearInterval(held)',
  kind: 'interval',
  what: /^interval of 1 ms$/,
  closed: silent,
})

leaves('a timer of the global object', {
  top: TOP,
  init: 'held = globalThis./*!*/setInterval(tick, 1)',
  exit: 'global.clearInterval(held)',
  kind: 'interval',
  what: /^interval of 1 ms$/,
  closed: silent,
})

leaves('a timer with a timeout in promisify', {
  top: TOP,
  init: 'const wait = promisify(setTimeout); held = new AbortController; void /*!*/wait(100_000, 1, { signal: held.signal }).catch(tick)',
  exit: 'held.abort()',
  kind: 'timeout',
  what: /^timeout of 100000 ms$/,
})

leaves('a loop that sleeps', {
  top: TOP,
  init: `held = new AbortController
    const loop = async () => { for (;;) { await promises./*!*/setTimeout(1, null, { signal: held.signal }); tick() } }
    loop().catch(() => {})`,
  exit: 'held.abort()',
  kind: 'timeout',
  what: /^timeout of 1 ms$/,
  closed: silent,
})

leaves('an iteration over an interval', {
  top: TOP,
  init: `held = promises./*!*/setInterval(1)
    const loop = async () => { for await (const _ of held) tick() }
    void loop()`,
  exit: 'await held.return()',
  kind: 'interval',
  what: /^interval of 1 ms$/,
  closed: silent,
})

leaves('a wait of the scheduler', {
  top: TOP,
  init: 'held = new AbortController; promises.scheduler./*!*/wait(100_000, { signal: held.signal }).catch(tick)',
  exit: 'held.abort()',
  kind: 'timeout',
  what: /^timeout of 100000 ms$/,
})

describe('timers', () => {
  it('that have fired are forgotten, however many', async t => {
    const { kernel, file } = stage(t, {
      'busy.mjs': `import { setTimeout as sleep, setImmediate as turn, setInterval as ticks } from 'node:timers/promises'
        export async function init() {
          for (let n = 0; n < 2000; n++) await new Promise(done => setImmediate(done))
          await Promise.all(Array.from({ length: 2000 }, () => sleep(1)))
          await Promise.all(Array.from({ length: 2000 }, () => turn()))
          await Promise.all(Array.from({ length: 2000 }, () => new Promise(done => setTimeout(done, 1))))
          for await (const _ of ticks(1)) break
          for (let n = 0; n < 2000; n++) setTimeout(() => {}, 1000)[Symbol.dispose]()
        }`,
    })
    await kernel.insmod(file('busy.mjs'))
    const report = await kernel.rmmod('busy')
    assert.deepEqual(report.leftovers, [])
  })

  it('behave as the real ones', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'exact.mjs': `import { promisify } from 'node:util'
        import promises, { setTimeout as sleep } from 'node:timers/promises'
        import timers, { setTimeout as same } from 'node:timers'
        const fails = work => work.then(() => 'no', error => [error.name, error.code, error.message, error.cause?.message])
        export async function init() {
          left.same = [same === setTimeout, timers.setTimeout === setTimeout, timers.promises === promises, globalThis.setTimeout === setTimeout]
          left.names = [setTimeout.name, setTimeout.length, setInterval.name, setImmediate.length, clearTimeout.name]
          left.arguments = await new Promise(done => setTimeout(function (...args) { done([this.constructor.name, ...args]) }, 1, 'a', 'b'))
          left.promisified = await promisify(setTimeout)(1, 'value')
          left.value = [await sleep(1, 'x'), await promises.setImmediate('y'), await promises.scheduler.wait(1)]
          left.thrown = (() => { try { setTimeout('code') } catch (error) { return error.code } })()
          left.aborted = await fails(sleep(10, 1, { signal: AbortSignal.abort(new Error('why')) }))
          const later = new AbortController
          setImmediate(() => later.abort(new Error('later')))
          left.abortedLater = await fails(sleep(100_000, 1, { signal: later.signal }))
          left.refused = [await fails(sleep(1, 1, { signal: 1 })), await fails(sleep(1, 1, 7)), await fails(sleep(1, 1, { ref: 1 }))]
          left.ticks = []
          for await (const tick of promises.setInterval(1, 'tick')) if (left.ticks.push(tick) === 2) break
        }`,
    })
    await kernel.insmod(file('exact.mjs'))
    const fails = (work: Promise<unknown>) =>
      work.then(
        () => 'no',
        (error: NodeJS.ErrnoException) => [error.name, error.code, error.message, (error.cause as Error)?.message],
      )
    assert.deepEqual(left.same, [true, true, true, true])
    assert.deepEqual(left.names, ['setTimeout', setTimeout.length, 'setInterval', setImmediate.length, 'clearTimeout'])
    assert.deepEqual(left.arguments, ['Timeout', 'a', 'b'])
    assert.deepEqual(
      [left.promisified, left.value, left.thrown],
      ['value', ['x', 'y', undefined], 'ERR_INVALID_ARG_TYPE'],
    )
    assert.deepEqual(left.aborted, await fails(sleep(10, 1, { signal: AbortSignal.abort(new Error('why')) })))
    assert.deepEqual(left.abortedLater, ['AbortError', 'ABORT_ERR', 'The operation was aborted', 'later'])
    assert.deepEqual(left.refused, [
      await fails(sleep(1, 1, { signal: 1 as never })),
      await fails(sleep(1, 1, 7 as never)),
      await fails(sleep(1, 1, { ref: 1 as never })),
    ])
    assert.deepEqual(left.ticks, ['tick', 'tick'])
  })

  it('are closed also where what the program does with stack traces throws', async t => {
    const { kernel, file } = stage(t, {
      'traced.mjs': `export function init() {
        setInterval(() => {}, 1000)
        Error.prepareStackTrace = () => { throw new Error('no traces') }
      }`,
    })
    const { prepareStackTrace } = Error
    t.after(() => Object.assign(Error, { prepareStackTrace }))
    await kernel.insmod(file('traced.mjs'))
    const { leftovers } = await kernel.rmmod('traced')
    Error.prepareStackTrace = prepareStackTrace
    assert.deepEqual(leftovers, [{ kind: 'interval', where: 'unknown', closed: true, what: 'interval of 1000 ms' }])
  })

  it('that a call in flight waits for are left to it, and closed when it has ended', async t => {
    const left = leftOf(t)
    const { kernel, file, log } = stage(
      t,
      {
        'slow.mjs': `import { setTimeout as sleep } from 'node:timers/promises'
          export function init(k) {
            k.register('work', async () => {
              setTimeout(() => { left.late = true }, 100_000)
              await sleep(20)
              await new Promise(done => setTimeout(done, 20))
              return 'done'
            })
          }`,
      },
      { grace: 0 },
    )
    await kernel.insmod(file('slow.mjs'))
    const [work] = kernel.point<() => Promise<string>>('work')
    const call = work!()
    const report = await kernel.rmmod('slow')
    assert.deepEqual([report.drained, report.leftovers], [false, []])
    assert.equal(await call, 'done')
    await turns(10)
    assert.match(log().join('\n'), /left behind: timeout from .*slow\.mjs:4:15, closed/)
    assert.equal(left.late, undefined)
  })

  it('that a late call waits for are left to it, also when it begins while the rest is closed', async t => {
    const { kernel, file, probe } = stage(
      t,
      {
        'slow.mjs': `
          export const init = k => {
            k.register('work', () => new Promise(done => setTimeout(done, 20, 'done')))
            setInterval(() => {}, 100_000)
          }
          export const exit = () => setImmediate(() => setImmediate(probe.afterExit))`,
      },
      { grace: 0 },
    )
    const calls: unknown[] = []
    await kernel.insmod(file('slow.mjs'))
    const [work] = kernel.point<() => unknown>('work')
    Object.assign(probe, { afterExit: () => calls.push(work!()) })
    const { leftovers } = await kernel.rmmod('slow')
    assert.deepEqual(
      leftovers.map(({ kind }) => kind),
      ['interval'],
    )
    assert.equal(calls.length, 1)
    assert.deepEqual(await Promise.all(calls), ['done'])
  })

  it('that code of a module opens when it is gone are closed, but not before a late call that opens them has ended', async t => {
    const left = leftOf(t)
    const { kernel, file, log } = stage(
      t,
      {
        'late.mjs': `
          export const init = k => {
            left.ready.then(() => { left.interval = setInterval(() => {}, 100_000) })
            k.register('work', async () => {
              await new Promise(done => { let ticks = 0; const timer = setInterval(() => { if (++ticks === 3) { clearInterval(timer); done() } }, 1) })
              return 'done'
            })
          }`,
      },
      { grace: 0 },
    )
    let ready = () => {}
    left.ready = new Promise<void>(resolve => void (ready = resolve))
    await kernel.insmod(file('late.mjs'))
    const [work] = kernel.point<() => Promise<string>>('work')
    await kernel.rmmod('late')
    const call = work!()
    ready()
    assert.equal(await call, 'done')
    await turns(20)
    assert.match(log().join('\n'), /late: left behind: interval from .*late\.mjs:3:53, closed/)
    assert.equal((left.interval as { _destroyed?: boolean })._destroyed, true)
  })
})
