import assert from 'node:assert/strict'
import fs, {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createKernel, type Kernel } from 'outlive'
import { Folder } from '../support/folder.ts'

const FILES = {
  'db.ts': `export const query = () => 1\nexport function init() { throw new Error('was run') }`,
  'api.ts': `import { query } from './db.ts'
export const info = { aliases: ['http:GET:/api*'], softdeps: { pre: ['cache'], post: ['stats'] } }
export const list = query`,
  'cache.js': 'export const get = 1',
  'big/package.json': '{ "name": "big-one", "type": "module", "exports": "./main.js" }',
  'big/main.js': `import './part.js'\nexport * from './part.js'\nimport { get } from '../cache.js'`,
  'big/part.js': `export const part = 1`,
}

function folderOf(t: TestContext, files: Readonly<Record<string, string>> = FILES): Folder {
  const folder = new Folder(files)
  t.after(() => folder.remove())
  return folder
}

const kernelOf = (folder: Folder): Kernel => createKernel({ modules: folder.path, config: false })

/** Times of files tell changes apart only once their clock has ticked. */
const tick = () => setTimeout(30)

const problemsOf = async (folder: Folder): Promise<string[]> =>
  (await kernelOf(folder).depmod()).problems.map(
    ({ code, place, message }) =>
      `${code} ${place.replace(`${folder.path}/`, '')}: ${message.replaceAll(`${folder.path}/`, '')}`,
  )

/** As the disk answers a process that has no descriptor left. */
const noDescriptors = (path: string) =>
  Object.assign(new Error(`EMFILE: too many open files, open '${path}'`), {
    code: 'EMFILE',
    errno: -24,
    syscall: 'open',
    path,
  })

describe('depmod', () => {
  it('does not take a folder for empty, or a module for gone, when the process has no descriptors left', async t => {
    const folder = folderOf(t)
    await kernelOf(folder).depmod()
    const named = (): string[] =>
      Object.keys(
        (JSON.parse(readFileSync(folder.file('modules.dep.json'), 'utf8')) as { modules: Record<string, unknown> })
          .modules,
      )
    for (const [method, lacks] of [
      ['readdirSync', folder.path],
      ['readFileSync', folder.file('big/package.json')],
      ['openSync', folder.file('db.ts')],
    ] as const) {
      // What has changed is read again.
      for (const file of ['db.ts', 'big/package.json']) appendFileSync(folder.file(file), ' ')
      await tick()
      const real = fs[method] as (path: string, ...options: unknown[]) => never
      const cut = t.mock.method(fs, method, (path: string, ...options: unknown[]) => {
        if (path === lacks) throw noDescriptors(path)
        return real(path, ...options)
      })
      const kernel = kernelOf(folder)
      const refused = { code: 'ENOENT', message: /^could not load module .*: Too many open files$/ }
      await assert.rejects(kernel.depmod(), refused, lacks)
      cut.mock.restore()
      assert.deepEqual([(await kernel.depmod()).modules, named()], [4, ['api', 'big_one', 'cache', 'db']])
    }
  })

  it('reads modules without running them and writes an index of them', async t => {
    const folder = folderOf(t)
    const { modules, read, aliases, problems, written } = await kernelOf(folder).depmod()
    assert.deepEqual([modules, read, aliases, problems], [4, 4, 1, []])
    assert.deepEqual(
      written,
      ['modules.alias.bin', 'modules.dep.json'].map(name => folder.file(name)),
    )
    const index = JSON.parse(readFileSync(folder.file('modules.dep.json'), 'utf8')) as {
      modules: Record<string, { uses: { module: string; symbols: string[]; place: string }[]; symbols: string[] }>
    }
    assert.deepEqual(Object.keys(index.modules), ['api', 'big_one', 'cache', 'db'])
    assert.deepEqual(index.modules.api!.uses, [
      { module: 'db', symbols: ['query'], place: `${folder.file('api.ts')}:1:1` },
    ])
    assert.deepEqual(
      index.modules.big_one!.uses.map(({ module }) => module),
      ['cache'],
    )
    assert.deepEqual(index.modules.big_one!.symbols, ['part'])
  })

  it("writes kmod's text forms on request", async t => {
    const folder = folderOf(t)
    await kernelOf(folder).depmod(undefined, { text: true })
    const text = (name: string) => readFileSync(folder.file(name), 'utf8').replace(/^#.*\n/gm, '')
    assert.equal(text('modules.dep'), 'api.ts: db.ts\nbig: cache.js\ncache.js:\ndb.ts:\n')
    assert.equal(text('modules.alias'), 'alias http:GET:/api* api\n')
    assert.equal(
      text('modules.symbols'),
      'alias symbol:list api\nalias symbol:part big_one\nalias symbol:get cache\nalias symbol:query db\n',
    )
    assert.equal(text('modules.softdep'), 'softdep api pre: cache post: stats\n')
    folder.write({
      'odd.js': `export const info = { aliases: ['a\\nb', '', '[x', 'odd*'] }\nconst x = 1\nexport { x as 'c\\nd' }`,
    })
    await kernelOf(folder).depmod(undefined, { text: true })
    assert.equal(text('modules.alias'), 'alias http:GET:/api* api\nalias odd* odd\n')
    assert.match(text('modules.symbols'), /query db\n$/)
  })

  it('reads JSX as the loader does', async t => {
    const jsx = `import { query } from './db.ts'
export const info = { aliases: ['page:*'] }
export const page = h => <p>it's {query}</p>`
    const folder = folderOf(t, { 'db.ts': FILES['db.ts']!, 'page.jsx': `/** @jsx h */\n${jsx}`, 'other.jsx': jsx })
    const kernel = kernelOf(folder)
    const { problems } = await kernel.depmod()
    assert.deepEqual(problems, [
      {
        code: 'ENOENT',
        module: 'other',
        place: `${folder.file('other.jsx')}:3:26`,
        message: "Cannot find 'react/jsx-runtime'",
      },
    ])
    assert.deepEqual(await kernel.resolveAlias('page:1'), ['other', 'page'])
    assert.deepEqual((await kernel.modinfo('page')).depends, ['db'])
  })

  it('reads again only what has changed', async t => {
    const folder = folderOf(t)
    await tick()
    await kernelOf(folder).depmod()
    const again = await kernelOf(folder).depmod()
    assert.deepEqual([again.read, again.written], [0, []])

    appendFileSync(folder.file('api.ts'), '\nexport const more = 1')
    appendFileSync(folder.file('big/part.js'), '\nexport const other = 1')
    const kernel = kernelOf(folder)
    assert.equal((await kernel.depmod()).read, 2)
    assert.deepEqual((await kernel.modinfo('big_one')).symbols, ['other', 'part'])
  })

  it('sees by its contents that a file which was only touched has not changed', async t => {
    const folder = folderOf(t)
    await tick()
    await kernelOf(folder).depmod()
    utimesSync(folder.file('db.ts'), new Date(), new Date(Date.now() - 5000))
    await tick()
    const touched = await kernelOf(folder).depmod()
    assert.equal(touched.read, 0)
    assert.equal(touched.written.length, 2, 'the new time is noted')
    assert.deepEqual((await kernelOf(folder).depmod()).written, [])
  })

  it('sees a change of the same length in the moment after the index was written', async t => {
    const folder = folderOf(t, {})
    const timeOf = (name: string) => statSync(folder.file(name)).mtimeMs
    // On a busy machine the moment may be over before the index is written.
    do {
      folder.write({ 'a.ts': `export const one = 1` })
      await kernelOf(folder).depmod()
    } while (timeOf('modules.dep.json') - timeOf('a.ts') > 20)
    assert.deepEqual(timesIn(folder), { hasFingerprint: false, mtimes: [0] })
    const { atime, mtime } = statSync(folder.file('a.ts'))
    writeFileSync(folder.file('a.ts'), `export const two = 1`)
    utimesSync(folder.file('a.ts'), atime, mtime)
    const kernel = kernelOf(folder)
    await kernel.depmod()
    assert.deepEqual((await kernel.modinfo('a')).symbols, ['two'])
  })

  it('reads a module again when a file that it imports becomes, or stops being, a module', async t => {
    const folder = folderOf(t, { 'user.ts': `import './lib/part.ts'`, 'lib/part.ts': 'export const part = 1' })
    await tick()
    const kernel = kernelOf(folder)
    assert.equal((await kernel.depmod()).modules, 1)
    assert.deepEqual((await kernel.modinfo('user')).depends, [])
    folder.write({ 'lib/package.json': '{ "main": "part.ts" }' })
    assert.equal((await kernel.depmod()).modules, 2)
    assert.deepEqual(
      (await kernel.showDepends('user')).map(({ module }) => module),
      ['lib', 'user'],
    )
  })

  it('builds anew an index that is damaged, cut off, or of another folder', async t => {
    const folder = folderOf(t)
    await tick()
    await kernelOf(folder).depmod()
    const file = folder.file('modules.dep.json')
    const whole = readFileSync(file, 'utf8')
    const damaged = [
      whole.slice(0, -200),
      '',
      '{}',
      '\0\0',
      whole.replace(folder.path, '/elsewhere'),
      whole.replace('"stamps":[[', '"stamps":['),
    ]
    for (const text of damaged) {
      writeFileSync(file, text)
      const { modules, read, written } = await kernelOf(folder).depmod()
      assert.deepEqual([modules, read, written.length], [4, 4, 2])
      assert.equal(readFileSync(file, 'utf8'), whole)
    }
  })

  it('reads the modules where the records in the index are lost', async t => {
    for (const lose of [
      (file: string) => rmSync(file),
      (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('"info"', '\0\0\0\0\0\0')),
    ]) {
      const folder = folderOf(t)
      await tick()
      await kernelOf(folder).depmod()
      await tick()
      const kernel = kernelOf(folder)
      assert.equal((await kernel.depmod()).read, 0)
      lose(folder.file('modules.dep.json'))
      assert.deepEqual(
        (await kernel.showDepends('api')).map(({ module }) => module),
        ['db', 'cache', 'api'],
      )
    }
  })

  it('takes an index that another process wrote meanwhile', async t => {
    const folder = folderOf(t)
    await tick()
    await kernelOf(folder).depmod()
    const kernel = kernelOf(folder)
    await kernel.depmod()
    appendFileSync(folder.file('db.ts'), '\nexport const more = 1')
    await tick()
    assert.equal((await kernelOf(folder).depmod()).read, 1)
    const { read, written } = await kernel.depmod()
    assert.deepEqual([read, written], [0, []])
    assert.deepEqual((await kernel.depmod()).written, [])
  })

  it('writes an index that was removed again', async t => {
    const folder = folderOf(t)
    await tick()
    const kernel = kernelOf(folder)
    await kernel.depmod()
    folder.remove('modules.dep.json')
    const { read, written } = await kernel.depmod()
    assert.deepEqual([read, written.length], [0, 2])
    assert.deepEqual((await kernel.depmod()).written, [])
  })

  it('reads the modules again when their times in the index are nonsense', async t => {
    const folder = folderOf(t)
    await tick()
    await kernelOf(folder).depmod()
    const file = folder.file('modules.dep.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"stamps":[[', '"stamps":{['))
    assert.equal((await kernelOf(folder).depmod()).read, 0, 'they are not needed while nothing changes')
    appendFileSync(folder.file('db.ts'), '\nexport const more = 1')
    assert.equal((await kernelOf(folder).depmod()).read, 4)
    assert.deepEqual(symbolsIn(folder).db, ['more', 'query'])
  })

  it('knows what a soft dependency wishes for by now', async t => {
    const folder = folderOf(t, {
      'api.ts': `export const info = { softdeps: { pre: ['cache', 'store'] } }`,
      'cache.ts': `export const info = { softdeps: { pre: ['none'] } }`,
      'disk.ts': `export const info = { aliases: ['none'] }`,
      'extra.ts': 'export {}',
    })
    await tick()
    const kernel = kernelOf(folder)
    const steps = async () => (await kernel.showDepends('api')).map(({ module }) => module)
    assert.deepEqual(await steps(), ['disk', 'cache', 'api'])
    folder.write({ 'cache.ts': `export const info = { softdeps: { pre: ['extra'] } }` })
    assert.deepEqual(await steps(), ['extra', 'cache', 'api'])
    folder.write({ 'disk.ts': `export const info = { aliases: ['store'] }` })
    assert.deepEqual(await steps(), ['extra', 'cache', 'disk', 'api'])
  })

  it('looks again for what an import did not find', async t => {
    const folder = folderOf(t, { 'a.js': `import './lib/part.js'\nimport 'pack'` })
    await tick()
    const kernel = kernelOf(folder)
    assert.equal((await kernel.depmod()).problems.length, 2)
    folder.write({ 'lib/part.js': '' })
    assert.equal((await kernel.depmod()).problems.length, 1)
    folder.write({ 'node_modules/pack/index.js': '' })
    assert.deepEqual((await kernel.depmod()).problems, [])
    await tick()
    assert.deepEqual([(await kernel.depmod()).read, (await kernel.depmod()).written], [0, []])
  })

  it('does not believe prepared aliases that are not of the index', async t => {
    const folder = folderOf(t)
    await tick()
    await kernelOf(folder).depmod()
    writeFileSync(folder.file('modules.alias.bin'), 'nonsense')
    assert.deepEqual(await kernelOf(folder).resolveAlias('http:GET:/api/1'), ['api'])
  })
})

/** By what the written index would know that nothing has changed. */
function timesIn(folder: Folder): { hasFingerprint: boolean; mtimes: number[] } {
  const { fingerprint, stamps } = JSON.parse(readFileSync(folder.file('modules.dep.json'), 'utf8')) as {
    fingerprint?: unknown
    stamps: [name: string, path: string, mtime: number][]
  }
  return { hasFingerprint: fingerprint !== undefined, mtimes: stamps.map(([, , mtime]) => mtime) }
}

/** By module: what the written index says that it exports. */
function symbolsIn(folder: Folder): Record<string, readonly string[]> {
  const { modules } = JSON.parse(readFileSync(folder.file('modules.dep.json'), 'utf8')) as {
    modules: Record<string, { symbols: readonly string[] }>
  }
  return Object.fromEntries(Object.entries(modules).map(([name, { symbols }]) => [name, symbols]))
}

const BEFORE = {
  'one.js': 'export const one = 1',
  'two.js': 'export const two = 2',
  'pack/package.json': '{ "name": "pack", "main": "main.js" }',
  'pack/main.js': `export * from './part.js'`,
  'pack/part.js': 'export const part = 1',
  'lib/main.js': 'export const lib = 1',
  'versions/v1.js': 'export const v1 = 1',
  'versions/v2.js': 'export const v2 = 1',
}

/** What is done to a folder, and what its index says of those modules then. */
const CHANGES: Record<
  string,
  readonly [change: (folder: Folder) => void, after: Record<string, readonly string[] | undefined>]
> = {
  'an edit': [folder => appendFileSync(folder.file('one.js'), '\nexport const more = 1'), { one: ['more', 'one'] }],
  'an edit of the same length': [folder => folder.write({ 'one.js': 'export const uno = 1' }), { one: ['uno'] }],
  'an edit of the same length that sets the time back': [
    folder => {
      folder.write({ 'one.js': 'export const uno = 1' })
      utimesSync(folder.file('one.js'), 1e9, 1e9)
    },
    { one: ['uno'] },
  ],
  'a file of the same length and time in its place': [
    folder => {
      folder.write({ 'lib/new.js': 'export const uno = 1' })
      utimesSync(folder.file('lib/new.js'), 1e9, 1e9)
      renameSync(folder.file('lib/new.js'), folder.file('one.js'))
    },
    { one: ['uno'] },
  ],
  'two files that change places': [
    folder => {
      renameSync(folder.file('one.js'), folder.file('lib/one.js'))
      renameSync(folder.file('two.js'), folder.file('one.js'))
      renameSync(folder.file('lib/one.js'), folder.file('two.js'))
    },
    { one: ['two'], two: ['one'] },
  ],
  "an edit inside of a module's folder": [
    folder => folder.write({ 'pack/part.js': 'export const bits = 1' }),
    { pack: ['bits'] },
  ],
  'a file that came': [folder => folder.write({ 'new.ts': 'export const fresh = 1' }), { new: ['fresh'] }],
  'a file that is preferred to another': [folder => folder.write({ 'one.ts': 'export const ts = 1' }), { one: ['ts'] }],
  'a file that went': [folder => folder.remove('one.js'), { one: undefined }],
  'a file that got another name': [
    folder => renameSync(folder.file('one.js'), folder.file('three.js')),
    { one: undefined, three: ['one'] },
  ],
  'a folder that became a module': [
    folder => folder.write({ 'lib/package.json': '{ "main": "main.js" }' }),
    { lib: ['lib'] },
  ],
  "a folder's module of another name": [
    folder => folder.write({ 'pack/package.json': '{ "name": "pick", "main": "main.js" }' }),
    { pack: undefined, pick: ['part'] },
  ],
  'a folder that is a module no more': [folder => folder.remove('pack/package.json'), { pack: undefined }],
  'a folder in place of a file': [
    folder => {
      folder.remove('one.js')
      folder.write({ 'one.js/package.json': '{ "name": "one", "main": "a.js" }', 'one.js/a.js': 'export const a = 1' })
    },
    { one: ['a'] },
  ],
  'a link that leads elsewhere': [
    folder => {
      folder.remove('linked.js')
      symlinkSync(folder.file('versions/v2.js'), folder.file('linked.js'))
    },
    { linked: ['v2'] },
  ],
}

describe('an index that was written before something changed is not believed', { concurrency: true }, () => {
  for (const [what, [change, after]] of Object.entries(CHANGES))
    for (const [who, isNew] of [
      ['the same kernel', false],
      ['a new kernel', true],
    ] as const)
      it(`${what}, seen by ${who}`, async t => {
        const folder = folderOf(t, BEFORE)
        symlinkSync(folder.file('versions/v1.js'), folder.file('linked.js'))
        // A time that can be set again to the very same.
        utimesSync(folder.file('one.js'), 1e9, 1e9)
        await tick()
        const kernel = kernelOf(folder)
        await kernel.depmod()
        await tick()
        assert.deepEqual([(await kernel.depmod()).written, symbolsIn(folder).linked], [[], ['v1']])
        change(folder)
        await tick()
        await (isNew ? kernelOf(folder) : kernel).depmod()
        const found = symbolsIn(folder)
        assert.deepEqual(Object.fromEntries(Object.keys(after).map(name => [name, found[name]])), after)
      })
})

describe('what is wrong in a folder is reported, each with its place, and all of it', () => {
  it('imports that nobody exports, or that lead nowhere', async t => {
    const folder = folderOf(t, {
      'db.ts': 'export const query = 1\nexport * from "./more.ts"',
      'more.ts': 'export const count = 1',
      'api.ts': `import { query, count, nothing } from './db.ts'\nimport './absent.ts'\nimport other from './db.ts'`,
    })
    assert.deepEqual(await problemsOf(folder), [
      "ENOENT api.ts:2:1: Cannot find './absent.ts'",
      "ESYMBOL api.ts:1:1: Unknown symbol 'nothing' (imported from db)",
      "ESYMBOL api.ts:1:1: Unknown symbol 'default' (imported from db)",
    ])
  })

  it('modules that import each other', async t => {
    const folder = folderOf(t, {
      'a.ts': `import { b } from './b.ts'\nexport const a = 1`,
      'b.ts': `\nimport { a } from './a.ts'\nexport const b = 1`,
      'c.ts': `import { a } from './a.ts'`,
    })
    assert.deepEqual(await problemsOf(folder), ['ELOOP a.ts:1:1: modules import each other: a -> b -> a'])
    await assert.rejects(kernelOf(folder).modprobe('c'), { code: 'ELOOP' })
  })

  it('two modules of one name', async t => {
    const folder = folderOf(t, { 'my-mod.ts': '', 'my_mod.js': '', 'other.ts': '' })
    assert.deepEqual(await problemsOf(folder), ['EEXIST my_mod.js: Module my_mod is also my-mod.ts, which is used'])
  })

  it('a second module of a name that comes later, and goes', async t => {
    const folder = folderOf(t, { 'my-mod.ts': '' })
    const kernel = kernelOf(folder)
    const found = async () => (await kernel.depmod()).problems.map(({ code }) => code)
    assert.deepEqual(await found(), [])
    folder.write({ 'my_mod.js': '' })
    assert.deepEqual(await found(), ['EEXIST'])
    folder.remove('my_mod.js')
    assert.deepEqual(await found(), [])
  })

  it('aliases that match nothing, and only these', async t => {
    const folder = folderOf(t, {
      'a.ts': `export const info = { description: 'usb:[v',\n  aliases: ['usb:[v', 'pci:[0-9]*', 'end\\\\'] }`,
    })
    assert.deepEqual(await problemsOf(folder), [
      'EINVAL a.ts:2:14: the alias "usb:[v" matches nothing: unmatched bracket',
      'EINVAL a.ts:2:38: the alias "end\\\\" matches nothing: nothing after the last backslash',
    ])
    const kernel = kernelOf(folder)
    assert.deepEqual(await kernel.resolveAlias('pci:7f'), ['a'])
    assert.deepEqual((await kernel.modinfo('a')).aliases, ['usb:[v', 'pci:[0-9]*', 'end\\'])
  })

  it('syntax that is none, and info that cannot be read', async t => {
    const folder = folderOf(t, {
      'a.ts': 'export const = 1',
      'b.js': `const x = 1\nexport const info = { aliases: [x] }`,
      'c.js': `export const info = {\n  aliases: 'one',\n}`,
      'd.js': `export const info = { params: { p: { type: 'date' } } }`,
    })
    const problems = await problemsOf(folder)
    assert.equal(problems.length, 4)
    assert.match(problems[0]!, /^ENOEXEC a\.ts:1:14: /)
    assert.equal(problems[1], "ENOEXEC b.js:2:33: 'info' must be a literal: it is read without running the module")
    assert.equal(problems[2], "ENOEXEC c.js:2:3: 'info.aliases' must be a list of strings")
    assert.match(problems[3]!, /^ENOEXEC d\.js:1:23: 'info\.params\.p\.type' must be one of /)
  })
})

it('writes an index of a folder without modules, which can be read', async t => {
  const folder = folderOf(t, {})
  await kernelOf(folder).depmod()
  const { probed, kept } = await kernelOf(folder).coldplug()
  assert.deepEqual([probed, kept], [[], []])
})

it('refuses a folder that is not there, and none', async () => {
  await assert.rejects(createKernel().depmod(), { code: 'EINVAL' })
  await assert.rejects(createKernel().depmod(join('no', 'such', 'folder')), { code: 'ENOENT' })
})
