import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callAll, loaded, logOf, refusal, stage } from '../support/stage.ts'

const names = (rows: readonly { readonly name: string }[]): string[] => rows.map(({ name }) => name)

const TREE = {
  'top.ts': `import { mid } from './mid.ts'\nimport { side } from './side.ts'\nexport const init = k => k.register('p', () => mid + side)`,
  'mid.ts': `import { low } from './low.ts'\nexport const mid = 'mid ' + low`,
  'side.ts': `import { low } from './low.ts'\nexport const side = ', side ' + low`,
  'low.ts': `export const low = 'low'`,
}

describe('modprobe', () => {
  it('brings in what a module depends on first, each once', async t => {
    const { kernel } = stage(t, TREE)
    const rows = await kernel.modprobe('top')
    assert.deepEqual(names(rows), ['low', 'mid', 'side', 'top'])
    assert.deepEqual(await callAll(kernel, 'p'), ['mid low, side low'])
    assert.deepEqual(
      kernel.lsmod().map(({ name, holders }) => `${name}: ${holders.join()}`),
      kernel.lsmod().map(({ name }) => `${name}: ${{ top: '', mid: 'top', side: 'top', low: 'mid,side' }[name]}`),
    )
  })

  it('takes the name of a package with its scope', async t => {
    const { kernel } = stage(t, {
      'chat/package.json': JSON.stringify({ name: '@acme/chat-bot', main: 'index.js' }),
      'chat/index.js': `exports.init = k => { k.register('p', () => 'chat') }`,
      'aliased.ts': `export const info = { aliases: ['@acme/aliased'] }`,
    })
    assert.deepEqual(names(await kernel.modprobe('@acme/chat-bot')), ['chat_bot'])
    assert.equal((await kernel.modinfo('@acme/chat-bot')).name, 'chat_bot')
    await kernel.replace('@acme/chat-bot')
    assert.equal((await kernel.rmmod('@acme/chat_bot')).generation, 2)
    assert.deepEqual(names(await kernel.modprobe('@acme/aliased')), ['aliased'])
    await refusal(kernel.modprobe('@acme/nothing'), 'ENOENT', 'ENOENT', /^Module @acme\/nothing not found/)
  })

  it('of a loaded module is silent success; with firstTime it is refused', async t => {
    const { kernel } = stage(t, { 'hello.ts': 'export {}' })
    assert.equal((await kernel.modprobe('hello')).length, 1)
    assert.deepEqual(await kernel.modprobe('hello'), [])
    await refusal(
      kernel.modprobe('hello', {}, { firstTime: true }),
      'EEXIST',
      'EEXIST',
      `could not insert 'hello': Module already in kernel`,
    )
  })

  it('of what several aliases lead to inserts it once, also for the first time', async t => {
    const { kernel, probe } = stage(t, {
      'api.ts': `import './db.ts'\nexport const info = { aliases: ['http:*', 'http:api', 'sql'], softdeps: { pre: ['bad'] } }`,
      'bad.ts': `export const init = () => { probe.say('bad'); throw new Error('on purpose') }`,
      'db.ts': `export const info = { aliases: ['sql'] }`,
    })
    assert.deepEqual(names(await kernel.modprobe('http:api', {}, { firstTime: true })), ['db', 'api'])
    assert.deepEqual(probe.take(), ['bad'], 'what fails is not tried again')
    const removed = await kernel.modprobeRemove('http:api', { firstTime: true })
    assert.deepEqual(
      removed.map(({ module }) => module),
      ['api', 'db'],
    )
    assert.deepEqual(names(await kernel.modprobe('sql', {}, { firstTime: true })), ['db', 'api'])
    await refusal(kernel.modprobe('sql', {}, { firstTime: true }), 'EEXIST', 'EEXIST', /already in kernel$/)
  })

  it('brings in what came into the folder while it was under way', async t => {
    const { kernel, folder, probe } = stage(t, {
      'api.ts': `import { rows } from './db.ts'\nexport const info = { softdeps: { pre: ['slow'] } }`,
      'slow.ts': `export const init = () => probe.door('slow')`,
    })
    const probing = kernel.modprobe('api')
    await probe.reached('slow')
    folder.write({ 'db.ts': 'export const rows = []' })
    probe.open('slow')
    assert.deepEqual(names(await probing), ['slow', 'db', 'api'])
  })

  it('does without a soft dependency that is in a circle', async t => {
    const { kernel, log } = stage(t, {
      'api.ts': `export const info = { softdeps: { pre: ['a'], post: ['user'] } }`,
      'a.ts': `import { b } from './b.ts'\nexport const a = 1`,
      'b.ts': `import { a } from './a.ts'\nexport const b = 1`,
      'user.ts': `import { a } from './a.ts'`,
    })
    assert.deepEqual(
      (await kernel.showDepends('api')).map(({ module }) => module),
      ['api'],
    )
    assert.deepEqual(names(await kernel.modprobe('api')), ['api'])
    assert.ok(
      log().some(line => /^a: soft dependency: .*modules import each other: a -> b -> a$/.test(line)),
      log().join(),
    )
    assert.ok(log().some(line => /^user: soft dependency: /.test(line)))
    assert.deepEqual(
      (await kernel.modprobeRemove('api')).map(({ module }) => module),
      ['api'],
    )
  })

  it('of what is in no folder names the folder', async t => {
    const { kernel, folder } = stage(t)
    await refusal(kernel.modprobe('foo'), 'ENOENT', 'ENOENT', `Module foo not found in directory ${folder.path}`)
  })

  it('gives parameters to the module, not to what it depends on', async t => {
    const { kernel } = stage(t, {
      'db.ts': `export const info = { params: { n: { type: 'int', default: 1 } } }\nexport const init = k => k.register('p', () => k.params.n)`,
      'api.ts': `import './db.ts'\nexport const info = { params: { n: { type: 'int', default: 1 } } }\nexport const init = k => k.register('p', () => k.params.n)`,
    })
    await kernel.modprobe('api', { n: 7 })
    assert.deepEqual(await callAll(kernel, 'p'), [1, 7])
  })

  it('that fails takes out again what it brought in, and nothing else', async t => {
    const { kernel, probe } = stage(t, {
      'there.ts': `export const there = 1`,
      'low.ts': `export const low = 1\nexport const exit = () => probe.say('exit low')`,
      'mid.ts': `import { low } from './low.ts'\nexport const mid = low\nexport const exit = () => probe.say('exit mid')`,
      'top.ts': `import { mid } from './mid.ts'\nimport { there } from './there.ts'\nexport const init = () => { throw new Error('no') }`,
    })
    await kernel.modprobe('there')
    await refusal(kernel.modprobe('top'), 'EINIT', 'ECANCELED', /no/)
    assert.deepEqual(loaded(kernel), ['there#1 LIVE'])
    assert.deepEqual(probe.said, ['exit mid', 'exit low'])
    assert.deepEqual(kernel.lsmod()[0]!.holders, [])
  })

  it('of a name in a dependency that fails tells of the dependency', async t => {
    const { kernel, file } = stage(t, {
      'db.ts': 'export const a = ;',
      'api.ts': `import { a } from './db.ts'\nexport { a }`,
    })
    const error = await refusal(kernel.modprobe('api'), 'ENOEXEC', 'ENOEXEC', /db\.ts/)
    assert.deepEqual([error.data.source, error.data.line, error.data.column], [file('db.ts'), 1, 18])
    assert.deepEqual(loaded(kernel), [])
  })

  it('finds modules by alias, with * and ?', async t => {
    const { kernel } = stage(t, {
      'hello.ts': `export const info = { aliases: ['http:GET:/hello*', 'ext:.h?'] }`,
      'broken.ts': `export const info = { aliases: ['http:GET:/hello*'`,
    })
    assert.deepEqual(names(await kernel.modprobe('http:GET:/hello/you')), ['hello'])
    await kernel.rmmod('hello')
    assert.deepEqual(names(await kernel.modprobe('ext:.hh')), ['hello'])
    await refusal(kernel.modprobe('ext:.h'), 'ENOENT', 'ENOENT', /^Module ext:\.h not found in directory /)
  })

  it('keeps a blacklisted module from being found by alias, not by name and not as a dependency', async t => {
    const { kernel } = stage(
      t,
      {
        'hello-world.ts': `export const info = { aliases: ['greets'] }\nexport const word = 1`,
        'user.ts': `import { word } from './hello-world.ts'`,
      },
      { blacklist: ['hello-world'] },
    )
    assert.deepEqual(names(await kernel.modprobe('greets')), [])
    assert.equal(await kernel.request('greets'), false)
    assert.deepEqual(names(await kernel.modprobe('user')), ['hello_world', 'user'])
    await kernel.rmmod('hello_world', { recursive: true })
    assert.deepEqual(names(await kernel.modprobe('hello_world')), ['hello_world'])
  })

  it('brings in soft dependencies before and after, and does without those that are not there', async t => {
    const { kernel } = stage(t, {
      'a.ts': `export const info = { softdeps: { pre: ['cache', 'absent'], post: ['stats', 'broken'] } }`,
      'cache.ts': 'export {}',
      'stats.ts': 'export {}',
      'broken.ts': `throw new Error('broken')`,
    })
    assert.deepEqual(names(await kernel.modprobe('a')), ['cache', 'a', 'stats'])
    assert.ok(logOf(kernel).some(line => /soft dependency: .*broken/.test(line)))
    await kernel.rmmod('cache')
  })

  it('prefers the first folder that has a module', async t => {
    const other = stage(t, { 'a.ts': `export const init = k => k.register('p', () => 'other')`, 'b.ts': 'export {}' })
    const { kernel, folder } = stage(
      t,
      { 'a.ts': `export const init = k => k.register('p', () => 'first')` },
      { modules: [] },
    )
    assert.deepEqual(kernel.folders, [])
    const { Kernel } = await import('outlive')
    const both = new Kernel({ modules: [folder.path, other.folder.path] })
    t.after(() => both.close())
    await both.modprobe('a')
    await both.modprobe('b')
    assert.deepEqual(await callAll(both, 'p'), ['first'])
    await refusal(
      both.modprobe('c'),
      'ENOENT',
      'ENOENT',
      `Module c not found in directory ${folder.path}:${other.folder.path}`,
    )
  })

  it('refuses modules that import each other, whichever is asked for', async t => {
    const { kernel } = stage(t, {
      'a.ts': `import { b } from './b.ts'\nexport const a = 1`,
      'b.ts': `import { c } from './c.ts'\nexport const b = 1`,
      'c.ts': `import { a } from './a.ts'\nexport const c = 1`,
      'self.ts': `import * as self from './self.ts'\nexport const one = 1\nexport const init = k => k.register('p', () => self.one)`,
    })
    for (const [name, loop] of [
      ['a', 'a -> b -> c -> a'],
      ['b', 'b -> c -> a -> b'],
    ] as const) {
      const error = await refusal(kernel.modprobe(name), 'ELOOP', 'ELOOP', /modules import each other: /)
      assert.deepEqual(new Set(error.data.loop as string[]), new Set(loop.split(' -> ')))
      assert.deepEqual(loaded(kernel), [])
    }
    await Promise.all(
      ['a', 'b', 'c'].map(name =>
        refusal(kernel.modprobe(name), 'ELOOP', 'ELOOP', /import each other/).catch(error => error),
      ),
    )
    assert.deepEqual(loaded(kernel), [])
    await kernel.modprobe('self')
    assert.deepEqual(await callAll(kernel, 'p'), [1], 'an import of itself is no loop of modules')
  })
})

describe('request', () => {
  it('loads what provides an alias, and tells whether anything does', async t => {
    const { kernel } = stage(t, {
      'png.ts': `export const info = { aliases: ['image:png'] }\nexport const init = k => k.register('codec', () => 'png')`,
    })
    assert.equal(await kernel.request('image:png'), true)
    assert.equal(await kernel.request('image:png'), true)
    assert.equal(await kernel.request('image:gif'), false)
    assert.deepEqual(await callAll(kernel, 'codec'), ['png'])
  })

  it('is there for modules too, and passes on why a provider failed', async t => {
    const { kernel } = stage(t, {
      'png.ts': `export const info = { aliases: ['image:png'] }\nexport const init = k => k.register('codec', () => 'png')`,
      'bad.ts': `export const info = { aliases: ['image:bad'] }\nthrow new Error('broken codec')`,
      'viewer.ts': `export const init = k => k.register('open', alias => k.kernel.request(alias).catch(error => error.message))`,
    })
    await kernel.modprobe('viewer')
    assert.deepEqual(await callAll(kernel, 'open', 'image:png'), [true])
    assert.deepEqual(await callAll(kernel, 'open', 'image:gif'), [false])
    assert.match(String((await callAll(kernel, 'open', 'image:bad'))[0]), /broken codec/)
    assert.deepEqual(loaded(kernel), ['viewer#1 LIVE', 'png#1 LIVE'])
  })
})
