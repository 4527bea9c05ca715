import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { outlive, socketFolder, startHost } from '../support/command.ts'
import { Folder } from '../support/folder.ts'
import { fixture } from '../support/paths.ts'

const FILES = {
  'db.ts': `export const info = { aliases: ['sql'], params: { size: { type: 'int', default: 1 } } }\nexport const db = 1`,
  'api.ts': `import { db } from './db.ts'\nexport const info = { aliases: ['http:GET:/api*'] }\nexport const api = db`,
}

const done = { code: 0, stdout: '', stderr: '' }

describe('modprobe over a folder, without a host', () => {
  it("answers over a kernel's own catalogue as kmod does", async t => {
    const sockets = socketFolder(t)
    const folder = fixture('catalogue')
    const rows = (name: string): string[][] =>
      readFileSync(fixture('catalogue', 'cases', name), 'utf8')
        .split('\n')
        .filter(line => line !== '' && !/^#|^(kind\tinput|name\texit)/.test(line))
        .map(line => line.split('\t'))
    for (const [, input = '', exit, modules = ''] of rows('resolve.tsv').slice(0, 8)) {
      const { code, stdout, stderr } = await outlive(['modprobe', '-R', '--modules', folder, '--', input], sockets)
      assert.deepEqual([String(code), stdout.trim().split('\n').join(',')], [exit, modules])
      assert.equal(stderr, exit === '0' ? '' : `modprobe: Module ${input} not found in directory ${folder}\n`)
    }
    for (const [name = '', exit, lines = ''] of rows('showdeps.tsv').slice(0, 8)) {
      const words = ['modprobe', '--show-depends', '--modules', folder, '--', name]
      const { code, stdout } = await outlive(words, sockets)
      assert.deepEqual([String(code), stdout.trim().split('\n').join('|').replaceAll(`${folder}/`, '')], [exit, lines])
    }
  })

  it('answers over modules of ours, with options and hooks of a configuration', async t => {
    const folder = new Folder({
      ...FILES,
      'outlive.config.js': `export default { options: { db: { size: 2 } }, install: { gone: false, api: function setUp() {} }, aliases: { lost: 'nobody' } }`,
    })
    t.after(() => folder.remove())
    const ask = (...words: string[]) => outlive(['modprobe', '--modules', '.', ...words], socketFolder(t), folder.path)
    assert.deepEqual(await ask('-D', 'api', 'x=1'), {
      ...done,
      stdout: `insmod ${folder.file('db.ts')} size=2\ninstall function setUp x=1\n`,
    })
    assert.deepEqual(await ask('-D', 'gone'), { ...done, stdout: 'install refused\n' })
    assert.deepEqual(await ask('-D', 'lost'), done)
    assert.deepEqual(await ask('-R', 'http:GET:/api/1'), { ...done, stdout: 'api\n' })
    assert.deepEqual(await ask('-R', '-a', 'sql', 'symbol:api'), { ...done, stdout: 'db\napi\n' })
    assert.deepEqual(await ask('-nv', 'db', 'size=3'), { ...done, stdout: `insmod ${folder.file('db.ts')} size=3\n` })
    assert.deepEqual(await ask('-n', 'db'), done)
    assert.deepEqual(await ask('-R', 'nothing'), {
      code: 1,
      stdout: '',
      stderr: `modprobe: Module nothing not found in directory ${folder.path}\n`,
    })
    assert.deepEqual(await ask('-qR', 'nothing'), { ...done, code: 1 })
    assert.deepEqual(await ask('db'), {
      code: 2,
      stdout: '',
      stderr: 'modprobe: --modules goes with -R, --show-depends or -n: only a host can load\n',
    })
    assert.deepEqual(await outlive(['modprobe', '-R', 'x', '--modules', 'nowhere'], socketFolder(t), folder.path), {
      code: 2,
      stdout: '',
      stderr: 'modprobe: no such folder: nowhere\n',
    })
  })
})

it('modprobe on a host inserts, removes, and says what it does', async t => {
  const host = await startHost(t, FILES, { words: ['--no-load'] })
  const [db, api] = [host.file('db.ts'), host.file('api.ts')]
  assert.deepEqual(await host.run('modprobe', '-nv', 'api'), { ...done, stdout: `insmod ${db}\ninsmod ${api}\n` })
  assert.deepEqual(await host.run('modprobe', '-v', 'api'), { ...done, stdout: `insmod ${db}\ninsmod ${api}\n` })
  assert.deepEqual(await host.run('modprobe', '-v', 'api'), done)
  assert.deepEqual(await host.run('modprobe', '--first-time', 'api'), {
    code: 1,
    stdout: '',
    stderr: "modprobe: could not insert 'api': Module already in kernel\n",
  })
  assert.equal((await host.run('modprobe', '-n', '--first-time', 'api')).code, 1)
  assert.deepEqual(await host.run('modprobe', '-R', 'sql'), { ...done, stdout: 'db\n' })
  assert.deepEqual(await host.run('modprobe', '-r', 'db'), {
    code: 1,
    stdout: '',
    stderr: 'modprobe: Module db is in use by: api\n',
  })
  assert.deepEqual(await host.run('modprobe', '-rnv', 'api'), { ...done, stdout: 'rmmod api\nrmmod db\n' })
  assert.deepEqual(await host.run('modprobe', '-rv', 'api'), { ...done, stdout: 'rmmod api\nrmmod db\n' })
  assert.deepEqual(await host.run('modprobe', '-r', 'api'), done)
  assert.deepEqual(await host.run('modprobe', '-a', 'api', 'nothing', 'db'), {
    code: 1,
    stdout: '',
    stderr: `modprobe: Module nothing not found in directory ${host.folder.path}\n`,
  })
  assert.match((await host.run('lsmod')).stdout, /^api .*\ndb /m)
})

it('modprobe answers programs with one list, whatever names it was given', async t => {
  const host = await startHost(
    t,
    { 'a[b].ts': `import './db.ts'`, 'db.ts': '', 'alone.ts': '' },
    { words: ['--no-load'] },
  )
  const ask = async (...words: string[]): Promise<unknown> => {
    const answer = JSON.parse((await host.run('modprobe', '--json', ...words)).stdout)
    if (!Array.isArray(answer)) return answer.error.code
    return answer.map(each => each.error?.code ?? each.name ?? each.module ?? each)
  }
  assert.deepEqual(await ask('a[b]', 'x=[1]'), ['db', 'a[b]'])
  assert.deepEqual(await ask('-rn', 'a[b]'), ['a[b]', 'db'])
  assert.deepEqual(await ask('-r', 'a[b]'), ['a[b]', 'db'])
  assert.deepEqual(await ask('-r', 'a[b]'), [])
  assert.deepEqual(await ask('-a', 'alone', 'nothing', 'a[b]'), ['alone', 'ENOENT', 'db', 'a[b]'])
  assert.deepEqual(await ask('-aR', 'alone', 'a[b]'), ['alone', 'a[b]'])
  assert.deepEqual(await ask('-r', 'db', 'alone'), ['EHOLDERS', 'alone'])
  assert.deepEqual(await ask('-r', 'db'), 'EHOLDERS')
})

it('depmod tells what is wrong, a line each', async t => {
  const folder = new Folder({ ...FILES, 'bad.ts': `import { x } from './db.ts'\nimport './nowhere.ts'` })
  t.after(() => folder.remove())
  const { code, stdout, stderr } = await outlive(['depmod', '.'], socketFolder(t), folder.path)
  assert.equal(code, 1)
  assert.match(stdout, /^3 modules, 2 aliases; 3 read in \d+ ms\n$/)
  assert.equal(
    stderr,
    `depmod: ${folder.file('bad.ts')}:2:1: Cannot find './nowhere.ts'
depmod: ${folder.file('bad.ts')}:1:1: Unknown symbol 'x' (imported from db)
`,
  )
  folder.remove('bad.ts')
  assert.deepEqual(await outlive(['depmod', '-q', '.'], socketFolder(t), folder.path), done)
  assert.deepEqual(await outlive(['depmod', 'nowhere'], socketFolder(t), folder.path), {
    code: 1,
    stdout: '',
    stderr: 'depmod: could not load module nowhere: No such directory\n',
  })
})
