import assert from 'node:assert/strict'
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import diagnostics from 'node:diagnostics_channel'
import inspector from 'node:inspector'
import { performance } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import { turns } from '../support/latch.ts'
import { callAll, stage } from '../support/stage.ts'
import { collected, type Left, leaves, leftOf } from './leave.ts'

const TOP = `import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import diagnostics from 'node:diagnostics_channel'
import inspector, { Session } from 'node:inspector'
import { PerformanceObserver as Observer, monitorEventLoopDelay } from 'node:perf_hooks'
import readline, { createInterface } from 'node:readline'
import promised from 'node:readline/promises'
import { PassThrough } from 'node:stream'
import nodeModule from 'node:module'
let held
const heard = () => { left.heard = (left.heard ?? 0) + 1 }`

const still = (left: Left, act: () => unknown): void => {
  const before = left.heard
  act()
  assert.equal(left.heard, before)
}

leaves('an async hook', {
  top: TOP,
  init: `held = createHook({ init: heard })./*!*/enable()`,
  exit: `held.disable()`,
  kind: 'hook',
  what: /^async hook$/,
  closed: left => still(left, () => new AsyncResource('outlive')),
})

leaves('an AsyncLocalStorage that was entered', {
  top: TOP,
  init: `held = new AsyncLocalStorage; held./*!*/enterWith({ of: 'the module' })`,
  exit: `held.disable()`,
  kind: 'hook',
  what: /^AsyncLocalStorage entered/,
})

leaves('an AsyncLocalStorage whose scope was not left', {
  top: TOP,
  init: `held = new AsyncLocalStorage; held = held./*!*/withScope({ of: 'the module' })`,
  exit: `held.dispose()`,
  kind: 'hook',
  what: /^AsyncLocalStorage entered with withScope/,
  skip: !('withScope' in AsyncLocalStorage.prototype) && 'not in this Node',
})

leaves('an AsyncLocalStorage that was entered within run()', {
  top: TOP,
  init: `held = new AsyncLocalStorage; held.run(1, () => { held.run(2, () => {}); held./*!*/enterWith({ of: 'the module' }) })`,
  exit: `held.disable()`,
  kind: 'hook',
  what: /^AsyncLocalStorage entered/,
})

leaves('a subscription', {
  top: TOP,
  init: `held = diagnostics./*!*/subscribe('outlive', heard)`,
  exit: `diagnostics.unsubscribe('outlive', heard)`,
  kind: 'subscription',
  what: /^diagnostics channel 'outlive'$/,
  closed: left => still(left, () => diagnostics.channel('outlive').publish({})),
})

leaves('a subscription to a channel', {
  top: TOP,
  init: `held = diagnostics.channel('outlive'); held./*!*/subscribe(heard)`,
  exit: `held.unsubscribe(heard)`,
  kind: 'subscription',
  what: /^diagnostics channel 'outlive'$/,
  closed: left => still(left, () => diagnostics.channel('outlive').publish({})),
})

leaves('a store that is bound to a channel', {
  top: TOP,
  init: `held = new AsyncLocalStorage; diagnostics.channel('outlive')./*!*/bindStore(held, data => { heard(); return data })`,
  exit: `diagnostics.channel('outlive').unbindStore(held)`,
  kind: 'subscription',
  what: /^diagnostics channel 'outlive'$/,
  closed: left => still(left, () => diagnostics.channel('outlive').runStores({}, () => {})),
})

leaves('subscriptions to a tracing channel', {
  top: TOP,
  init: `held = { start: heard, end: heard }; diagnostics.tracingChannel('outlive')./*!*/subscribe(held)`,
  exit: `diagnostics.tracingChannel('outlive').unsubscribe(held)`,
  kind: 'subscription',
  what: /^diagnostics channels 'outlive'$/,
  closed: left => still(left, () => diagnostics.tracingChannel('outlive').traceSync(() => {})),
})

leaves('an observer', {
  top: TOP,
  init: `held = new Observer(heard); held./*!*/observe({ entryTypes: ['mark'] })`,
  exit: `held.disconnect()`,
  kind: 'observer',
  what: /^performance observer$/,
  closed: async left => {
    performance.mark('outlive')
    await turns(5)
    assert.equal(left.heard, undefined)
  },
})

leaves('an observer of a subclass of the global', {
  top: `${TOP}\nclass Own extends PerformanceObserver { observe() { super./*!*/observe({ entryTypes: ['mark'] }) } }`,
  init: `held = new Own(heard); held.observe()`,
  exit: `held.disconnect()`,
  kind: 'observer',
  what: /^performance observer$/,
})

leaves('a monitor of the event loop', {
  top: TOP,
  init: `held = /*!*/monitorEventLoopDelay({ resolution: 1 }); held.enable()`,
  exit: `held.disable()`,
  kind: 'observer',
  what: /^monitor/,
})

for (const make of [
  '/*!*/createInterface({ input: new PassThrough })',
  '/*!*/new readline.Interface({ input: new PassThrough })',
  'promised./*!*/createInterface({ input: new PassThrough })',
])
  leaves(`lines: ${make.replace('/*!*/', '')}`, {
    top: TOP,
    init: `held = left.readline = ${make}
      const read = async () => { for await (const line of held) heard() }
      void read()`,
    exit: `held.close()`,
    kind: 'readline',
    what: /^readline interface$/,
    closed: left => assert.equal((left.readline as { closed: boolean }).closed, true),
  })

leaves('a session of the inspector', {
  top: TOP,
  init: `held = left.session = new Session; held./*!*/connect()`,
  exit: `held.disconnect()`,
  kind: 'inspector',
  what: /^inspector session$/,
  closed: left => assert.throws(() => (left.session as inspector.Session).post('Runtime.enable'), /not connected/),
})

leaves('an open inspector', {
  top: TOP,
  init: `inspector./*!*/open(0, '127.0.0.1')`,
  exit: `inspector.close()`,
  kind: 'inspector',
  what: /^inspector at ws:/,
  closed: () => assert.equal(inspector.url(), undefined),
})

leaves('hooks of the module loader', {
  top: TOP,
  init: `held = nodeModule./*!*/registerHooks({ resolve(specifier, context, next) { heard(); return next(specifier, context) } })`,
  exit: `held.deregister()`,
  kind: 'hook',
  what: /^hooks of the module loader$/,
  skip: !('registerHooks' in process.getBuiltinModule('module')) && 'not in this Node',
})

describe('hooks and subscriptions', () => {
  it('of a tidy module are not reported, and its storages go', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'tidy.mjs': `${TOP}
        const storage = new AsyncLocalStorage
        class Own extends AsyncLocalStorage {}
        export async function init() {
          left.answer = [
            storage.run(1, () => storage.getStore()), await storage.run(2, async () => { await null; return storage.getStore() }), storage.getStore(),
            new Own().run(3, () => 4), storage.run(6, (...args) => args.concat(storage.getStore()), 7, 8), storage.exit(() => storage.getStore()), storage instanceof AsyncLocalStorage, new Own instanceof AsyncLocalStorage, left.storage instanceof AsyncLocalStorage,
            left.storage instanceof Own, AsyncLocalStorage.name, AsyncLocalStorage.bind(() => 5)(), typeof AsyncLocalStorage.snapshot(),
          ]
        }`,
      'channels.mjs': `${TOP}
        const channel = diagnostics.channel('outlive'), other = diagnostics.channel(Symbol.for('outlive'))
        const storage = new AsyncLocalStorage
        const said = []
        const hear = (message, name) => said.push(message, name)
        said.push(channel === diagnostics.channel('outlive'), channel.hasSubscribers, diagnostics.hasSubscribers('outlive'), channel.name, channel instanceof diagnostics.Channel)
        channel.publish('nobody')
        channel.subscribe(hear)
        diagnostics.subscribe('outlive', hear)
        said.push(channel.hasSubscribers)
        channel.publish('twice')
        said.push(channel.unsubscribe(hear))
        left.publish('once')
        said.push(diagnostics.unsubscribe('outlive', hear), channel.unsubscribe(hear), channel.hasSubscribers)
        channel.bindStore(storage, data => data + 1)
        said.push(channel.runStores(1, () => storage.getStore()), channel.runStores(1, function (...args) { return [this.a, ...args] }, { a: 2 }, 3))
        said.push(channel.unbindStore(storage), other.hasSubscribers)
        const tracing = diagnostics.tracingChannel('outlive'), handlers = { start: message => said.push('start', message.x), end() {} }
        tracing.subscribe(handlers)
        said.push(tracing.traceSync(x => x + 1, { x: 1 }, null, 5), tracing.unsubscribe(handlers))
        left.said = said`,
    })
    left.storage = new AsyncLocalStorage()
    left.publish = (message: unknown) => diagnostics.channel('outlive').publish(message)
    await kernel.insmod(file('tidy.mjs'))
    assert.deepEqual(left.answer, [
      1,
      2,
      undefined,
      4,
      [7, 8, 6],
      undefined,
      true,
      true,
      true,
      false,
      'AsyncLocalStorage',
      5,
      'function',
    ])
    await kernel.insmod(file('channels.mjs'))
    assert.deepEqual(left.said, [
      ...[true, false, false, 'outlive', true],
      true,
      ...['twice', 'outlive', 'twice', 'outlive'],
      true,
      ...['once', 'outlive'],
      ...[true, false, false],
      ...[2, [2, 3]],
      ...[true, false],
      ...['start', 1],
      ...[6, true],
    ])
    for (const name of ['tidy', 'channels']) assert.deepEqual((await kernel.rmmod(name)).leftovers, [])
  })

  it('are not kept by an execution that lives as long as the host, where a storage was entered', async t => {
    const source = `import { AsyncLocalStorage } from 'node:async_hooks'
const storage = new AsyncLocalStorage()
export const init = k => void k.register('enter', () => storage.enterWith({ of: () => storage }))`
    const scene = stage(t, { 'entering.mjs': source })
    const main = new AsyncResource('main')
    await scene.kernel.modprobe('entering')
    main.runInAsyncScope(() => void callAll(scene.kernel, 'enter'))
    await scene.kernel.rmmod('entering')
    await collected(scene)
    assert.equal(
      main.runInAsyncScope(() => 1),
      1,
    )
  })
})
