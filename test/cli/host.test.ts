import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, symlinkSync } from 'node:fs'
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

describe('outlive run --watch', () => {
  it('replaces a module when its file changes, and keeps the old one when the new one fails', async t => {
    const host = await startHost(t, { 'a.ts': route('one') }, { words: ['--watch'] })
    host.folder.write({ 'a.ts': route('two') })
    await host.says(/\+ a#2 live$/)
    await host.says(/- a#1 gone$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')

    host.folder.write({ 'a.ts': `${route('three')}export const oops = ;\n` })
    await host.complains(
      /x a: could not insert module .*a\.ts: Expression expected at .*a\.ts:2:21; a#2 keeps serving$/,
    )
    await host.complains(/^> 2 \| export const oops = ;$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')

    host.folder.write({ 'a.ts': `export const init = () => { throw new Error('boom') }\n` })
    await host.complains(/x a: could not insert module .*a\.ts: boom at .*; a#2 keeps serving$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')

    host.folder.write({ 'a.ts': route('four') })
    await host.says(/\+ a#\d+ live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'four')
  })

  it('looks at the source files of a folder, at files that modules import, and at the module itself', async t => {
    const host = await startHost(
      t,
      {
        'f/package.json': '{ "name": "f", "main": "main.ts" }',
        'f/main.ts': `import { word } from './lib/word.ts'\nexport const init = k => k.register('http.route', { method: 'GET', url: '/f', handler: () => word })\n`,
        'f/lib/word.ts': `export const word: string = 'one'\n`,
        'shared/own.ts': `export const own = 'own one'\n`,
        'single.ts': `import { own } from './shared/own.ts'\nexport const init = k => k.register('http.route', { method: 'GET', url: '/s', handler: () => own })\n`,
      },
      { words: ['--watch'] },
    )
    host.folder.write({ 'f/lib/word.ts': `export const word: string = 'two'\n` })
    await host.says(/\+ f#2 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'two')
    host.folder.write({ 'shared/own.ts': `export const own = 'own two'\n` })
    await host.says(/\+ single#2 live$/)
    assert.equal(await bodyOf(`${host.url}/s`), 'own two')
  })

  it('looks at packages and at files outside that modules were made of, and not at data that they write, in a hidden folder too', async t => {
    const manifest = '{ "name": "f", "type": "module", "main": "main.js" }'
    const dependency = (word: string) => ({
      '.plugins/f/node_modules/dep/package.json': '{ "name": "dep", "type": "module", "exports": "./index.js" }',
      '.plugins/f/node_modules/dep/index.js': `export const word = '${word}'\n`,
    })
    const folder = new Folder({
      '.plugins/f/package.json': manifest,
      '.plugins/f/main.js': `
        import { writeFileSync } from 'node:fs'
        import { word } from 'dep'
        import settings from './settings.json' with { type: 'json' }
        export function init(k) {
          writeFileSync(new URL('state.json', import.meta.url), String(Date.now()))
          k.register('http.route', { method: 'GET', url: '/f', handler: () => word + settings.end })
        }
      `,
      '.plugins/f/settings.json': '{ "end": "." }',
      ...dependency('one'),
      '.plugins/single.js': `export { init } from '../outside.js'\n`,
      'outside.js': route('one'),
    })
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('.plugins'), '--watch'] })
    folder.write({ 'outside.js': route('two') })
    await host.says(/\+ single#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')
    folder.write(dependency('two'))
    await host.says(/\+ f#2 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'two.')
    folder.write({ '.plugins/f/settings.json': '{ "end": "!" }' })
    await host.says(/\+ f#3 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'two!')
    folder.write({ '.plugins/f/node_modules/.package-lock.json': '{}' })
    await host.says(/\+ f#4 live$/)

    folder.write({ '.plugins/f/state.json': '{}', '.plugins/f/node_modules/dep/unread.js': '' })
    folder.write({ 'outside.js': route('three') })
    await host.says(/\+ single#3 live$/)
    assert.ok(!host.out.some(line => line.includes('f#5')), 'data and what was not loaded count for nothing')
  })

  it('sees a change that comes before the file is watched', async t => {
    const changing = (file: string, word: string) => `
      import { writeFileSync } from 'node:fs'
      import { word } from '${file}'
      export function init(k) {
        if (word === 'one') setImmediate(() => writeFileSync(new URL('${file}', import.meta.url), "export const word = '${word}'"))
        k.register('http.route', { method: 'GET', url: '/' + word, handler: () => word })
      }
    `
    const folder = new Folder({
      'plugins/a.js': changing('../outside.js', 'two'),
      'plugins/b.js': changing('./lib/inside.js', 'three'),
      'plugins/lib/inside.js': `export const word = 'one'\n`,
      'outside.js': `export const word = 'one'\n`,
    })
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('plugins'), '--watch'] })
    // It may be seen before the host says that it is ready, and either may come first.
    const said = async (line: RegExp) => host.out.some(text => line.test(text)) || (await host.says(line))
    await said(/\+ a#2 live$/)
    assert.equal(await bodyOf(`${host.url}/two`), 'two')
    await said(/\+ b#2 live$/)
    assert.equal(await bodyOf(`${host.url}/three`), 'three')
  })

  it('goes on with a folder of modules that was moved away, came back, or is another one now', async t => {
    const folder = new Folder({
      'plugins/a.ts': route('one'),
      'plugins/lib/word.ts': '',
      'next/a.ts': route('two'),
      'next/b.ts': 'export const b = 1\n',
    })
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('plugins'), '--watch'] })
    renameSync(folder.file('plugins'), folder.file('old'))
    renameSync(folder.file('next'), folder.file('plugins'))
    await host.says(/\+ b#1 live$/)
    folder.write({ 'plugins/a.ts': route('three') })
    for (let body = ''; body !== 'three'; body = await bodyOf(`${host.url}/a`)) await host.says(/\+ a#\d+ live$/)

    renameSync(folder.file('plugins'), folder.file('away'))
    await host.says(/- b#1 gone$/)
    renameSync(folder.file('away'), folder.file('plugins'))
    await host.says(/\+ b#2 live$/)
    folder.write({ 'plugins/a.ts': route('four') })
    for (let body = ''; body !== 'four'; body = await bodyOf(`${host.url}/a`)) await host.says(/\+ a#\d+ live$/)
  })

  it('follows a link to the folder of modules, or above it, that leads to another one by now', async t => {
    const folder = new Folder({
      'releases/1/plugins/a.ts': route('one'),
      'releases/2/plugins/a.ts': route('two'),
      'releases/2/plugins/b.ts': 'export const b = 1\n',
    })
    symlinkSync('releases/1', folder.file('current'))
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('current/plugins'), '--watch'] })
    symlinkSync('releases/2', folder.file('new'))
    renameSync(folder.file('new'), folder.file('current'))
    await host.says(/\+ a#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')
    folder.write({ 'releases/2/plugins/a.ts': route('three') })
    await host.says(/\+ a#3 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'three')
  })

  it('sees what is new, and a package.json that changes alone, also where the folder of modules is a link, before and after that leads elsewhere', async t => {
    const manifest = (main: string): string => JSON.stringify({ name: 'f', main })
    const folder = new Folder({
      'releases/1/f/package.json': manifest('away.ts'),
      'releases/2/f/package.json': manifest('main.ts'),
      ...Object.fromEntries(
        [1, 2].flatMap(version =>
          ['main', 'other'].map(name => [`releases/${version}/f/${name}.ts`, route(`${name} ${version}`)]),
        ),
      ),
    })
    symlinkSync('releases/1', folder.file('plugins'))
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('plugins'), '--watch'] })
    folder.write({ 'releases/1/f/package.json': manifest('main.ts') })
    await host.says(/\+ f#1 live$/)
    folder.write({ 'releases/1/f/package.json': manifest('other.ts') })
    await host.says(/\+ f#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'other 1')
    symlinkSync('releases/2', folder.file('link'))
    renameSync(folder.file('link'), folder.file('plugins'))
    await host.says(/\+ f#3 live$/)
    folder.write({ 'releases/2/new.ts': 'export const a = 1\n' })
    await host.says(/\+ new#1 live$/)
    folder.write({ 'releases/2/f/package.json': manifest('other.ts') })
    await host.says(/\+ f#4 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'other 2')
    folder.write({ 'releases/2/f/package.json': '{ "name": "g", "main": "main.ts" }' })
    await host.says(/\+ g#1 live$/)
    assert.deepEqual(
      (JSON.parse((await host.run('lsmod', '--json')).stdout) as { name: string }[]).map(({ name }) => name).sort(),
      ['g', 'new'],
      'a module whose package has another name is under that alone',
    )
  })

  it('removes modules that import from each other, whichever file is gone first', async t => {
    const host = await startHost(
      t,
      { 'low.ts': 'export const low = 1\n', 'high.ts': `export { low as high } from './low.ts'\n` },
      { words: ['--watch'] },
    )
    host.folder.remove('low.ts')
    await host.complains(/x low: Module low is in use by: high; low#1 keeps serving$/)
    host.folder.remove('high.ts')
    await host.says(/- low#1 gone$/)
  })

  it('inserts a new module and removes one whose file is deleted', async t => {
    const host = await startHost(t, {}, { words: ['--watch'] })
    host.folder.write({ 'a.ts': route('new') })
    await host.says(/\+ a#1 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'new')
    host.folder.remove('a.ts')
    await host.says(/- a#1 gone$/)
    assert.equal((await fetch(`${host.url}/a`)).status, 404)
    host.folder.write({ 'g/package.json': '{ "name": "g", "main": "main.ts" }', 'g/main.ts': route('folder') })
    await host.says(/\+ g#1 live$/)
    host.folder.remove('g')
    await host.says(/- g#1 gone$/)
    host.folder.write({ 'notes.txt': 'no module', 'draft.ts~': 'no module' })
    host.folder.write({ 'b.js': route('b') })
    await host.says(/\+ b#1 live$/)
    renameSync(host.file('b.js'), host.file('b.ts'))
    await host.says(/\+ b#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'b')
    assert.deepEqual(host.err, [])

    host.folder.write({ 'draft.txt': 'export const = 1\n' })
    host.folder.remove('b.ts')
    renameSync(host.file('draft.txt'), host.file('b.mts'))
    const problem = await host.complains(/^.* x b: could not insert module .*b\.mts: .*$/)
    assert.doesNotMatch(problem[0], /keeps serving/)
  })

  it('follows links that lead elsewhere, to files and to folders, and removes what a link no longer names', async t => {
    const folder = new Folder({
      'files/a.ts': route('file one'),
      'files/a2.ts': route('file two'),
      'one/package.json': '{ "name": "f", "main": "main.ts" }',
      'one/main.ts': route('folder one').replace('/a', '/f'),
      'two/package.json': '{ "name": "f", "main": "main.ts" }',
      'two/main.ts': route('folder two').replace('/a', '/f'),
      'plugins/.keep': '',
    })
    const link = (to: string, at: string): void => {
      symlinkSync(to, folder.file('link'))
      renameSync(folder.file('link'), folder.file(at))
    }
    link('../files/a.ts', 'plugins/a.ts')
    link('../one', 'plugins/f')
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('plugins'), '--watch'] })
    link('../files/a2.ts', 'plugins/a.ts')
    await host.says(/\+ a#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'file two')
    link('../two', 'plugins/f')
    await host.says(/\+ f#2 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'folder two')
    folder.write({ 'two/main.ts': route('folder three').replace('/a', '/f') })
    await host.says(/\+ f#3 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'folder three')
    folder.remove('plugins/f')
    await host.says(/- f#3 gone$/)
    folder.remove('plugins/a.ts')
    await host.says(/- a#2 gone$/)
    assert.deepEqual(host.err, [])
  })

  it('replaces together what has changed a name between them, and tells what is wrong with that', async t => {
    const low = (name: string, word: string) => `export const ${name} = '${word}'\n`
    const user = (name: string, more = '') =>
      `import { ${name} } from './low.ts'\nexport const init = k => { k.register('http.route', { method: 'GET', url: '/u', handler: () => ${name} });${more} }\n`
    const host = await startHost(t, { 'low.ts': low('word', 'one'), 'user.ts': user('word') }, { words: ['--watch'] })
    host.folder.write({ 'low.ts': low('other', 'two'), 'user.ts': user('other') })
    await host.says(/- low#1 gone$/)
    assert.equal(await bodyOf(`${host.url}/u`), 'two')
    assert.deepEqual(host.err, [], 'what is over soon is not told')

    host.folder.write({ 'low.ts': low('third', 'three') })
    await host.complains(/x low: .*user imports 'other', which the new version does not export; low#\d+ keeps serving$/)
    host.folder.write({ 'user.ts': user('third', ` throw new Error('no disk')`) })
    await host.complains(
      /x .*could not insert module .*user\.ts: no disk at .*; the versions that served keep serving$/,
    )
    assert.equal(await bodyOf(`${host.url}/u`), 'two')
    host.folder.write({ 'user.ts': user('third') })
    await host.says(/\+ user#\d+ live$/)
    assert.equal(await bodyOf(`${host.url}/u`), 'three')
  })

  it('gives importers the new version, and tries again what failed for want of it', async t => {
    const user = (name: string) =>
      `import { ${name} } from './low.ts'\nexport const init = k => k.register('http.route', { method: 'GET', url: '/u', handler: () => ${name} })\n`
    const host = await startHost(
      t,
      { 'low.ts': `export const word = 'one'\n`, 'user.ts': user('word') },
      { words: ['--watch'] },
    )
    host.folder.write({ 'low.ts': `export const word = 'two'\n` })
    await host.says(/\+ low#2 live$/)
    assert.equal(await bodyOf(`${host.url}/u`), 'two')

    host.folder.write({ 'user.ts': user('other') })
    await host.complains(/x user: .*Unknown symbol 'other' \(imported from low\).*; user#1 keeps serving$/)
    host.folder.write({ 'low.ts': `export const word = 'two'\nexport const other = 'three'\n` })
    await host.says(/\+ low#3 live$/)
    await host.says(/\+ user#\d+ live$/)
    assert.equal(await bodyOf(`${host.url}/u`), 'three')

    host.folder.write({ 'user.ts': `import './fresh.ts'\n${user('other')}` })
    await host.complains(/x user: /)
    assert.equal(host.err.filter(line => line.includes(`symbol 'other'`)).length, 1, 'said once')
    host.folder.write({ 'fresh.ts': 'export {}\n' })
    await host.says(/\+ fresh#1 live$/)
    await host.says(/\+ user#\d+ live$/)
  })
})
