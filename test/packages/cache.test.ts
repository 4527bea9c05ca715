import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createKernel, ModuleError } from 'outlive'
import { hashOf } from '#dist/images/hash.js'
import { FileLoadStore } from '#dist/images/load_store.js'
import { Folder } from '../support/folder.ts'
import { collectUntil } from '../support/gc.ts'
import { root } from '../support/paths.ts'

const manifest = (name: string, more: object = {}): string => JSON.stringify({ name, ...more })

/** A module folder with an ES package, a CommonJS package and one that may be missing. */
const MODULE = {
  'user/package.json': manifest('user', { type: 'module', main: 'index.js' }),
  'user/index.js': `
import { sum } from 'es'
import common, { twice } from 'common'
export const init = k => void k.register('answer', () => [sum(1, 2), twice(2), common.extra])
`,
  'user/node_modules/es/package.json': manifest('es', { type: 'module', exports: { import: './es.js' } }),
  'user/node_modules/es/es.js': 'export { sum } from "./sum.js"\n',
  'user/node_modules/es/sum.js': 'export let sum = (a, b) => a + b\nsum = [sum][0]\n',
  'user/node_modules/common/package.json': manifest('common', { main: './lib' }),
  'user/node_modules/common/lib/index.js': `
exports.twice = n => n * 2
try { exports.extra = require('extra') } catch { exports.extra = 'none' }
`,
}

/** With what is not only left out. */
const TYPED = `
enum Colour { Red = 'red' }
export const init = (k: { register(name: string, call: () => unknown): void }): void =>
  k.register('answer', () => [1, Colour.Red])
`

interface Place {
  readonly folder: Folder
  readonly cache: string
  /** What a fresh kernel says that loads the module, the record on disk afterwards. */
  answer(): Promise<unknown>
  records(): string[]
}

function place(t: TestContext, limit?: number): Place {
  const folder = new Folder(MODULE)
  t.after(() => folder.remove())
  const cache = folder.file('cache')
  return {
    folder,
    cache,
    records: () => (existsSync(cache) ? readdirSync(cache).map(name => join(cache, name)) : []),
    async answer() {
      const kernel = createKernel({ cache: { folder: cache, ...(limit !== undefined && { limit }) } })
      try {
        await kernel.insmod(folder.file('user'))
        const [call] = kernel.point<() => unknown>('answer')
        return call!()
      } finally {
        await kernel.close()
        await setImmediate()
      }
    },
  }
}

const ANSWER = [3, 4, 'none']

describe('what a load found out is kept for the next', () => {
  it('in one file that only its owner may read, and not again when nothing is new', async t => {
    const { answer, records, cache } = place(t)
    assert.deepEqual(await answer(), ANSWER)
    const [record, ...others] = records()
    assert.deepEqual(others, [])
    assert.equal(statSync(record!).mode & 0o777, 0o600)
    assert.equal(statSync(cache).mode & 0o777, 0o700)
    const { ino } = statSync(record!)
    assert.deepEqual(await answer(), ANSWER)
    assert.deepEqual(records(), [record])
    assert.equal(statSync(record!).ino, ino)
  })

  it('and spares the resolver', async t => {
    const { answer, folder, cache } = place(t)
    await answer()
    const loaded = await loadedBy(folder.file('user'), cache)
    assert.deepEqual(loaded.answer, ANSWER)
    assert.deepEqual(loaded.tools, [])
    const without = await loadedBy(folder.file('user'), folder.file('empty'))
    assert.deepEqual(without.answer, ANSWER)
    assert.ok(without.tools.includes('enhanced-resolve'), without.tools.join())
  })

  it('and code that is restored goes with its image', async t => {
    const { folder, cache, answer } = place(t)
    await answer()
    const kernel = createKernel({ cache: { folder: cache } })
    t.after(() => kernel.close())
    for (let load = 0; load < 3; load++) {
      await kernel.insmod(folder.file('user'))
      await kernel.rmmod('user')
      await setImmediate()
    }
    assert.ok(await collectUntil(() => kernel.lingering().length === 0), 'all three are collected')
  })

  for (const [what, files, entry] of [
    ['a single file of TypeScript', { 'typed.ts': TYPED }, 'typed.ts'],
    [
      'a folder with TypeScript',
      {
        'typed/package.json': manifest('typed', { type: 'module', main: 'index.js' }),
        'typed/index.js': "export { init } from './typed.mts'",
        'typed/typed.mts': TYPED,
      },
      'typed',
    ],
  ] as const)
    it(`and spares the compiler for ${what} until it changes`, async t => {
      const folder = new Folder(files)
      t.after(() => folder.remove())
      const load = () => loadedBy(folder.file(entry), folder.file('cache'))
      assert.deepEqual(await load(), { answer: [1, 'red'], tools: ['@swc/wasm-typescript'] })
      assert.deepEqual(await load(), { answer: [1, 'red'], tools: [] })
      const [typed] = Object.keys(files).slice(-1)
      folder.write({ [typed!]: TYPED.replace("'red'", "'blue'") })
      assert.deepEqual(await load(), { answer: [1, 'blue'], tools: ['@swc/wasm-typescript'] })
      assert.deepEqual(await load(), { answer: [1, 'blue'], tools: [] })
    })

  it('and what a text of TypeScript became is nothing for the same text as JavaScript', async t => {
    const text = 'const f = (n) => n\nexport const init = k => void k.register("answer", () => [f<any>(1)])\n'
    const folder = new Folder({ 'a.ts': text, 'b.js': text })
    t.after(() => folder.remove())
    for (let load = 0; load < 2; load++)
      for (const [file, answer] of [
        ['a.ts', [1]],
        ['b.js', [false]],
      ] as const)
        assert.deepEqual(
          (await loadedBy(folder.file(file), folder.file('cache'), 'globalThis.any = 0')).answer,
          answer,
          file,
        )
  })

  it('but not for a single file of JavaScript, nor for a small folder, nor when it is off', async t => {
    const folder = new Folder({ 'a.js': 'export const a = 1', 'b/package.json': manifest('b'), 'b/index.js': '' })
    t.after(() => folder.remove())
    folder.write(MODULE)
    const kernel = createKernel({ cache: { folder: folder.file('cache') } })
    await kernel.insmod(folder.file('a.js'))
    await kernel.insmod(folder.file('b'))
    await kernel.close()
    const off = createKernel({ cache: false })
    await off.insmod(folder.file('user'))
    await off.close()
    await setImmediate()
    assert.equal(existsSync(folder.file('cache')), false)
  })

  it('and every change of the disk counts', async t => {
    const { answer, folder } = place(t)
    const packages = 'user/node_modules'
    await answer()
    folder.write({ [`${packages}/es/sum.js`]: 'export const sum = (a, b) => 10 * (a + b)\n' })
    assert.deepEqual(await answer(), [30, 4, 'none'])
    folder.write({
      [`${packages}/common/package.json`]: manifest('common', { main: './other.js' }),
      [`${packages}/common/other.js`]: 'exports.twice = n => n * 20; exports.extra = "other"',
    })
    assert.deepEqual(await answer(), [30, 40, 'other'])
    folder.write({ [`${packages}/common/package.json`]: manifest('common', { main: './lib' }) })
    assert.deepEqual(await answer(), [30, 4, 'none'])
    folder.write({ [`${packages}/extra/index.js`]: 'module.exports = "some"' })
    assert.deepEqual(await answer(), [30, 4, 'some'])
    folder.remove(`${packages}/extra`)
    assert.deepEqual(await answer(), [30, 4, 'none'])
    // A package nearer to the one that asks for it goes first.
    folder.write({
      'user/node_modules/common/node_modules/extra/package.json': manifest('extra'),
      'user/node_modules/common/node_modules/extra/index.js': 'module.exports = "near"',
    })
    assert.deepEqual(await answer(), [30, 4, 'near'])
    folder.remove(`${packages}/es`)
    await assert.rejects(answer(), ModuleError)
  })

  it('and a record that was cut off or changed is no record', async t => {
    const { answer, records } = place(t)
    await answer()
    const [record] = records()
    const whole = readFileSync(record!)
    const text = whole.toString('latin1')
    const damaged = [
      '',
      text.slice(0, 30),
      text.slice(0, -1),
      `${text}\n`,
      text.replace('es.js', 'no.js'),
      text.replaceAll('"file"', '"none"'),
      '\0'.repeat(text.length),
      `${'0'.repeat(32)}{}`,
      // The last of the code that the engine wrote down.
      `${text.slice(0, -9)}${text.at(-9) === 'x' ? 'y' : 'x'}${text.slice(-8)}`,
    ]
    for (const bytes of damaged) {
      writeFileSync(record!, bytes, 'latin1')
      assert.deepEqual(await answer(), ANSWER)
      assert.ok(isWhole(readFileSync(record!)), 'a whole one is in its place')
    }
    truncateSync(record!, whole.length >> 1)
    assert.deepEqual(await answer(), ANSWER)
  })

  it('nor is one of a shape that nobody writes, be its checksum right', async t => {
    const { answer, records } = place(t)
    await answer()
    const lengthOf = (text: string): string => text.length.toString(16).padStart(16, '0')
    for (const description of [
      'null',
      '[]',
      '{}',
      '{"texts":{},"facts":[],"answers":[["a",null,[7]]],"codes":[]}',
      '{"texts":{},"facts":[],"answers":[],"codes":[["a",0,99]]}',
      '{"texts":{},"facts":[],"answers":[],"codes":{}}',
      '{"texts":null}',
    ])
      for (const length of [lengthOf(description), 'f'.repeat(16), lengthOf(''), 'none'.repeat(4)]) {
        const content = length + description
        writeFileSync(records()[0]!, hashOf(Buffer.from(content)) + content)
        assert.deepEqual(await answer(), ANSWER, content)
      }
  })

  it('nor one that somebody else may write', { skip: process.platform === 'win32' }, async t => {
    const { answer, records, folder } = place(t)
    await answer()
    const { chmodSync } = await import('node:fs')
    chmodSync(records()[0]!, 0o666)
    const loaded = await loadedBy(folder.file('user'), folder.file('cache'))
    assert.deepEqual(loaded.answer, ANSWER)
    assert.ok(loaded.tools.includes('enhanced-resolve'))
  })

  it('all records together stay below the limit, the oldest going first', async t => {
    const folder = new Folder()
    t.after(() => folder.remove())
    const store = new FileLoadStore({ folder: folder.path, limit: 10_000 })
    const record = (n: number) => ({
      texts: { key: { text: 'x'.repeat(1500), n } },
      answers: new Map(),
      codes: new Map(),
    })
    for (let n = 0; n < 20; n++) {
      store.write(`/entry/${n}`, record(n))
      await setImmediate()
    }
    const total = readdirSync(folder.path).reduce((sum, name) => sum + statSync(folder.file(name)).size, 0)
    assert.ok(total <= 10_000 && total > 5_000, `${total} bytes`)
    assert.deepEqual(store.read('/entry/19')?.texts, record(19).texts)
    assert.equal(store.read('/entry/0'), undefined)
    store.write('/entry/large', { texts: { key: { text: 'x'.repeat(5000) } }, answers: new Map(), codes: new Map() })
    await setImmediate()
    assert.equal(store.read('/entry/large'), undefined)
  })

  it('two processes at once read and write whole records', async t => {
    const { folder, cache, records } = place(t)
    const program = `
import { writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { createKernel } from 'outlive'
const [folder, cache, me] = process.argv.slice(2)
for (let i = 0; i < 15; i++) {
  writeFileSync(folder + '/own-' + me + '.js', 'export const own = ' + i)
  const kernel = createKernel({ cache: { folder: cache } })
  await kernel.insmod(folder)
  const [call] = kernel.point('answer')
  if (JSON.stringify(call()) !== '${JSON.stringify(ANSWER)}') throw new Error('wrong: ' + JSON.stringify(call()))
  await kernel.close()
  await setImmediate()
  // The other process may write into it meanwhile.
  if (i % 5 === 4) (await import("node:fs")).rmSync(cache, { recursive: true, force: true, maxRetries: 20, retryDelay: 5 })
}
`
    await Promise.all([1, 2].map(me => run(program, folder.file('user'), cache, String(me))))
    for (const record of records()) assert.match(record, /[0-9a-f]{32}$/, 'nothing half-written is left')
  })
})

const isWhole = (record: Buffer): boolean => record.toString('latin1', 0, 32) === hashOf(record.subarray(32))

/** Runs the text of a module in a process of its own, and gives the last line that it prints. */
async function run(program: string, ...words: string[]): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-', ...words], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', text => {
    stdout += text
  })
  child.stderr.on('data', text => {
    stderr += text
  })
  child.stdin.end(program)
  const code = await new Promise(done => child.once('close', done))
  assert.equal(code, 0, stderr)
  return stdout.trim().split('\n').at(-1)!
}

const TOOLS = ['enhanced-resolve', '@swc/wasm-typescript']

/** What a fresh process answers, and which tools it had to load for that. */
async function loadedBy(module: string, cache: string, first = ''): Promise<{ answer: unknown; tools: string[] }> {
  const program = `
${first}
import { createRequire } from 'node:module'
import { createKernel } from 'outlive'
const [module, cache] = process.argv.slice(2)
const kernel = createKernel({ cache: { folder: cache } })
await kernel.insmod(module)
const [call] = kernel.point('answer')
const files = Object.keys(createRequire(import.meta.url).cache)
const tools = ${JSON.stringify(TOOLS)}.filter(tool => files.some(file => file.includes('/node_modules/' + tool + '/')))
console.log(JSON.stringify({ answer: call(), tools }))
`
  return JSON.parse(await run(program, module, cache)) as { answer: unknown; tools: string[] }
}
