import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BroadcastChannel, type MessagePort, Worker } from 'node:worker_threads'
import { turns } from '../support/latch.ts'
import { stage } from '../support/stage.ts'
import { type Left, leaves, leftOf } from './leave.ts'

const TOP = `import childProcess, { spawn } from 'node:child_process'
import cluster from 'node:cluster'
import { Worker, MessageChannel as Channel, BroadcastChannel as Broadcast } from 'node:worker_threads'
import { promisify } from 'node:util'
import { once } from 'node:events'
let held
const node = process.execPath
const wait = ['-e', 'console.log(1); setInterval(() => {}, 1000)']
const note = child => { left.pid = child.pid; return child }`

const isGone = ({ pid }: Left): void => {
  assert.equal(typeof pid, 'number')
  assert.throws(() => process.kill(pid as number, 0), { code: 'ESRCH' })
}

leaves('a child process', {
  top: TOP,
  init: `held = note(/*!*/spawn(node, wait)); await once(held, 'spawn'); held.on('exit', () => { left.again = spawn(node, wait) })`,
  exit: `held.removeAllListeners('exit').kill()`,
  kind: 'child',
  what: /^process \d+, .*node.* -e /,
  closed: left => {
    isGone(left)
    assert.equal(left.again, undefined)
  },
})

leaves('a child process that does not listen to SIGTERM', {
  top: TOP,
  init: `held = note(childProcess./*!*/spawn(node, ['-e', 'process.on("SIGTERM", () => {}); console.log(1); setInterval(() => {}, 1000)'])); await once(held.stdout, 'data')`,
  exit: `held.kill('SIGKILL')`,
  kind: 'child',
  what: /^process \d+/,
  closed: isGone,
})

leaves('a child process in a group of its own, with a child of its own', {
  top: TOP,
  init: `held = childProcess./*!*/spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!; wait'], { detached: true })
    left.pid = Number(String((await once(held.stdout, 'data'))[0]))`,
  exit: `process.kill(-held.pid)`,
  kind: 'child',
  what: /^process \d+, \/bin\/sh -c/,
  closed: async left => {
    // Who takes it in, as its parent has ended, may be busy.
    for (const giveUp = Date.now() + 60_000; isAlive(left.pid as number) && Date.now() < giveUp; ) await sleep(10)
    assert.equal(isAlive(left.pid as number), false)
  },
})

/** One that has ended and that nobody has taken note of yet is not alive. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(existsSync('/proc') ? readFileSync(`/proc/${pid}/status`, 'utf8') : '')
  } catch {
    return false
  }
}

leaves('a forked child', {
  top: TOP,
  init: `held = note(childProcess./*!*/fork(left.folder + '/it/child.cjs')); await once(held, 'message')`,
  files: { 'it/child.cjs': `process.send('up'); process.on('message', () => {})` },
  exit: `held.disconnect(); held.kill()`,
  kind: 'child',
  what: /^process \d+, .*child\.cjs$/,
  closed: isGone,
})

for (const how of ['childProcess./*!*/exec(command)', 'childProcess./*!*/execFile(node, wait)'])
  leaves(`a command: ${how.replace('/*!*/', '')}`, {
    top: TOP,
    init: `const command = 'exec "' + node + '" -e "console.log(1); setInterval(() => {}, 1000)"'; held = note(${how}); await once(held.stdout, 'data')`,
    exit: `held.kill()`,
    kind: 'child',
    what: /^process \d+/,
    closed: isGone,
  })

leaves('a promised command, which nobody awaits', {
  top: TOP,
  init: `const run = promisify(childProcess.execFile), promise = /*!*/run(node, wait); held = note(promise.child); await once(held.stdout, 'data'); left.promise = promise`,
  exit: `held.removeAllListeners(); held.kill()`,
  kind: 'child',
  what: /^process \d+/,
  closed: isGone,
})

leaves('a worker of the cluster', {
  top: TOP,
  init: `cluster.setupPrimary({ exec: left.folder + '/it/child.cjs' }); held = cluster./*!*/fork(); left.pid = held.process.pid; await once(held, 'online')`,
  files: { 'it/child.cjs': 'setInterval(() => {}, 1000)' },
  exit: `held.process.kill('SIGKILL')`,
  kind: 'child',
  what: /^cluster worker \d+$/,
  closed: isGone,
})

const isOver = ({ worker }: Left): void => assert.equal((worker as Worker).threadId, -1)

leaves('a worker', {
  top: TOP,
  init: `held = left.worker = /*!*/new Worker('setInterval(() => {}, 1000)', { eval: true }); await once(held, 'online'); held.on('exit', () => { left.again = true })`,
  exit: `held.removeAllListeners('exit'); held.terminate()`,
  kind: 'worker',
  what: /^worker \d+$/,
  closed: left => {
    isOver(left)
    assert.equal(left.again, undefined)
  },
})

leaves('a worker of a subclass, which never stops', {
  top: `${TOP}\nclass Own extends Worker {\n  constructor(code) {\n    /*!*/super(code, { eval: true })\n  }\n}`,
  init: `held = left.worker = new Own('for (;;);'); await once(held, 'online')`,
  exit: `await held.terminate()`,
  kind: 'worker',
  what: /^worker \d+$/,
  closed: isOver,
})

leaves('a message channel', {
  top: TOP,
  init: `held = /*!*/new MessageChannel; held.port1.onmessage = () => { left.heard = true }; left.port = held.port2`,
  exit: `held.port1.close()`,
  kind: 'port',
  what: /^message channel with open ports$/,
  closed: async left => {
    ;(left.port as MessagePort).postMessage(1)
    await turns(10)
    assert.equal(left.heard, undefined)
  },
})

leaves('the port that stays of a channel whose other port is sent away', {
  top: TOP,
  init: `held = /*!*/new Channel; left.sent = structuredClone(held.port2, { transfer: [held.port2] }); held.port1.ref()`,
  exit: `held.port1.close()`,
  kind: 'port',
  what: /^message channel with one open port$/,
})

const cannotPost = ({ channel }: Left): void =>
  assert.throws(() => (channel as BroadcastChannel).postMessage(1), { name: 'InvalidStateError' })

leaves('a broadcast channel', {
  top: TOP,
  init: `held = left.channel = /*!*/new BroadcastChannel('outlive'); held.onmessage = () => {}`,
  exit: `held.close()`,
  kind: 'channel',
  what: /^broadcast channel 'outlive'$/,
  closed: cannotPost,
})

leaves('a broadcast channel of node:worker_threads', {
  top: TOP,
  init: `held = left.channel = /*!*/new Broadcast('outlive')`,
  exit: `held.close()`,
  kind: 'channel',
  what: /^broadcast channel 'outlive'$/,
  closed: cannotPost,
})

describe('processes and threads', () => {
  it('that were told to end are not reported, though they take their time', async t => {
    const { kernel, file } = stage(t, {
      'slow.mjs': `${TOP}
        const code = 'process.on("SIGTERM", () => setTimeout(() => process.exit(), 500)); console.log(1); setInterval(() => {}, 1000)'
        export async function init() {
          held = spawn(node, ['-e', code])
          await once(held.stdout, 'data')
        }
        export const exit = () => void held.kill()`,
    })
    await kernel.insmod(file('slow.mjs'))
    assert.deepEqual((await kernel.rmmod('slow')).leftovers, [])
  })

  it('that ended are forgotten, however many', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'busy.mjs': `${TOP}
        export async function init() {
          for (let n = 0; n < 10; n++) {
            await once(spawn('true'), 'close')
            await promisify(childProcess.exec)('true')
            await once(new Worker('', { eval: true }), 'exit')
          }
          for (let n = 0; n < 300; n++) {
            new Channel().port1.close()
            new Broadcast('x').close()
          }
          left.missing = await once(spawn('/does/not/exist'), 'error').then(([error]) => error.code, error => error.code)
        }`,
    })
    await kernel.insmod(file('busy.mjs'))
    assert.equal(left.missing, 'ENOENT')
    assert.deepEqual((await kernel.rmmod('busy')).leftovers, [])
  })

  it('views are the real ones to whoever asks', async t => {
    const left = leftOf(t)
    left.worker = new Worker('', { eval: true })
    const { kernel, file } = stage(t, {
      'exact.mjs': `${TOP}
        const a = new MessageChannel, b = new BroadcastChannel('x')
        left.answer = [left.worker instanceof Worker, a instanceof Channel, a instanceof MessageChannel, b instanceof Broadcast, MessageChannel.name,
          typeof BroadcastChannel, BroadcastChannel.prototype === Broadcast.prototype, (await promisify(childProcess.exec)('echo hi')).stdout,
          await promisify(childProcess.execFile)('false').catch(error => error.code), a.port1 instanceof MessagePort]
        a.port1.close(); b.close()`,
    })
    await kernel.insmod(file('exact.mjs'))
    assert.deepEqual(left.answer, [true, true, true, true, 'MessageChannel', 'function', true, 'hi\n', 1, true])
    assert.deepEqual((await kernel.rmmod('exact')).leftovers, [])
  })
})
