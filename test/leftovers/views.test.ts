import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { collectUntil } from '../support/gc.ts'
import { turns } from '../support/latch.ts'
import { root } from '../support/paths.ts'
import { stage } from '../support/stage.ts'
import { collected, leftOf } from './leave.ts'

describe('the views of a module', () => {
  it('are those of a package in its folder too', async t => {
    const left = leftOf(t)
    const scene = stage(t, {
      'app/package.json': '{"name":"app","main":"app.mjs"}',
      'app/app.mjs': `import { open } from 'opener'\nexport const init = () => open()`,
      'app/node_modules/opener/package.json': '{"name":"opener","main":"index.js"}',
      'app/node_modules/opener/index.js': `'use strict'
const timers = require('timers')
const { EventEmitter } = require('events')
const root = typeof global === 'object' && global.Object === Object && global
class Opener extends EventEmitter {
  open() {
    setInterval(() => {}, 1000)
    root.setTimeout(() => {}, 100000)
    timers.setImmediate(() => { left.ran = true })
    process.on('outlive', () => {})
    this.server = require('http').createServer().listen(0)
    this.child = require('./lib/spawn').start()
  }
}
exports.open = () => new Opener().open()
`,
      'app/node_modules/opener/lib/spawn.js': `exports.start = () =>\n  require('node:child_process').spawn('sleep', ['1000'])`,
    })
    await scene.kernel.insmod(scene.file('app'))
    await turns()
    assert.equal(left.ran, true)
    const { leftovers } = await scene.kernel.rmmod('app')
    const index = scene.file('app/node_modules/opener/index.js')
    assert.deepEqual(
      leftovers.map(({ kind, where, closed }) => [kind, where, closed]),
      [
        ['interval', `${index}:7:5`, true],
        ['timeout', `${index}:8:10`, true],
        ['server', `${index}:11:35`, true],
        ['child', `${scene.file('app/node_modules/opener/lib/spawn.js')}:2:33`, true],
        ['listener', `${index}:10:13`, true],
      ],
    )
    await collected(scene)
  })

  it('are found by every way to a builtin', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'ways.mjs': `import net, { createServer } from 'node:net'
        import * as names from 'net'
        import { createRequire } from 'node:module'
        const require = createRequire(import.meta.url)
        const dynamic = await import('node:net')
        left.same = [net.createServer, names.createServer, require('net').createServer, require('node:net').createServer, dynamic.createServer,
          dynamic.default.createServer, process.getBuiltinModule?.('net').createServer ?? createServer].map(found => found === createServer)
        left.missing = [process.getBuiltinModule?.('nothing'), typeof require.resolve, require('./data.json').a]`,
      'data.json': '{"a":1}',
    })
    await kernel.insmod(file('ways.mjs'))
    assert.deepEqual(left.same, Array(7).fill(true))
    assert.deepEqual(left.missing, [undefined, 'function', 1])
  })

  it('touch nothing of the host', async t => {
    const left = leftOf(t)
    left.host = [setTimeout, process, globalThis, fetch, (await import('node:net')).createServer]
    const { kernel, file } = stage(t, {
      'own.mjs': `import net from 'node:net'
        left.own = [setTimeout, process, globalThis, fetch, net.createServer]
        globalThis.outliveShared = 1
        net.createServer = () => 'mine'`,
    })
    const before = Object.getOwnPropertyNames(globalThis)
    await kernel.insmod(file('own.mjs'))
    const own = left.own as unknown[]
    assert.equal(
      own.some((value, index) => value === (left.host as unknown[])[index]),
      false,
    )
    assert.deepEqual(
      Object.getOwnPropertyNames(globalThis).filter(name => !before.includes(name)),
      ['outliveShared'],
    )
    Reflect.deleteProperty(globalThis, 'outliveShared')
    assert.equal((await import('node:net')).createServer, (left.host as unknown[])[4])
  })

  it('show the global object as it is', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'global.cjs': `
        globalThis.left.polyfill = 'shared'
        Object.defineProperty(globalThis, 'outliveDefined', { value: 1, configurable: true })
        const { outliveDefined } = globalThis
        delete globalThis.outliveDefined
        left.answer = [globalThis === global, globalThis.globalThis === globalThis, global.global === global, globalThis.Array === Array, 'setTimeout' in globalThis,
          outliveDefined, 'outliveDefined' in globalThis, Object.prototype.toString.call(globalThis), globalThis.performance === performance, typeof globalThis.crypto.randomUUID(),
          globalThis.structuredClone([1])[0], typeof globalThis.navigator, globalThis.undefinedThing, Object.keys(globalThis).join() === left.keys,
          globalThis.process === process, globalThis.setTimeout === setTimeout, globalThis instanceof Object, typeof globalThis.btoa('x'), typeof globalThis.queueMicrotask]`,
    })
    left.keys = Object.keys(globalThis).join()
    await kernel.insmod(file('global.cjs'))
    assert.deepEqual(left.answer, [
      ...[true, true, true, true, true],
      ...[1, false, '[object global]', true, 'string'],
      ...[1, typeof Reflect.get(globalThis, 'navigator'), undefined, true],
      ...[true, true, true, 'string', 'function'],
    ])
  })

  it('show the properties of process as its own', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'copies.cjs': `'use strict'
        const copy = {}
        for (const name of Object.getOwnPropertyNames(process)) copy[name] = process[name]
        const t = f => { try { return f() } catch (error) { return error.name } }
        process.execPath = 'mine'
        process.exitCode = 0
        globalThis.left.answer = [Object.keys(process).filter(name => !name.startsWith('_')), copy.env === process.env, copy.pid, Object.hasOwn(process, 'argv'), { ...process }.version,
          t(() => { process.version = 'x' }), process.execPath, copy.stdout === process.stdout, copy.dlopen === process.dlopen]`,
    })
    const { exitCode, execPath } = process
    t.after(() => void (process.exitCode = exitCode))
    await kernel.insmod(file('copies.cjs'))
    const names = Object.keys(process).filter(name => !name.startsWith('_'))
    const [seen, ...answers] = left.answer as [string[], ...unknown[]]
    assert.deepEqual(seen.toSorted(), names.toSorted())
    assert.deepEqual(answers, [true, process.pid, true, process.version, 'TypeError', 'mine', true, true])
    assert.deepEqual([process.execPath, process.exitCode], [execPath, 0])
  })

  it('stay out of the host when a module puts them where they are, or into an object that inherits from the global one', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'put.cjs': `
        globalThis.process = process
        globalThis.global = global
        Object.defineProperty(globalThis, 'setTimeout', { ...Object.getOwnPropertyDescriptor(globalThis, 'setTimeout'), value: setTimeout })
        const own = Object.create(globalThis)
        own.process = process
        own.outliveOwn = 1
        own.setTimeout = setTimeout
        globalThis.left.answer = [globalThis.process === process, Object.keys(own), own.setTimeout === setTimeout, typeof own.process.stdout.write, 'outliveOwn' in globalThis]`,
    })
    const host = [process, global, setTimeout]
    await kernel.insmod(file('put.cjs'))
    assert.deepEqual(left.answer, [true, ['outliveOwn', 'setTimeout'], true, 'function', false])
    assert.deepEqual(
      [process, global, setTimeout].map((value, index) => value === host[index]),
      [true, true, true],
    )
  })

  it('call what stood in the place of a global in which the module has put something that calls them', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'wrap.mjs': `
        const names = ['fetch', 'setTimeout', 'WebSocket'].filter(name => name in globalThis)
        const before = names.map(name => globalThis[name])
        const [request, start, Socket] = before
        const mine = [text => request('data:,' + text), (...args) => start(...args), function (url) { return new Socket(url) }]
        names.forEach((name, index) => { globalThis[name] = mine[index] })
        const text = async response => (await response).text()
        const refused = make => { try { make() } catch (error) { return error.name } }
        left.answer = [names.every((name, index) => globalThis[name] === mine[index]), await text(globalThis.fetch('a')), await text(fetch('data:,b')),
          await new Promise(resolve => globalThis.setTimeout(resolve, 1, 'c')), !names[2] || refused(() => new globalThis.WebSocket('no url'))]
        left.restore = () => { names.forEach((name, index) => { globalThis[name] = before[index] }); return names.every((name, index) => globalThis[name] === before[index]) }`,
    })
    const names = ['fetch', 'setTimeout', 'WebSocket'].filter(name => name in globalThis)
    const host = names.map(name => Reflect.get(globalThis, name) as unknown)
    t.after(() => names.forEach((name, index) => void Reflect.set(globalThis, name, host[index])))
    await kernel.insmod(file('wrap.mjs'))
    assert.deepEqual(left.answer, [true, 'a', 'b', 'c', names[2] ? 'SyntaxError' : true])
    assert.equal(await (await fetch('d')).text(), 'd')
    assert.equal((left.restore as () => boolean)(), true)
    assert.deepEqual(
      names.map(name => Reflect.get(globalThis, name) as unknown),
      host,
    )
  })

  it('show what stood in the place of a global before older images of the module put something there', async t => {
    const text = `
      const Before = globalThis.Response
      class Mine extends Before {}
      const request = globalThis.fetch
      export const init = k => {
        Object.defineProperty(globalThis, 'Response', { value: Mine })
        globalThis.fetch = async url => (left.through = [...(left.through ?? []), k.module.generation], request(url))
        left.classes = [...(left.classes ?? []), [globalThis.Response === Mine, Before.name]]
      }`
    const left = leftOf(t)
    const { kernel, file } = stage(t, { 'wrap.mjs': text })
    const host = ['fetch', 'Response'].map(name => [name, Reflect.get(globalThis, name)] as const)
    t.after(() => {
      for (const [name, value] of host) Object.defineProperty(globalThis, name, { value })
    })
    await kernel.insmod(file('wrap.mjs'))
    await kernel.replace('wrap')
    await kernel.rmmod('wrap')
    await kernel.insmod(file('wrap.mjs'))
    assert.deepEqual(left.classes, [
      [true, 'Response'],
      [true, 'Response'],
      [true, 'Response'],
    ])
    assert.equal(await (await fetch('data:,a')).text(), 'a')
    assert.deepEqual(left.through, [3])
    assert.ok(await collectUntil(() => kernel.lingering().length === 0))
  })

  it('leave what the new image has put in the place of a global, when the old one puts back what it found', async t => {
    const text = `
      const before = [globalThis.fetch, globalThis.Response]
      export const init = k => {
        globalThis.fetch = async url => (left.through = k.module.generation, before[0](url))
        globalThis.Response = class extends before[1] {}
      }
      export const exit = () => { [globalThis.fetch, globalThis.Response] = before }`
    const left = leftOf(t)
    const { kernel, file } = stage(t, { 'wrap.mjs': text })
    const host = [fetch, Response]
    await kernel.insmod(file('wrap.mjs'))
    await kernel.replace('wrap')
    await kernel.replace('wrap')
    assert.equal(await (await fetch('data:,a')).text(), 'a')
    assert.equal(left.through, 3)
    assert.notEqual(Response, host[1])
    await kernel.rmmod('wrap')
    assert.deepEqual(
      [fetch, Response].map((value, index) => value === host[index]),
      [true, true],
    )
    assert.ok(await collectUntil(() => kernel.lingering().length === 0))
  })

  it('keep no image whose function a newer one has put its own in the place of, where nothing stood before', async t => {
    const left = leftOf(t)
    const { kernel, file } = stage(t, {
      'help.mjs': `
        const found = () => globalThis.outliveHelper?.()
        export const init = k => {
          left.found = [...(left.found ?? []), found()]
          globalThis.outliveHelper = () => k.module.generation
        }`,
      'restore.mjs': `
        const before = globalThis.outliveRestored
        export const init = k => { globalThis.outliveRestored = () => k.module.generation }
        export const exit = () => { if (before) globalThis.outliveRestored = before }`,
    })
    const stands = (name: string) => (Reflect.get(globalThis, name) as () => number)()
    t.after(() => ['outliveHelper', 'outliveRestored'].map(name => Reflect.deleteProperty(globalThis, name)))
    for (const name of ['help', 'restore']) {
      await kernel.insmod(file(`${name}.mjs`))
      for (let replaces = 0; replaces < 3; replaces++) await kernel.replace(name)
    }
    assert.deepEqual([left.found, stands('outliveHelper'), stands('outliveRestored')], [[undefined, 1, 2, 3], 4, 4])
    // Those of the other module keep one another.
    const helping = () => kernel.lingering().filter(({ image }) => image.startsWith('help'))
    assert.ok(await collectUntil(() => helping().length === 0))
  })

  it("have Node put what sends fetch's requests into its place before a module can", () => {
    const program = `
      import { createKernel } from 'outlive'
      import { mkdtempSync, writeFileSync, rmSync } from 'node:fs'
      const folder = mkdtempSync('/tmp/outlive-dispatcher-')
      writeFileSync(folder + '/sends.mjs', \`
        const place = Symbol.for('undici.globalDispatcher.1')
        class Agent {}
        if (globalThis[place] === undefined)
          Object.defineProperty(globalThis, place, { value: new Agent(), writable: true, enumerable: false, configurable: false })
        export const isOwn = globalThis[place] instanceof Agent
        export const init = k => k.register('p', () => isOwn)\`)
      const kernel = createKernel({ modules: folder })
      await kernel.insmod(folder + '/sends.mjs')
      for (const isOwn of kernel.point('p')) console.log(isOwn(), typeof globalThis[Symbol.for('undici.globalDispatcher.1')].dispatch)
      await kernel.close()
      rmSync(folder, { recursive: true })`
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' })
    assert.equal(said.trim(), 'false function')
  })

  it('load nothing that the module does not use', () => {
    const program = `
      import { createKernel } from 'outlive'
      import { mkdtempSync, writeFileSync } from 'node:fs'
      const folder = mkdtempSync('/tmp/outlive-lazy-')
      writeFileSync(folder + '/plain.mjs', 'setTimeout(() => {}, 1); export const x = typeof WebSocket + typeof BroadcastChannel')
      const before = process.moduleLoadList.length
      const kernel = createKernel({ modules: folder })
      await kernel.insmod(folder + '/plain.mjs')
      console.log(process.moduleLoadList.slice(before).filter(name => /undici|worker_threads|child_process|inspector|http2|cluster|readline/.test(name)).join() || 'nothing')
      await kernel.close()`
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' })
    assert.equal(said.trim(), 'nothing')
  })
})
