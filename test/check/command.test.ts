import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { CheckReport } from '#dist/cli/check/formats.js'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'
import { check, findingsOf, reportOf } from './command.ts'

const QUICK = ['--scheme', 'collect', '--cycles', '8']
const GREETER = `export function init(k) {
  k.register('greeter', async name => { await null; return globalThis.host.note(name) })
  k.register('tools', { add: (a, b) => globalThis.host.note(a + b), other: () => globalThis.host.note('no') })
}`
const SETUP = `import { appendFileSync } from 'node:fs'
export default () => { globalThis.host = { note: text => appendFileSync(process.env.NOTES, text + '\\n') } }`

const folderOf = (t: TestContext, files: Record<string, string>): Folder => {
  const folder = new Folder(files)
  t.after(() => folder.remove())
  return folder
}

describe('outlive check', () => {
  it('says in one line that it may start no process', t => {
    const folder = folderOf(t, { 'a.ts': 'export const init = () => {}' })
    const permission = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission'
    const words = ['--no-warnings', permission, '--allow-fs-read=*', join(root, 'dist/cli/main.js'), 'check', '--json']
    const { status, stdout, stderr } = spawnSync(process.execPath, [...words, folder.file('a.ts')], {
      encoding: 'utf8',
    })
    assert.equal(status, 1)
    assert.match(stderr, /^check: Access to this API has been restricted.*\n$/)
    assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'ERR_ACCESS_DENIED')
  })

  it('checks under every scheme, with calls in flight half of the times', async t => {
    const folder = folderOf(t, {
      'a.ts': `export const init = k => k.register('check', () => new Promise(resolve => setTimeout(resolve, 5)))`,
    })
    const report = await reportOf([folder.file('a.ts'), '--cycles', '8'])
    assert.deepEqual([report.safe, report.findings], [true, []])
    assert.deepEqual(
      report.schemes.map(({ scheme, cycles, calls, inserted, collected }) => [
        scheme,
        cycles,
        calls,
        inserted,
        collected,
      ]),
      ['collect', 'retain', 'refcount'].map(scheme => [scheme, 14, 14, 14, 14]),
    )
    assert.equal(report.schemes[0]!.callsInFlight, 7)
  })

  it('calls what --call names, with its arguments, and nothing else', async t => {
    const folder = folderOf(t, { 'a.ts': GREETER, 'setup.mjs': SETUP })
    const calls = ['--call', 'greeter=["you"]', '--call', 'tools#add=[1,2]']
    const options = ['--setup', folder.file('setup.mjs'), ...calls, ...QUICK]
    const report = await reportOf([folder.file('a.ts'), ...options], { NOTES: folder.file('notes') })
    assert.deepEqual(findingsOf(report), [])
    const notes = readFileSync(folder.file('notes'), 'utf8').trim().split('\n')
    assert.deepEqual([...new Set(notes)].sort(), ['3', 'you'])
    assert.equal(notes.length, 28)
  })

  it('notes a --call that calls nothing', async t => {
    const folder = folderOf(t, { 'a.ts': `export const init = k => k.register('tools', { add: (a, b) => a + b })` })
    const calls = ['--call', 'tols#add=[1,2]', '--call', 'tools#ad=[1,2]', '--call', 'tools#add=[1,2]']
    const report = await reportOf([folder.file('a.ts'), ...calls, ...QUICK])
    assert.deepEqual(
      [report.safe, report.findings.map(({ kind, text, fails }) => [kind, text, fails])],
      [
        true,
        ['tols#add', 'tools#ad'].map(name => [
          'failed call',
          `--call ${name} calls nothing: it is not registered (there is: tools)`,
          false,
        ]),
      ],
    )
  })

  it('tells leftovers and passes, when they are allowed', async t => {
    const folder = folderOf(t, { 'a.ts': `setInterval(() => {}, 1000)` })
    const report = await reportOf([folder.file('a.ts'), '--allow-leftovers', ...QUICK])
    assert.equal(report.safe, true)
    assert.deepEqual(
      report.findings.map(({ kind, fails }) => [kind, fails]),
      [['leftover', false]],
    )
  })

  it('tells a server once, though its port is another in each cycle', async t => {
    const folder = folderOf(t, { 'a.ts': `import { createServer } from 'node:http'\ncreateServer().listen(0)\n` })
    const { findings } = await reportOf([folder.file('a.ts'), ...QUICK])
    assert.deepEqual(
      findings.map(({ kind, place }) => [kind, place]),
      [['leftover', `${folder.file('a.ts')}:2:1`]],
    )
  })

  it('exits with 0, 1 and 2, and says why in one line', async t => {
    const folder = folderOf(t, {
      'good.ts': 'export {}',
      'leaky.ts': 'setInterval(() => {}, 1000)',
      'broken.ts': 'export const = 1',
      'throws.ts': `throw new Error('not today')`,
      'ends.ts': 'process.exit(7)',
      'permanent.ts': 'export const info = { permanent: true }',
    })
    const answer = async (name: string, ...words: string[]) => check([folder.file(name), ...QUICK, ...words])
    const good = await answer('good.ts')
    assert.equal(good.code, 0)
    assert.match(good.out, /good\.ts: safe to unload\n$/)
    const leaky = await answer('leaky.ts')
    assert.equal(leaky.code, 1)
    assert.match(leaky.out, /not safe {2}left behind: interval of 1000 ms, .*leaky\.ts:1:1 \(14 times\)\n/)
    assert.match(leaky.out, /leaky\.ts: not safe to unload\n$/)
    for (const [name, reason] of [
      ['broken.ts', /^check: could not insert module .*broken\.ts/],
      ['throws.ts', /^check: .*not today/],
      ['ends.ts', /^check: the process ended with code 7 in cycle 1 under collect/],
      ['permanent.ts', /^check: Module permanent is permanent/],
    ] as const) {
      const { code, err, out } = await answer(name)
      assert.deepEqual([name, code, out], [name, 1, ''])
      assert.match(err, reason)
    }
    for (const words of [
      ['--cycles', '0'],
      ['--scheme', 'none'],
      ['--call', 'p=['],
      ['--tap', '--junit'],
    ]) {
      const { code, err } = await check([folder.file('good.ts'), ...words])
      assert.deepEqual([words, code, err.startsWith('check: ')], [words, 2, true])
    }
    assert.equal((await check([folder.file('nothing.ts')])).code, 1)
    assert.equal((await check([])).code, 2)
  })

  it('speaks TAP and JUnit for CI', async t => {
    const folder = folderOf(t, { 'a.ts': `setInterval(() => {}, 1000)\nglobalThis['<left>'] = 1` })
    const tap = await check([folder.file('a.ts'), '--tap', ...QUICK])
    assert.equal(tap.code, 1)
    const lines = tap.out.trimEnd().split('\n')
    assert.deepEqual(lines.slice(0, 2), ['TAP version 14', '1..7'])
    assert.deepEqual(
      lines.filter(line => line.startsWith('not ok')),
      ['not ok 1 - closes what it opens', 'not ok 7 - leaves the language and Node as they were'],
    )
    assert.equal(lines.filter(line => line.startsWith('ok ')).length, 5)
    const junit = await check([folder.file('a.ts'), '--junit', ...QUICK])
    assert.match(junit.out, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites tests="7" failures="2" /)
    assert.match(junit.out, /<failure message="leaves a global: &lt;left&gt;/)
    assert.equal(junit.out.match(/<testcase /g)!.length, 7)
  })
})

describe('docs/check.md', () => {
  const text = readFileSync(join(root, 'docs', 'check.md'), 'utf8')

  it('shows what check prints of its example', async t => {
    const [, source, printed] = /```ts leaky\n([\s\S]*?)```[\s\S]*?```text\n([\s\S]*?)```/.exec(text)!
    const folder = folderOf(t, { 'leaky.ts': source! })
    const { out } = await check([folder.file('leaky.ts'), ...QUICK])
    const lines = out.split('\n').filter(line => line.startsWith('not safe'))
    assert.equal(`${lines.join('\n').replaceAll(`${folder.path}/`, '')}\n`, printed)
  })

  it('has a row for each kind of finding', () => {
    const kinds = [...text.matchAll(/^\| `([\w ]+)` \| (yes|no)/gm)].map(([, kind]) => kind)
    const source = readFileSync(join(root, 'src', 'cli', 'check', 'findings.ts'), 'utf8')
    const [, union = ''] = /export type FindingKind =([\s\S]*?)\n\n/.exec(source)!
    assert.deepEqual(kinds.sort(), [...union.matchAll(/\| '([\w ]+)'/g)].map(([, kind]) => kind!).sort())
  })

  it('answers JSON with what the page names', async t => {
    const folder = folderOf(t, { 'a.ts': 'export {}' })
    const report: CheckReport = await reportOf([folder.file('a.ts'), ...QUICK])
    assert.deepEqual(Object.keys(report), ['file', 'safe', 'schemes', 'findings'])
  })
})
