import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { LogEntry, ModuleRow, ReplaceReport, UnloadReport } from 'outlive'
import { type Host, outlive, socketFolder, startHost } from '../support/command.ts'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

const DB = `export const query = () => ['row']\n`
const API = `import { query } from './db.ts'
export const info = {
  description: 'Serves rows',
  version: '1.2.0',
  license: 'MIT',
  author: 'A. Uthor',
  params: { limit: { type: 'int', default: 10, description: 'rows at once' } },
  aliases: ['http:GET:/api*'],
}
export function init(k) {
  k.register('http.route', { method: 'GET', url: '/api', handler: () => ({ rows: query(), limit: k.params.limit }) })
}
export const list = query
`
const LEAKY = `export function init() { setInterval(() => {}, 60_000) }
export function exit() { throw new Error('cannot flush') }
`
const FILES = { 'db.ts': DB, 'api.ts': API, 'leaky.ts': LEAKY }

const done = { code: 0, stdout: '', stderr: '' }

/** What a refused command answers. */
const refused = (...lines: string[]) => ({ code: 1, stdout: '', stderr: `${lines.join('\n')}\n` })

const withoutLoading = (
  t: Parameters<typeof startHost>[0],
  files: Readonly<Record<string, string>> = FILES,
): Promise<Host> => startHost(t, files, { words: ['--no-load'] })

describe('insmod, rmmod, lsmod', () => {
  it('insert, list and remove, in the words of kmod', async t => {
    const host = await withoutLoading(t)
    assert.deepEqual(await host.run('lsmod'), { ...done, stdout: 'Module                  Size  Used by\n' })
    assert.deepEqual(await host.run('insmod', 'db.ts'), done)
    assert.deepEqual(await host.run('insmod', 'api.ts', 'limit=3'), done)
    const size = (text: string) => String(text.length).padStart(8)
    assert.deepEqual(await host.run('lsmod'), {
      ...done,
      stdout: `Module                  Size  Used by
api                 ${size(API)}  0
db                  ${size(DB)}  1 api
`,
    })
    assert.deepEqual(await (await fetch(`${host.url}/api`)).json(), { rows: ['row'], limit: 3 })
    assert.deepEqual(await host.run('rmmod', 'db'), refused('rmmod: Module db is in use by: api'))
    assert.deepEqual(await host.run('rmmod', 'api.ts', './db.ts'), done, 'by files, as kmod')
    assert.deepEqual(await host.run('lsmod'), { ...done, stdout: 'Module                  Size  Used by\n' })
  })

  it('are refused with one line, and exit code 1', async t => {
    const host = await withoutLoading(t, {
      ...FILES,
      'several.ts': `import { query, nothing } from './db.ts'`,
      'bad.ts': 'export const a = 1\nexport const b = ;\n',
      'throws.ts': `export const init = () => { throw new Error('no disk') }\n`,
      'count.ts': `export const info = { permanent: true, params: { n: { type: 'int', max: 5 } } }\n`,
    })
    assert.deepEqual(await host.run('rmmod', 'hello'), refused('rmmod: Module hello is not currently loaded'))
    assert.deepEqual(
      await host.run('insmod', 'missing.ts'),
      refused('insmod: could not load module missing.ts: No such file or directory'),
    )
    assert.deepEqual(
      await host.run('insmod', 'api.ts'),
      refused(
        `insmod: could not insert module api.ts: Unknown symbol 'query' (imported from db) at ${host.file('api.ts')}:1:10`,
        `> 1 | import { query } from './db.ts'`,
        '    |          ^',
        '  2 | export const info = {',
        `  3 |   description: 'Serves rows',`,
      ),
    )
    assert.deepEqual(
      await host.run('insmod', 'several.ts'),
      refused(
        `insmod: could not insert module several.ts: Unknown symbol 'query' (imported from db) at ${host.file('several.ts')}:1:10`,
        `> 1 | import { query, nothing } from './db.ts'`,
        '    |          ^',
        `  also unknown: 'nothing' (imported from db) at ${host.file('several.ts')}:1:17`,
      ),
    )
    assert.deepEqual(
      await host.run('insmod', './bad.ts'),
      refused(
        `insmod: could not insert module ./bad.ts: Expression expected at ${host.file('bad.ts')}:2:18`,
        '  1 | export const a = 1',
        '> 2 | export const b = ;',
        '    |                  ^',
        '  3 |',
      ),
    )
    const thrown = await host.run('insmod', 'throws.ts')
    assert.equal(thrown.code, 1)
    const [first, ...stack] = thrown.stderr.split('\n')
    assert.equal(first, `insmod: could not insert module throws.ts: no disk at ${host.file('throws.ts')}:1:35`)
    assert.match(stack.join('\n'), /^Error: no disk\n {4}at (?:init|Module\.init).*throws\.ts:1:35/)
    assert.doesNotMatch(thrown.stderr, /dist\/|anonymous/)
    assert.deepEqual(
      await host.run('insmod', 'count.ts', 'n=many'),
      refused(`insmod: could not insert module count.ts: 'many' invalid for parameter 'n' (int)`),
    )
    assert.deepEqual(
      await host.run('insmod', 'count.ts', 'n=6'),
      refused(`insmod: could not insert module count.ts: '6' out of range for parameter 'n' (int from -∞ to 5)`),
    )
    assert.deepEqual(await host.run('insmod', 'count.ts', 'n=5', 'x=1'), done)
    assert.deepEqual(
      await host.run('insmod', 'count.ts'),
      refused('insmod: could not insert module count.ts: File exists'),
    )
    assert.deepEqual(await host.run('rmmod', 'count'), refused('rmmod: Module count is permanent'))
    assert.deepEqual(
      await host.run('rmmod', 'one', 'two'),
      refused('rmmod: Module one is not currently loaded', 'rmmod: Module two is not currently loaded'),
    )
    const { stdout } = await host.run('dmesg')
    assert.match(stdout, /^\[ *\d+\.\d{6}\] count: unknown parameter 'x' ignored$/m)
  })

  it('tell what a module left behind and what its exit threw', async t => {
    const host = await withoutLoading(t)
    await host.run('insmod', 'leaky.ts')
    assert.deepEqual(await host.run('rmmod', 'leaky'), {
      ...done,
      stdout: `leaky#1: exit threw: cannot flush
leaky#1: left behind: interval (interval of 60000 ms) at ${host.file('leaky.ts')}:1:26, closed
`,
    })
  })

  it('do what can be done when only some of the names can go', async t => {
    const host = await withoutLoading(t)
    await host.run('insmod', 'db.ts')
    assert.deepEqual(await host.run('rmmod', 'nothing', 'db'), refused('rmmod: Module nothing is not currently loaded'))
    assert.equal((await host.run('lsmod', '--json')).stdout, '[]\n')
    await host.run('insmod', 'db.ts')
    const [none, report] = JSON.parse((await host.run('rmmod', '--json', 'nothing', 'db')).stdout) as [
      { error: unknown },
      UnloadReport,
    ]
    assert.equal(report.module, 'db')
    const nothing = {
      code: 'ENOENT',
      errno: 'ENOENT',
      message: 'Module nothing is not currently loaded',
      data: { module: 'nothing' },
    }
    assert.deepEqual(none, { error: nothing })
    assert.deepEqual(JSON.parse((await host.run('rmmod', '--json', 'nothing')).stdout), { error: nothing })
  })

  it('take out dependents first when told to', async t => {
    const host = await startHost(t, FILES)
    assert.equal((await host.run('rmmod', '--recursive', 'db')).code, 0)
    assert.doesNotMatch((await host.run('lsmod')).stdout, /^(?:db|api) /m)
  })

  it('refuse a file outside the module folders, also by a link', async t => {
    const host = await withoutLoading(t)
    const outside = new Folder({ 'evil.ts': `console.log('evil ran')` })
    t.after(() => outside.remove())
    symlinkSync(outside.file('evil.ts'), host.file('link.ts'))
    const outcome = await host.run('insmod', outside.file('evil.ts'))
    const text = (file: string) =>
      `insmod: could not insert module ${file}: Operation not permitted: outside the host's module folders`
    assert.deepEqual(outcome, refused(text(outside.file('evil.ts'))))
    assert.deepEqual(await host.run('insmod', 'link.ts'), refused(text('link.ts')))
    assert.deepEqual(await host.run('insmod', '../x/../evil.ts'), refused(text('../x/../evil.ts')))
    assert.ok(!host.out.some(line => line.includes('evil ran')))
  })

  it('answer programs in JSON', async t => {
    const host = await withoutLoading(t)
    const row = JSON.parse((await host.run('insmod', '--json', 'db.ts')).stdout) as ModuleRow
    assert.deepEqual([row.name, row.generation, row.state, row.file], ['db', 1, 'LIVE', host.file('db.ts')])
    const [listed] = JSON.parse((await host.run('lsmod', '--json')).stdout) as ModuleRow[]
    assert.deepEqual(listed, row)
    const again = await host.run('insmod', '--json', 'db.ts')
    assert.equal(again.code, 1)
    assert.deepEqual(JSON.parse(again.stdout), {
      error: {
        code: 'EEXIST',
        errno: 'EEXIST',
        message: 'could not insert module db.ts: File exists',
        data: { module: 'db', file: 'db.ts' },
      },
    })
    const [report] = JSON.parse((await host.run('rmmod', '--json', 'db')).stdout) as [UnloadReport]
    const { ms, ...rest } = report
    assert.ok(ms >= 0)
    assert.deepEqual(rest, {
      module: 'db',
      generation: 1,
      scheme: 'collect',
      callsInFlight: 0,
      drained: true,
      leftovers: [],
      bytes: DB.length,
    })
  })
})

describe('modprobe', () => {
  it('brings in what a module needs, by name or alias, and is silent when it is there', async t => {
    const host = await withoutLoading(t)
    assert.deepEqual(await host.run('modprobe', '-v', 'http:GET:/api/rows', 'limit=7'), {
      ...done,
      stdout: `insmod ${host.file('db.ts')}\ninsmod ${host.file('api.ts')}\n`,
    })
    assert.deepEqual(await (await fetch(`${host.url}/api`)).json(), { rows: ['row'], limit: 7 })
    assert.deepEqual(await host.run('modprobe', 'api'), done)
    assert.deepEqual(
      await host.run('modprobe', '--first-time', 'api'),
      refused(`modprobe: could not insert 'api': Module already in kernel`),
    )
    assert.deepEqual(
      await host.run('modprobe', 'foo'),
      refused(`modprobe: Module foo not found in directory ${host.folder.path}`),
    )
    assert.equal((await host.run('modprobe', '../evil')).code, 1)
  })
})

describe('replace', () => {
  it('puts the new version in, and tells of the old one', async t => {
    const host = await startHost(t, { 'leaky.ts': LEAKY })
    assert.deepEqual(await host.run('replace', 'leaky'), {
      ...done,
      stdout: `leaky#2 replaced leaky#1
leaky#1: exit threw: cannot flush
leaky#1: left behind: interval (interval of 60000 ms) at ${host.file('leaky.ts')}:1:26, closed
`,
    })
    const report = JSON.parse((await host.run('replace', '--json', 'leaky')).stdout) as ReplaceReport
    assert.deepEqual(
      [report.module, report.generation, report.unloaded.generation, report.unloaded.exitError],
      ['leaky', 3, 2, { message: 'cannot flush' }],
    )
  })

  it('that fails says why, and the old version serves on', async t => {
    const host = await startHost(t, FILES)
    host.folder.write({ 'db.ts': DB.replace('query', 'other') })
    assert.deepEqual(
      (await host.run('replace', 'db')).stderr.split('\n')[0],
      `replace: could not replace module db: api imports 'query', which the new version does not export`,
    )
    host.folder.write({ 'api.ts': API.replaceAll('query', 'other') })
    assert.deepEqual(await host.run('replace', 'db', '--with', 'api'), {
      ...done,
      stdout: 'db#3 replaced db#1\napi#2 replaced api#1\n',
    })
    host.folder.write({ 'db.ts': 'export const query = = 1\n' })
    const outcome = await host.run('replace', 'db')
    assert.equal(outcome.code, 1)
    assert.match(
      outcome.stderr,
      /^replace: could not insert module .*db\.ts: .* at .*db\.ts:1:22\n> 1 \| export const query = = 1\n/,
    )
    assert.equal((await fetch(`${host.url}/api`)).status, 200)
    assert.deepEqual(await host.run('replace', 'nothing'), refused('replace: Module nothing is not currently loaded'))
  })

  it('gives new parameters and keeps the others', async t => {
    const host = await startHost(t, FILES)
    await host.run('replace', 'api', 'limit=2')
    await host.run('replace', 'api')
    assert.deepEqual(await (await fetch(`${host.url}/api`)).json(), { rows: ['row'], limit: 2 })
  })
})

describe('modinfo', () => {
  it('reads a module without running it: a file needs no host', async t => {
    const folder = new Folder({ ...FILES, 'api.ts': `${API}\nthrow new Error('was run')\n` })
    t.after(() => folder.remove())
    const sockets = socketFolder(t)
    const bytes = readFileSync(folder.file('api.ts'))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const { code, stdout, stderr } = await outlive(['modinfo', 'api.ts'], sockets, folder.path)
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(
      stdout.replace(/^(?:depends|signature|srcversion|scheme):.*\n/gm, ''),
      `filename:       ${folder.file('api.ts')}
name:           api
version:        1.2.0
license:        MIT
description:    Serves rows
author:         A. Uthor
alias:          http:GET:/api*
imports:        ./db.ts
symbol:         list
parm:           limit:rows at once (int, default 10)
size:           ${bytes.length}
sha256:         ${sha256}
`,
    )
    const field = await outlive(['modinfo', '-F', 'alias', 'api.ts'], sockets, folder.path)
    assert.deepEqual(field, { ...done, stdout: 'http:GET:/api*\n' })
    const json = JSON.parse((await outlive(['modinfo', '--json', 'api.ts'], sockets, folder.path)).stdout) as Record<
      string,
      unknown
    >
    assert.deepEqual([json.name, json.symbols, json.hash], ['api', ['list'], sha256])
  })

  it('asks a host for a name', async t => {
    const host = await withoutLoading(t)
    assert.match((await host.run('modinfo', 'api')).stdout, /^name: {11}api$/m)
    host.folder.write({
      'route.ts': `export const info = { aliases: ['http:GET:/r/*'] }\n`,
      'broken.ts': `export const info = {\n  version: 1,\n}\n`,
    })
    assert.match((await host.run('modinfo', 'http:GET:/r/1')).stdout, /^name: {11}route$/m)
    const broken = await host.run('modinfo', 'broken')
    assert.deepEqual([broken.code, broken.stdout], [1, ''])
    assert.match(
      broken.stderr,
      /^modinfo: could not read module .*broken\.ts: .* at .*broken\.ts:2:3\n.*\n> 2 \| {3}version: 1,\n/,
    )
    const unknown = await host.run('modinfo', 'nothing')
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /^modinfo: .*nothing.*\n$/)
  })
})

describe('dmesg', () => {
  it('prints the kernel log with times', async t => {
    const host = await withoutLoading(t, { 'a.ts': `export const init = k => k.log.warn('from init')\n` })
    await host.run('insmod', 'a.ts')
    const { stdout } = await host.run('dmesg')
    assert.deepEqual(
      stdout.split('\n').map(line => line.replace(/^\[ *\d+\.\d{6}\]/, '[T]').replace(/\d+ bytes/, 'N bytes')),
      ['[T] a: from init', `[T] a: a#1 inserted, N bytes, from ${host.file('a.ts')}`, ''],
    )
    const entries = JSON.parse((await host.run('dmesg', '--json')).stdout) as LogEntry[]
    assert.deepEqual(
      entries.map(({ level, module, text }) => [level, module, text.split(',')[0]]),
      [
        ['warn', 'a', 'from init'],
        ['info', 'a', 'a#1 inserted'],
      ],
    )
  })
})

describe('the command line', () => {
  it('used wrongly says how, with exit code 2', async t => {
    const sockets = socketFolder(t)
    for (const [words, message] of [
      [['frobnicate'], /unknown command 'frobnicate'/],
      [['insmod'], /missing required argument 'file'/],
      [['rmmod'], /missing required argument 'names'/],
      [['lsmod', '--nonsense'], /unknown option '--nonsense'/],
      [['lsmod', 'extra'], /too many arguments/],
      [['insmod', 'a.ts', '=1'], /^insmod: '=1' is not a parameter; write name=value$/m],
      [['rmmod', '--grace', 'soon', 'a'], /^rmmod: --grace takes milliseconds, got 'soon'$/m],
      [['run', '--modules', '/no/such/folder'], /^run: no such folder: \/no\/such\/folder$/m],
      [['run', '--modules', process.execPath], /^run: no such folder: /m],
      [['coldplug', '--modules', process.execPath], /^coldplug: no such folder: /m],
      [
        ['run', '--modules', '.', '--http', 'eighty'],
        /^run: --http takes a whole number from 0 to 65535, got 'eighty'$/m,
      ],
      [
        ['run', '--modules', '.', '--http', '70000'],
        /^run: --http takes a whole number from 0 to 65535, got '70000'$/m,
      ],
      [['run', '--modules', '.', '--name', '../x'], /^run: --name takes/m],
      [['run', '--modules', '.', '--scheme', 'none'], /^run: --scheme takes/m],
    ] as const) {
      const { code, stdout, stderr } = await outlive(words, sockets)
      assert.deepEqual([code, stdout], [2, ''], words.join(' '))
      assert.match(stderr, message)
      assert.doesNotMatch(stderr, /^ {4}at /m)
    }
  })

  it('used wrongly answers in JSON, too, where that is asked for', async t => {
    const sockets = socketFolder(t)
    for (const [words, message] of [
      [['rmmod', '--json'], "missing required argument 'names'"],
      [['coldplug', '--json', '--parallel', '0'], "--parallel takes a whole number from 1, got '0'"],
      [['races', '--json', '--cpus', '1'], "--cpus takes a whole number from 2 to 8, got '1'"],
    ] as const) {
      const { code, stdout } = await outlive(words, sockets)
      assert.equal(code, 2)
      assert.deepEqual(JSON.parse(stdout), { error: { code: 'EUSAGE', message } })
    }
  })

  it('modinfo of a path needs no host to say that nothing is there', async t => {
    assert.deepEqual(await outlive(['modinfo', './nothing.ts'], socketFolder(t)), {
      code: 1,
      stdout: '',
      stderr: 'modinfo: could not load module ./nothing.ts: No such file or directory\n',
    })
  })

  it('check takes one file, and no second for a flag', async t => {
    const { code, stderr } = await outlive(['check', import.meta.filename, import.meta.filename], socketFolder(t))
    assert.deepEqual([code, stderr], [2, `check: takes one file, got '${import.meta.filename}' too\n`])
  })

  it('check of a file that is not there refuses it', async t => {
    assert.deepEqual(await outlive(['check', 'nothing.ts'], socketFolder(t)), {
      code: 1,
      stdout: '',
      stderr: 'check: could not load module nothing.ts: No such file or directory\n',
    })
  })

  it('helps when it is asked to, with exit code 0', async t => {
    const sockets = socketFolder(t)
    const all = await outlive(['--help'], sockets)
    assert.deepEqual([all.code, all.stderr], [0, ''])
    for (const command of ['run', 'insmod', 'rmmod', 'modprobe', 'replace', 'lsmod', 'modinfo', 'dmesg'])
      assert.match(all.stdout, new RegExp(`^ +${command}\\b`, 'm'))
    const one = await outlive(['rmmod', '--help'], sockets)
    assert.match(one.stdout, /Examples:\n {2}outlive rmmod hello/)
    const version = await outlive(['--version'], sockets)
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
  })

  it('without a host says so in one line', async t => {
    const sockets = socketFolder(t)
    const text = 'no host is running; start one with: outlive run --modules DIR'
    for (const words of [
      ['lsmod'],
      ['insmod', 'x.ts'],
      ['rmmod', 'a', 'b'],
      ['replace', 'a'],
      ['dmesg'],
      ['modprobe', 'a'],
      ['modinfo', 'a'],
    ])
      assert.deepEqual(await outlive(words, sockets), refused(`${words[0]}: ${text}`))
    assert.deepEqual(
      await outlive(['lsmod', '--host', 'other'], sockets),
      refused(`lsmod: no host named 'other' is running (none is running)`),
    )
    assert.deepEqual(
      await outlive(['lsmod', '--host', '/no/such.sock'], sockets),
      refused('lsmod: no host is listening on /no/such.sock'),
    )
    const json = await outlive(['lsmod', '--json'], sockets)
    assert.deepEqual(JSON.parse(json.stdout), { error: { code: 'EHOST', message: text } })
  })

  it('says so when there is no room for what it prints', async t => {
    const host = await withoutLoading(t)
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), 'lsmod'], {
      stdio: ['ignore', full, 'pipe'],
      env: { ...process.env, OUTLIVE_SOCKETS: host.sockets },
      encoding: 'utf8',
    })
    closeSync(full)
    assert.deepEqual([status, stderr], [1, 'lsmod: write error: No space left on device\n'])
  })
})
