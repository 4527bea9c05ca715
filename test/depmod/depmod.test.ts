import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
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

describe('depmod', () => {
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
    const touched = await kernelOf(folder).depmod()
    assert.equal(touched.read, 0)
    assert.equal(touched.written.length, 2, 'the new time is noted')
    assert.deepEqual((await kernelOf(folder).depmod()).written, [])
  })

  it('sees a change of the same length in the moment after the index was written', async t => {
    const folder = folderOf(t, { 'a.ts': `export const one = 1` })
    await kernelOf(folder).depmod()
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

  it('does not believe prepared aliases that are not of the index', async t => {
    const folder = folderOf(t)
    await tick()
    await kernelOf(folder).depmod()
    writeFileSync(folder.file('modules.alias.bin'), 'nonsense')
    assert.deepEqual(await kernelOf(folder).resolveAlias('http:GET:/api/1'), ['api'])
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
