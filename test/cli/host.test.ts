import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { outlive, socketFolder, startHost } from '../support/command.ts'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

const route = (text: string): string =>
  `export const init = k => k.register('http.route', { method: 'GET', url: '/a', handler: () => '${text}' })\n`

const bodyOf = async (url: string): Promise<string> => (await fetch(url)).text()

describe('outlive run', () => {
  it('inserts every module of its folder, dependencies first, and goes on when one fails', async t => {
    const host = await startHost(t, {
      'a-user.ts': `import { word } from './low.ts'\nexport const init = k => k.register('http.route', { method: 'GET', url: '/a', handler: () => word })\n`,
      'bad.ts': 'export const = 1\n',
      'a-asks.ts': `import { nothing } from './low.ts'\n`,
      'low.ts': `export const word = 'low'\n`,
      'throws.ts': `export const init = () => { throw new Error('no disk') }\n`,
      'folder/package.json': '{ "name": "@x/folder", "main": "main.js" }',
      'folder/main.js': 'export {}\n',
      'folder/other.js': `throw new Error('is not run')\n`,
      'types.d.ts': 'export declare const x: number\n',
      'readme.md': '# no module',
    })
    const order = host.out.flatMap(line => /\+ (\S+) live/.exec(line)?.[1] ?? [])
    assert.deepEqual(order, ['low#1', 'a_user#1', 'folder#1'])
    assert.ok(!host.out.some(line => line.includes('- low#1')), 'one that fails takes nothing out')
    assert.equal(await bodyOf(`${host.url}/a`), 'low')
    const problems = host.err.join('\n')
    assert.match(problems, /x bad: could not insert module .*bad\.ts: .* at .*bad\.ts:1:14\n> 1 \| export const = 1\n/)
    assert.match(problems, /x throws: could not insert module .*throws\.ts: no disk at .*throws\.ts:1:35/)
    assert.equal(await host.end(), 0)
  })

  it('prints its address and three commands to try next', async t => {
    const host = await startHost(t, {
      'hello.ts': `export const init = k => k.register('http.route', { method: 'GET', url: '/hello/:name', handler: () => 'hi' })\n`,
    })
    await host.says(/replace hello$/)
    assert.deepEqual(host.out.slice(-5), [
      `listening on ${host.url}`,
      `host ${host.pid}, modules in ${host.folder.path}. Try next, in another terminal:`,
      `  curl ${host.url}/hello/world`,
      '  npx outlive lsmod',
      '  npx outlive replace hello',
    ])
  })

  it('has nothing to try that is not there', async t => {
    const host = await startHost(t, {
      'a.ts': `export const init = k => k.register('http.route', { method: 'GET', url: '/w/*', handler: () => 'hi' })\n`,
    })
    await host.says(/replace a$/)
    assert.deepEqual(host.out.slice(-3), ['  npx outlive dmesg -w', '  npx outlive lsmod', '  npx outlive replace a'])
  })

  it('unloads everything when its terminal closes', async t => {
    const host = await startHost(t, { 'a.ts': `export const exit = () => console.log('exit a')\n` })
    assert.equal(await host.end('SIGHUP'), 0)
    assert.ok(host.out.includes('exit a'))
  })

  it('leaves SIGHUP to whoever listens to it', async t => {
    const host = await startHost(t, {
      'a.ts': `export const init = () => void process.on('SIGHUP', () => console.log('read again'))\n`,
    })
    process.kill(host.pid, 'SIGHUP')
    await host.says(/^read again$/)
    assert.equal(await host.end(), 0)
    assert.ok(host.out.includes('SIGTERM: unloading'))
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`at ${signal} lets requests finish, unloads everything, dependents first, and ends with 0`, async t => {
      const host = await startHost(t, {
        'low.ts': `export const word = 'low'\nexport const exit = () => console.log('exit low')\n`,
        'top.ts': `import { word } from './low.ts'
          let finish, begun
          const wait = new Promise(resolve => { finish = resolve })
          const began = new Promise(resolve => { begun = resolve })
          export function init(k) {
            k.register('http.route', { method: 'GET', url: '/slow', handler: async () => { begun(); await wait; return 'served by ' + word } })
            k.register('http.route', { method: 'GET', url: '/began', handler: async () => { await began; return 'yes' } })
            process.on('${signal}', () => setImmediate(finish))
          }
          export const exit = () => console.log('exit top')\n`,
      })
      const slow = bodyOf(`${host.url}/slow`)
      assert.equal(await bodyOf(`${host.url}/began`), 'yes')
      assert.equal(await host.end(signal), 0)
      assert.equal(await slow, 'served by low')
      assert.deepEqual(
        host.out.filter(line => /^(?:exit|SIG)/.test(line)),
        [`${signal}: unloading`, 'exit top', 'exit low'],
      )
      await assert.rejects(fetch(`${host.url}/slow`))
    })

  it('ends at once at a second signal, whichever of the two, though a module listens to it', async t => {
    const host = await startHost(t, {
      'a.ts': `process.on('SIGINT', () => {})\nexport const exit = () => new Promise(() => console.log('exit begins'))\n`,
    })
    process.kill(host.pid, 'SIGTERM')
    await host.says(/^exit begins$/)
    assert.equal(await host.end('SIGINT'), null)
  })

  it('ends with 0 although an exit throws, a stream has no end, and an interval runs', async t => {
    const host = await startHost(
      t,
      {
        'endless.ts': `import { setTimeout as wait } from 'node:timers/promises'
          async function* forever() { for (let n = 0; ; n++) { yield Buffer.from(n + ' '); await new Promise(() => {}) } }
          export const init = k => { setInterval(() => {}, 10); k.register('http.route', { method: 'GET', url: '/s', handler: forever }) }
          export const exit = () => { throw new Error('no') }\n`,
      },
      { words: ['--grace', '50'] },
    )
    const response = await fetch(`${host.url}/s`)
    const reader = response.body!.getReader()
    assert.equal(Buffer.from((await reader.read()).value!).toString(), '0 ')
    assert.equal(await host.end(), 0)
    await reader.cancel().catch(() => {})
  })

  it('is told to stop while an init goes on: it inserts no more, and unloads what it has when that init ends', async t => {
    const folder = new Folder({
      'a.ts': `export const exit = () => console.log('exit a')\n`,
      'b.ts': `export const init = () => new Promise(resolve => {
          process.on('SIGTERM', () => setTimeout(resolve, 50))
          console.log('b begins')
        })
        export const exit = () => console.log('exit b')\n`,
      'c.ts': `console.log('c was run')\n`,
    })
    t.after(() => folder.remove())
    const words = ['run', '--modules', folder.path, '--http', '0']
    const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...words], {
      env: { ...process.env, OUTLIVE_SOCKETS: socketFolder(t) },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    t.after(() => child.kill('SIGKILL'))
    let text = ''
    child.stdout.on('data', chunk => {
      text += chunk
      if (/b begins/.test(chunk)) child.kill('SIGTERM')
    })
    assert.deepEqual(await once(child, 'close'), [0, null])
    assert.deepEqual(
      text.split('\n').filter(line => /^(?:b begins|SIG|exit|c was|listening)/.test(line)),
      ['b begins', 'SIGTERM: unloading', 'exit a', 'exit b'],
    )
  })

  it('goes on when nobody reads what it prints any more', async t => {
    const folder = new Folder({ 'a.ts': route('one') })
    t.after(() => folder.remove())
    const sockets = socketFolder(t)
    const child = spawn(
      process.execPath,
      [join(root, 'dist/cli/main.js'), 'run', '--modules', folder.path, '--http', '0', '--json'],
      { env: { ...process.env, OUTLIVE_SOCKETS: sockets }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    t.after(() => child.kill('SIGKILL'))
    let text = ''
    const ready = await new Promise<{ url: string }>(resolve => {
      child.stdout.on('data', chunk => {
        text += chunk
        const line = text.split('\n').find(each => each.includes('"ready"'))
        if (line) resolve(JSON.parse(line) as { url: string })
      })
    })
    child.stdout.destroy()
    child.stderr.destroy()
    for (let n = 0; n < 3; n++) assert.equal((await outlive(['replace', 'a'], sockets)).code, 0)
    assert.equal(await bodyOf(`${ready.url}/a`), 'one')
    const ended = new Promise(done => child.once('close', done))
    child.kill('SIGTERM')
    assert.equal(await ended, 0)
  })

  it('refuses a port that is in use with one line', async t => {
    const taken = createServer().listen(0, '127.0.0.1')
    t.after(() => taken.close())
    await new Promise(done => taken.once('listening', done))
    const { port } = taken.address() as AddressInfo
    const folder = new Folder({})
    t.after(() => folder.remove())
    const outcome = await outlive(['run', '--modules', folder.path, '--http', String(port)], socketFolder(t))
    assert.deepEqual(outcome, {
      code: 1,
      stdout: '',
      stderr: `run: Invalid argument: port ${port} is in use; choose another with --http\n`,
    })
  })

  it('gives the kernel to the default export of a host file, before any module is inserted', async t => {
    const folder = new Folder({
      'modules/greet.ts': `export const init = k => k.register('greeter', (name: string) => 'Hello ' + name)\n`,
    })
    const host = await startHost(
      t,
      {
        'greet.ts': `export const init = k => k.register('greeter', (name: string) => 'Hello ' + name)\n`,
        'host/host.ts': `
          import { createServer } from 'node:http'
          import type { Kernel } from 'outlive'
          export default async function (kernel: Kernel): Promise<void> {
            const greeters = kernel.point<(name: string) => string>('greeter')
            console.log('modules before: ' + kernel.lsmod().length)
            const server = createServer((_request, response) => response.end([...greeters].map(greet => greet('you')).join()))
            await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
            console.log('my own server at ' + server.address().port)
          }\n`,
      },
      { words: ['host/host.ts'] },
    )
    folder.remove()
    const port = host.out.flatMap(line => /my own server at (\d+)/.exec(line)?.[1] ?? [])[0]
    assert.ok(host.out.includes('modules before: 0'))
    assert.equal(await bodyOf(`http://127.0.0.1:${port}/`), 'Hello you')
    assert.equal((await host.run('rmmod', 'greet')).code, 0)
    assert.equal(await bodyOf(`http://127.0.0.1:${port}/`), '')
    assert.equal(await host.end(), 0, 'though its own server still listens')
  })

  for (const control of [false, true])
    it(`looks after the kernel that a host file makes itself, ${control ? 'on its own socket' : 'and serves it'}`, async t => {
      const host = await startHost(
        t,
        {
          'plugins/greet.ts': `export const init = k => k.register('greeter', (name: string) => 'Hello ' + name)\nexport const exit = () => console.log('greet says goodbye')\n`,
          'host/host.ts': `
          import { createKernel, type Kernel } from 'outlive'
          const kernel: Kernel = createKernel({ modules: new URL('../plugins', import.meta.url).pathname, control: ${control} })
          kernel.point('greeter').on('add', (greet: (name: string) => string) => console.log(greet('you')))\n`,
        },
        { words: ['host/host.ts', '--modules', 'nowhere'] },
      )
      assert.ok(host.out.includes('Hello you'))
      assert.match((await host.run('lsmod')).stdout, /^greet /m)
      assert.equal((await host.run('replace', 'greet')).code, 0)
      assert.equal(await host.end(), 0)
      assert.deepEqual(host.out.filter(line => line === 'greet says goodbye').length, 2)
    })

  it('refuses a host file that is none with one line', async t => {
    const folder = new Folder({
      'none.ts': 'export const x = 1\n',
      'syntax.ts': 'export default function ( {\n',
      'throws.ts': `throw new Error('boom')\n`,
      'rejects.ts': `export default async () => { throw new Error('cannot start') }\n`,
    })
    t.after(() => folder.remove())
    const sockets = socketFolder(t)
    for (const [name, pattern] of [
      ['missing.ts', /^run: could not load module .*missing\.ts: No such file or directory\n$/],
      [
        'none.ts',
        /^run: Invalid argument: none\.ts must export a default function, which is given the kernel, or make one with createKernel\n$/,
      ],
      ['syntax.ts', /^run: could not insert module .*syntax\.ts: .* at .*syntax\.ts:1:29\n/],
      ['throws.ts', /^run: could not insert module .*throws\.ts: boom/],
      ['rejects.ts', /^run: could not insert module .*rejects\.ts: cannot start/],
    ] as const) {
      const { code, stdout, stderr } = await outlive(
        ['run', name, '--modules', folder.path, '--no-load'],
        sockets,
        folder.path,
      )
      assert.deepEqual([code, stdout], [1, ''], name)
      assert.match(stderr, pattern)
    }
  })
})
