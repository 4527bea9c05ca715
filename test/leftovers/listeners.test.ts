import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { stage } from '../support/stage.ts'
import { type Left, leaves, leftOf } from './leave.ts'

const TOP = `import named from 'node:process'
import cluster from 'node:cluster'
let held
const heard = () => { left.heard = (left.heard ?? 0) + 1 }`

const silent = (left: Record<string, unknown>): void => {
  process.emit('outlive' as never)
  assert.equal(left.heard, undefined)
}

for (const method of ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'])
  leaves(`process.${method}`, {
    top: TOP,
    init: `process./*!*/${method}('outlive', heard)`,
    exit: `process.off('outlive', heard)`,
    kind: 'listener',
    what: /^process 'outlive'$/,
    closed: silent,
  })

leaves("a listener of 'exit'", {
  top: TOP,
  init: `named./*!*/on('exit', heard)`,
  exit: `named.removeListener('exit', heard)`,
  kind: 'listener',
  what: /^process 'exit'$/,
  closed: () =>
    assert.equal(
      process.listeners('exit').some(({ name }) => name === 'heard'),
      false,
    ),
})

leaves('a listener that is added through the global object', {
  top: TOP,
  init: `globalThis.process./*!*/on('outlive', heard)`,
  exit: `global.process.removeAllListeners('outlive')`,
  kind: 'listener',
  what: /^process 'outlive'$/,
  closed: silent,
})

leaves('a listener of standard input', {
  top: TOP,
  init: `process.stdin./*!*/on('outlive', heard)`,
  exit: `process.stdin.off('outlive', heard)`,
  kind: 'listener',
  what: /^process\.stdin 'outlive'$/,
  closed: left => {
    process.stdin.emit('outlive')
    assert.equal(left.heard, undefined)
  },
})

leaves('a listener of the cluster', {
  top: TOP,
  init: `cluster./*!*/on('fork', heard)`,
  exit: `cluster.off('fork', heard)`,
  kind: 'listener',
  what: /^cluster 'fork'$/,
})

const SHARED = `${TOP}
left.bus ??= new (process.getBuiltinModule?.('node:events') ?? (await import('node:events'))).EventEmitter
left.target ??= new EventTarget
const bus = left.bus`

const unheard = ({ bus, target, heard }: Left): void => {
  ;(bus as EventEmitter).emit('tick')
  ;(target as EventTarget).dispatchEvent(new Event('tick'))
  assert.equal(heard, undefined)
}

for (const add of ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'])
  leaves(`a listener of an emitter of the host: ${add}`, {
    top: SHARED,
    init: `left.bus./*!*/${add}('tick', heard)`,
    exit: `left.bus.off('tick', heard)`,
    kind: 'listener',
    what: /^EventEmitter 'tick'$/,
    closed: unheard,
  })

leaves('a listener of an emitter of the host that has a name in the module', {
  top: SHARED,
  init: `bus?./*!*/on('tick', heard)`,
  exit: `bus.removeAllListeners('tick')`,
  kind: 'listener',
  what: /^EventEmitter 'tick'$/,
  closed: unheard,
})

leaves('a listener of an emitter of the host, in the middle of a line', {
  top: SHARED,
  init: `void 0; if (1) {globalThis.left.bus./*!*/on('tick',heard)} `,
  exit: `bus.removeAllListeners('tick')`,
  kind: 'listener',
  what: /^EventEmitter 'tick'$/,
  closed: unheard,
})

leaves('a listener of an EventTarget of the host', {
  top: SHARED,
  init: `left.target./*!*/addEventListener('tick', heard, { capture: true })`,
  exit: `left.target.removeEventListener('tick', heard, { capture: true })`,
  kind: 'listener',
  what: /^EventTarget 'tick'$/,
  closed: unheard,
})

leaves('an object that listens to an EventTarget of the host', {
  top: SHARED,
  init: `held = { handleEvent: heard }; left.target./*!*/addEventListener('tick', held)`,
  exit: `left.target.removeEventListener('tick', held)`,
  kind: 'listener',
  what: /^EventTarget 'tick'$/,
  closed: unheard,
})

leaves("a listener of one of Node's own emitters", {
  top: `import { globalAgent } from 'node:http'`,
  init: `globalAgent./*!*/on('outlive', () => {})`,
  exit: `globalAgent.removeAllListeners('outlive')`,
  kind: 'listener',
  what: /^Agent 'outlive'$/,
})

describe('listeners on emitters', () => {
  it('of another module are closed and named, in TypeScript and in CommonJS', async t => {
    const { kernel, file } = stage(t, {
      'bus.ts': `import { EventEmitter } from 'node:events'\nexport const bus = new EventEmitter()\nexport const count = () => bus.listenerCount('tick')\n`,
      'user.ts': `import { bus, count } from './bus.ts'\nimport * as all from './bus.ts'\n
export function init(k: { register(point: string, ops: unknown): void }): void {
  bus.on('tick', (n: number) => n)
      all.bus.once('tick', (() => {}) as () => void)
  k.register('count', count)
}`,
      'user.cjs': `exports.init = () => {\n    globalThis.outliveBus.on('tick', () => {})\n}`,
    })
    await kernel.insmod(file('bus.ts'))
    await kernel.insmod(file('user.ts'))
    const [count] = kernel.point<() => number>('count')
    assert.equal(count!(), 2)
    const { leftovers } = await kernel.rmmod('user')
    assert.deepEqual(
      leftovers.map(({ kind, where, closed }) => [kind, where, closed]),
      [
        ['listener', `${file('user.ts')}:5:7`, true],
        ['listener', `${file('user.ts')}:6:15`, true],
      ],
    )
    assert.equal(count!(), 0)
    const shared = globalThis as { outliveBus?: EventEmitter }
    t.after(() => void delete shared.outliveBus)
    shared.outliveBus = new EventEmitter()
    await kernel.insmod(file('user.cjs'))
    assert.equal((await kernel.rmmod('user')).leftovers[0]!.where, `${file('user.cjs')}:2:27`)
    assert.equal(shared.outliveBus.listenerCount('tick'), 0)
  })

  it('of the module itself are its own affair', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'own/package.json': '{"name":"own","main":"main.mjs"}',
      'own/bus.mjs': `import { EventEmitter } from 'node:events'\nexport const bus = new EventEmitter()`,
      'own/main.mjs': `import { EventEmitter } from 'node:events'
        import http from 'node:http'
        import { bus } from './bus.mjs'
        const local = new EventEmitter, target = new EventTarget
        left.server = http.createServer()
        class Own extends EventEmitter { constructor() { super(); this.on('x', () => {}); super.once('x', () => {}) } }
        export function init(k) {
          bus.on('x', () => {})
          local.on('x', () => {})
          target.addEventListener('x', () => {})
          new Own().on('x', () => {})
          left.server.on('request', () => {})
          k.signal.addEventListener('abort', () => { left.aborted = true })
        }`,
    })
    await kernel.insmod(file('own'))
    assert.deepEqual((await kernel.rmmod('own')).leftovers, [])
    assert.equal(left.aborted, true)
  })

  it('behave as ever, and are forgotten when they have been taken away, however many', async t => {
    const left = leftOf(t)
    left.bus = new EventEmitter()
    left.odd = { on: (...args: unknown[]) => args }
    const { kernel, file } = stage(t, {
      'exact.mjs': `const seen = []
        const hear = function (...args) { seen.push(this === left.bus, ...args) }
        export function init() {
          seen.push(left.bus.on('a', hear).once('a', hear) === left.bus, left.odd.on(1, 2).length, left.none?.on('x'))
          left.bus.emit('a', 1); left.bus.emit('a', 2)
          left.bus.off('a', hear)
          for (let n = 0; n < 500; n++) { left.bus.once('b', hear); left.bus.emit('b') }
          seen.length = 9
          for (const wrong of [() => left.bus.on('x', 'no function'), () => left.missing.on('x')])
            try { wrong() } catch (error) { seen.push(error.constructor.name) }
          left.seen = seen
        }`,
    })
    await kernel.insmod(file('exact.mjs'))
    assert.deepEqual(left.seen, [true, 2, undefined, true, 1, true, 1, true, 2, 'TypeError', 'TypeError'])
    assert.deepEqual((await kernel.rmmod('exact')).leftovers, [])
  })
})

leaves('a callback for uncaught exceptions', {
  top: TOP,
  init: `process./*!*/setUncaughtExceptionCaptureCallback(heard)`,
  exit: `process.setUncaughtExceptionCaptureCallback(null)`,
  kind: 'hook',
  what: /capture callback/,
  closed: () => assert.equal(process.hasUncaughtExceptionCaptureCallback(), false),
})

/** Runs as the body of a module, with its view, and as a function, with the real process: the answers must be the same. */
const SCRIPT = `
  const said = []
  const a = function (...args) { said.push('a', this === undefined, ...args) }
  const b = (...args) => said.push('b', ...args)
  const e = 'outlive-script'
  const news = []
  process.on('newListener', (event, fn) => event === e && news.push('new', fn === a || fn === b))
  process.on('removeListener', (event, fn) => event === e && news.push('removed', fn === a || fn === b))
  process.on(e, a).on(e, b).once(e, a).prependListener(e, b)
  said.push(process.listenerCount(e), process.listeners(e).length, process.rawListeners(e).map(fn => fn === a ? 'a' : fn === b ? 'b' : typeof fn.listener))
  process.emit(e, 1)
  process.emit(e, 2)
  process.off(e, a)
  process.emit(e, 3)
  process.on(e, a).once(e, a).off(e, a)
  process.emit(e, 4)
  process.removeListener(e, a).removeListener(e, b)
  process.emit(e, 5)
  process.prependOnceListener(e, b)
  said.push(process.emit(e, 6), process.emit(e, 7), process.listenerCount(e))
  try { process.on(e, 'no function') } catch (error) { said.push(error.code) }
  process.once(e, b)
  process.off(e, b)
  said.push(process.listenerCount(e), process.eventNames().includes(e))
  process.removeAllListeners(e)
  said.push(process.getMaxListeners())
  process.setMaxListeners(77)
  said.push(process.getMaxListeners())
  process.setMaxListeners(10)
  process.exitCode = 3
  const code = process.exitCode
  process.exitCode = undefined
  said.push(code, process.title, process.pid, Object.prototype.toString.call(process), process.hrtime.bigint() > 0n, typeof process.stdout.write, process instanceof process.constructor)
  const title = process.title
  process.title = 'outlive'
  said.push(process.title)
  process.title = title
  return { said, news }`

describe('the view of process', () => {
  it('answers as the real one', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, { 'exact.cjs': `left.answer = (() => {${SCRIPT}})()` })
    await kernel.insmod(file('exact.cjs'))
    const answer = structuredClone(left.answer)
    const before = process.listenerCount('newListener' as never)
    const real = new Function(SCRIPT)() as typeof left.answer
    for (const event of ['newListener', 'removeListener'] as const)
      process.removeListener(event as never, process.listeners(event as never).at(-1)!)
    assert.deepEqual(answer, real)
    const { leftovers } = await kernel.rmmod('exact')
    assert.deepEqual(
      leftovers.map(({ what }) => what),
      ["process 'newListener'", "process 'removeListener'"],
    )
    assert.equal(process.listenerCount('newListener' as never), before - 1)
  })

  it('removes all listeners of the module, and none of the host', async t => {
    const { kernel, file } = stage(t, {
      'all.mjs': `process.on('outlive', () => {}); process.removeAllListeners('outlive'); process.removeAllListeners()`,
    })
    const listener = (): void => {}
    process.on('outlive' as never, listener)
    t.after(() => process.off('outlive', listener))
    await kernel.insmod(file('all.mjs'))
    assert.deepEqual(process.listeners('outlive' as never), [listener])
  })

  it('forgets listeners that were called once, or that the host took away', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'once.mjs': `
        export function init() {
          for (let n = 0; n < 1000; n++) { process.once('outlive', () => {}); process.emit('outlive') }
          left.listen = () => process.on('outlive', () => {})
        }`,
    })
    await kernel.insmod(file('once.mjs'))
    for (let n = 0; n < 1000; n++) {
      ;(left.listen as () => void)()
      process.removeAllListeners('outlive')
    }
    assert.deepEqual((await kernel.rmmod('once')).leftovers, [])
  })

  it('gives the standard streams, which work as the real ones', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'streams.mjs': `import { Readable, Writable, finished } from 'node:stream'
        import { stdout } from 'node:process'
        import { spawnSync } from 'node:child_process'
        process.stderr.write('')
        left.same = [process.stdin === process.stdin, stdout === process.stdout, process.stdin instanceof Readable,
          process.stdout instanceof Writable, process.stdout.fd, typeof process.stdin.pipe, process.stdout.isTTY === left.tty]
        process.stdin.pipe(new Writable)
        process.stdin.unpipe()
        finished(process.stdout, () => {})()
        left.spawned = String(spawnSync(process.execPath, ['-p', '1+1'], { stdio: [process.stdin, 'pipe', process.stderr] }).stdout).trim()`,
    })
    left.tty = process.stdout.isTTY
    await kernel.insmod(file('streams.mjs'))
    assert.deepEqual(left.same, [true, true, true, true, 1, 'function', true])
    assert.equal(left.spawned, '2')
    assert.deepEqual((await kernel.rmmod('streams')).leftovers, [])
  })
})
