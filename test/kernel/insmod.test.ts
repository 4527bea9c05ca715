import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createKernel, type ModuleError } from 'outlive'
import { callAll, loaded, logOf, refusal, stage } from '../support/stage.ts'

const GREETER = `
export const info = { params: { greeting: { type: 'string', default: 'Hello' } } }
export function init(k) { k.register('greeter', async name => k.params.greeting + ' ' + name) }
`

describe('insmod', () => {
  it('puts a TypeScript file into service and describes it', async t => {
    const { kernel, file } = stage(t, {
      'hello.ts': `
        interface Person { name: string }
        export const symbol: number = 1
        export function init(k: import('outlive').ModuleContext): void {
          k.register('greeter', async (person: Person) => \`Hello \${person.name}\`)
        }`,
    })
    const before = Date.now()
    const row = await kernel.insmod(file('hello.ts'))
    assert.deepEqual(await callAll(kernel, 'greeter', { name: 'you' }), ['Hello you'])
    const { since, size, ...rest } = row
    assert.deepEqual(rest, {
      name: 'hello',
      generation: 1,
      state: 'LIVE',
      refs: 0,
      holders: [],
      scheme: 'collect',
      file: file('hello.ts'),
      taints: '',
    })
    assert.ok(since !== undefined && since >= before && since <= Date.now())
    assert.ok(size > 100)
    assert.deepEqual(kernel.lsmod(), [row])
  })

  it('gives init a context that may be taken apart', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `export function init({ register, defer, use, log, kernel: { request } }) {
        register('p', () => 1)
        defer(() => probe.say('deferred'))
        probe.say(use({ [Symbol.dispose]() { probe.say('disposed') }, name: 'used' }).name)
        return request('nothing')
      }`,
    })
    await kernel.insmod(file('a.ts'))
    assert.deepEqual(await callAll(kernel, 'p'), [1])
    await kernel.rmmod('a')
    assert.deepEqual(probe.said, ['used', 'disposed', 'deferred'])
  })

  for (const [statement, column] of [
    [`import { q, other as nothing, nothing as other } from './db.ts'`, 31],
    [`import { /* nothing */ 'nothing' as other } from './db.ts'`, 24],
    [`export { nothing } from './db.ts'`, 10],
    [`import type { nothing } from './db.ts'; import q, { nothing } from './db.ts'`, 53],
  ] as const)
    it(`says where the name stands that is not exported: ${statement}`, async t => {
      const { kernel, file } = stage(t, {
        'db.ts': `export const q = 1, other = 2; export default 3`,
        'api.ts': `\n  ${statement}`,
      })
      await kernel.insmod(file('db.ts'))
      const text = `could not insert module ${file('api.ts')}: Unknown symbol 'nothing' (imported from db) at ${file('api.ts')}:2:${column + 2}`
      await refusal(kernel.insmod(file('api.ts')), 'ESYMBOL', 'ENOENT', text)
    })

  for (const [name, text] of [
    ['a.js', `export const init = k => k.register('p', () => 'esm')`],
    ['a.mjs', `export const init = k => k.register('p', () => 'esm')`],
    ['a.mts', `export const init = (k: any) => k.register('p', (): string => 'esm')`],
    ['a.cjs', `exports.init = k => k.register('p', () => 'cjs')`],
    ['a.cts', `exports.init = (k: any) => k.register('p', (): string => 'cjs')`],
  ] as const)
    it(`takes ${name}`, async t => {
      const { kernel, file } = stage(t, { [name]: text })
      assert.equal((await kernel.insmod(file(name))).name, 'a')
      assert.deepEqual(await callAll(kernel, 'p'), [name.includes('.c') ? 'cjs' : 'esm'])
    })

  const COMMON_JS = {
    'an object of methods': `module.exports = {
      info: { version: '9', params: { n: { type: 'int', default: 3 } } },
      init(k) { k.register('p', () => k.params.n) },
      exit() { probe.say('exit') },
    }`,
    'exports, one by one, as compiled by TypeScript': `
      Object.defineProperty(exports, '__esModule', { value: true })
      exports.init = exports.exit = exports.info = void 0
      exports.info = { version: '9', params: { n: { type: 'int', default: 3 } } }
      exports.init = k => { k.register('p', () => k.params.n) }
      exports.last = 'exit'
      exports.exit = function () { probe.say(this.last) }`,
    constants: `
      const info = { version: '9', params: { n: { type: 'int', default: 3 } } }
      function init(k) { k.register('p', () => k.params.n) }
      exports = module.exports = { info, init, 'exit': () => probe.say('exit') }
      return`,
    'an instance': `
      class Plugin { init(k) { this.say = k => probe.say(k); k.register('p', () => k.params.n) } exit() { this.say('exit') } }
      module.exports = new Plugin()
      module.exports.info = { version: '9', params: { n: { type: 'int', default: 3 } } }`,
  }
  for (const [name, text] of Object.entries(COMMON_JS))
    it(`takes info and hooks of CommonJS: ${name}`, async t => {
      const { kernel, file, probe } = stage(t, { 'a.cjs': text })
      assert.equal((await kernel.modinfo('a')).version, '9')
      await kernel.insmod(file('a.cjs'), { n: '5' })
      assert.deepEqual(await callAll(kernel, 'p'), [5])
      await kernel.rmmod('a')
      assert.deepEqual(probe.said, ['exit'])
    })

  it('takes file: URLs for paths, also of folders of modules', async t => {
    const { kernel, file, folder } = stage(t, { 'a b.ts': 'export {}' })
    const row = await kernel.insmod(pathToFileURL(file('a b.ts')).href)
    assert.deepEqual([row.name, row.file], ['a b', file('a b.ts')])
    await refusal(
      kernel.insmod('file://host/a.ts'),
      'ENOENT',
      'ENOENT',
      'could not load module file://host/a.ts: No such file or directory',
    )
    const other = createKernel({ modules: pathToFileURL(folder.path).href })
    t.after(() => other.close())
    assert.deepEqual(other.folders, [folder.path])
    await other.modprobe('a b')
  })

  it('takes the exit and handoff that init gave their exports', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `
        export let exit, handoff
        export const init = k => {
          probe.say(k.inherited)
          exit = () => probe.say('exit')
          handoff = () => 'handed'
        }`,
    })
    await kernel.insmod(file('a.ts'))
    await kernel.replace('a')
    assert.deepEqual(probe.said, [undefined, 'handed', 'exit'])
  })

  it('takes no function of CommonJS for info, and refuses one that is not a literal', async t => {
    const { kernel, file } = stage(t, {
      'log.cjs': `exports.info = text => console.log(text)`,
      'asks.cjs': `exports.info = { version: require('node:os').release() }`,
    })
    assert.equal((await kernel.insmod(file('log.cjs'))).state, 'LIVE')
    await refusal(kernel.insmod(file('asks.cjs')), 'ENOEXEC', 'ENOEXEC', /'info' must be a literal: .*asks\.cjs:1:27$/)
  })

  it('finds the entry of a package as Node does', async t => {
    const entries: Readonly<Record<string, object>> = {
      'lib/main.js': { main: 'lib/main' },
      'lib/index.js': { main: './lib' },
      'index.js': { main: 'gone' },
      'first.js': { exports: { default: './first.js', import: './gone.js' } },
      'second.js': { exports: { browser: './gone.js', node: { require: './gone.js', import: './second.js' } } },
      'third.js': { exports: [{ browser: './gone.js' }, './third.js'] },
      'fourth.js': { exports: { '.': { require: './fourth.js' } }, main: 'gone' },
    }
    const files = Object.entries(entries).flatMap(([entry, manifest], index) => [
      [`p${index}/package.json`, JSON.stringify(manifest)] as const,
      [`p${index}/${entry}`, 'exports.ran = 1'] as const,
    ])
    const { kernel, file } = stage(t, Object.fromEntries(files))
    for (const [index, entry] of Object.keys(entries).entries())
      assert.equal((await kernel.modprobe(`p${index}`))[0]!.file, file(`p${index}/${entry}`))
  })

  it('takes a folder with a package.json, named after the package, scope left out', async t => {
    const { kernel, file } = stage(t, {
      'somewhere/package.json': '{ "name": "@scope/my-greeter", "main": "lib/main.ts" }',
      'somewhere/lib/main.ts': `import { word } from './word.ts'
        export const init = k => k.register('p', () => word)`,
      'somewhere/lib/word.ts': `export const word: string = 'from the folder'`,
    })
    const row = await kernel.insmod(file('somewhere'))
    assert.deepEqual([row.name, row.file], ['my_greeter', file('somewhere/lib/main.ts')])
    assert.deepEqual(await callAll(kernel, 'p'), ['from the folder'])
  })

  it('counts the generations of a name, and gives the number of a load that read nothing again', async t => {
    const { kernel, file, folder } = stage(t, { 'a.ts': 'export {}' })
    await kernel.insmod(file('a.ts'))
    await kernel.rmmod('a')
    folder.write({ 'a.ts': 'export {' })
    await refusal(kernel.insmod(file('a.ts')), 'ENOEXEC', 'ENOEXEC', /could not insert module/)
    folder.write({ 'a.ts': 'export {}' })
    assert.equal((await kernel.insmod(file('a.ts'))).generation, 2)
  })

  it('takes - and _ in names for the same', async t => {
    const { kernel, file } = stage(t, {
      'usb-storage.ts': GREETER,
      'usb_storage.js': GREETER.replace('Hello', 'Other'),
    })
    assert.equal((await kernel.insmod(file('usb-storage.ts'))).name, 'usb_storage')
    await refusal(
      kernel.insmod(file('usb_storage.js')),
      'EEXIST',
      'EEXIST',
      `could not insert module ${file('usb_storage.js')}: File exists`,
    )
    assert.equal((await kernel.replace('usb-storage')).module, 'usb_storage')
    assert.equal((await kernel.rmmod('usb-storage')).module, 'usb_storage')
  })

  it('refuses a second module of a name that is there, and leaves the first alone', async t => {
    const { kernel, file } = stage(t, { 'hello.ts': GREETER, 'other/hello.ts': GREETER })
    await kernel.insmod(file('hello.ts'))
    const message = `could not insert module ${file('other/hello.ts')}: File exists`
    await refusal(kernel.insmod(file('other/hello.ts')), 'EEXIST', 'EEXIST', message)
    assert.deepEqual(loaded(kernel), ['hello#1 LIVE'])
    assert.deepEqual(await callAll(kernel, 'greeter', 'you'), ['Hello you'])
  })

  it('needs no init: a module may be nothing but symbols', async t => {
    const { kernel, file } = stage(t, { 'plain.ts': 'export const one = 1' })
    await kernel.insmod(file('plain.ts'))
    const report = await kernel.rmmod('plain')
    assert.deepEqual([report.exitError, report.leftovers], [undefined, []])
  })

  it('does not bring in what a module imports: that is for modprobe', async t => {
    const { kernel, file } = stage(t, {
      'db.ts': 'export const query = () => 1',
      'api.ts': `import { query } from './db.ts'\nexport const run = query`,
    })
    const error = await refusal(
      kernel.insmod(file('api.ts')),
      'ESYMBOL',
      'ENOENT',
      /^could not insert module .*api\.ts: Unknown symbol 'query' \(imported from db\) at .*api\.ts:1:\d+$/,
    )
    assert.deepEqual([error.data.symbol, error.data.from, error.data.line], ['query', 'db', 1])
    assert.deepEqual(loaded(kernel), [])
  })

  it('is told every symbol that is unknown, the first in the message and the others beside it', async t => {
    const { kernel, file } = stage(t, {
      'db.ts': 'export const query = () => 1',
      'away.ts': 'export const far = 1',
      'one.ts': `import { far } from './away.ts'`,
      'api.ts': `import { query, one, two } from './db.ts'\nimport { far } from './away.ts'\nexport { one as again } from './db.ts'`,
    })
    const api = file('api.ts')
    const none = await refusal(
      kernel.insmod(api),
      'ESYMBOL',
      'ENOENT',
      /Unknown symbol 'query' \(imported from db\) at .*:1:10$/,
    )
    const others = (error: ModuleError) =>
      (error.data.others as { symbol: string; from: string; place: string }[]).map(
        ({ symbol, from, place }) => `${symbol} from ${from} at ${place.replace(api, '')}`,
      )
    assert.deepEqual(others(none), ['one from db at :1:17', 'two from db at :1:22', 'far from away at :2:10'])
    const tried = kernel.modprobe('api')
    const some = await refusal(tried, 'ESYMBOL', 'ENOENT', /Unknown symbol 'one' \(imported from db\) at .*:1:17$/)
    assert.deepEqual(others(some), ['two from db at :1:22'])
    await kernel.insmod(file('away.ts'))
    await refusal(kernel.insmod(api), 'ESYMBOL', 'ENOENT', /Unknown symbol 'query'/)
    await kernel.rmmod('away')
    const single = refusal(kernel.insmod(file('one.ts')), 'ESYMBOL', 'ENOENT', /far/)
    assert.equal((await single).data.others, undefined)
  })

  it('links what a module imports to the module that is LIVE, and holds that', async t => {
    const { kernel, file } = stage(t, {
      'db.ts': `export let count = 0\nexport const bump = () => ++count`,
      'api.ts': `import { bump } from './db.ts'\nexport const init = k => k.register('p', () => bump())`,
      'other.ts': `import * as db from './db.ts'\nexport const init = k => k.register('p', () => db.count)`,
    })
    await kernel.insmod(file('db.ts'))
    await kernel.insmod(file('other.ts'))
    await kernel.insmod(file('api.ts'))
    assert.deepEqual(await callAll(kernel, 'p'), [0, 1])
    assert.deepEqual(await callAll(kernel, 'p'), [1, 2])
    const [db] = kernel.lsmod()
    assert.deepEqual([db!.refs, db!.holders], [2, ['api', 'other']])
  })

  it('takes a relative file that is no module of the folders for a part of the importing module', async t => {
    const { kernel, file } = stage(t, {
      'a.ts': `import { n } from './shared/n.ts'\nexport const init = k => k.register('p', () => n.count++)`,
      'b.ts': `import { n } from './shared/n.ts'\nexport const init = k => k.register('p', () => n.count++)`,
      'shared/n.ts': 'export const n = { count: 10 }',
    })
    await kernel.insmod(file('a.ts'))
    await kernel.insmod(file('b.ts'))
    assert.deepEqual(await callAll(kernel, 'p'), [10, 10])
    assert.deepEqual(await callAll(kernel, 'p'), [11, 11])
    assert.deepEqual(
      kernel.lsmod().map(({ holders }) => holders),
      [[], []],
    )
  })

  it('says in the kernel log what went in and what went out', async t => {
    const { kernel, file } = stage(t, { 'a.ts': 'export const a = 1' })
    await kernel.insmod(file('a.ts'))
    await kernel.rmmod('a')
    const log = logOf(kernel).map(line => line.replace(/\d+ bytes/, 'N bytes'))
    assert.deepEqual(log, [
      `a: a#1 inserted, N bytes, from ${file('a.ts')}`,
      'a: a#1 removed, N bytes linger until nobody can call them',
    ])
  })
})

describe('init', () => {
  it('is waited for, and nothing that it registers is seen before it has succeeded', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `export async function init(k) {
        k.register('p', () => 'early')
        await probe.door('init')
        k.register('p', () => 'late')
      }`,
    })
    const inserting = kernel.insmod(file('a.ts'))
    await probe.reached('init')
    assert.deepEqual(loaded(kernel), ['a#1 COMING'])
    assert.equal(kernel.point('p').size, 0)
    assert.equal(kernel.lsmod()[0]!.since, undefined)
    probe.open('init')
    await inserting
    assert.deepEqual(await callAll(kernel, 'p'), ['early', 'late'])
  })

  it('that throws is rolled back by the steps of an unload, and nothing is left', async t => {
    const { kernel, file, probe, log } = stage(t, {
      'bad.ts': `
        export async function init(k) {
          k.register('p', () => 'never')
          k.defer(() => probe.say('deferred'))
          k.use({ [Symbol.asyncDispose]: async () => probe.say('used') })
          k.signal.addEventListener('abort', () => probe.say('aborted'))
          setInterval(() => {}, 1000)
          process.on('SIGUSR2', () => {})
          await null
          throw Object.assign(new Error('no licence'), { code: 'ENOLICENCE' })
        }
        export const exit = () => probe.say('exit')`,
    })
    const listeners = process.listenerCount('SIGUSR2')
    const error = await refusal(
      kernel.insmod(file('bad.ts')),
      'EINIT',
      'ENOLICENCE',
      `could not insert module ${file('bad.ts')}: no licence at ${file('bad.ts')}:10:31`,
    )
    assert.equal((error.cause as Error).message, 'no licence')
    assert.deepEqual(probe.said, ['aborted', 'used', 'deferred'], 'exit is for modules that were in service')
    assert.deepEqual(loaded(kernel), [])
    assert.equal(kernel.point('p').size, 0)
    assert.equal(process.listenerCount('SIGUSR2'), listeners)
    assert.ok(log().some(line => /bad: left behind by a failed init: interval .* from .*bad\.ts:7:11/.test(line)))
    assert.ok(log().some(line => /bad: left behind by a failed init: listener .* from .*bad\.ts:8:19/.test(line)))
  })

  it('that throws when what it imports is held: lets go of it', async t => {
    const { kernel, file } = stage(t, {
      'db.ts': 'export const query = () => 1',
      'api.ts': `import { query } from './db.ts'\nquery()\nexport const init = () => { throw new Error('no') }`,
    })
    await kernel.insmod(file('db.ts'))
    await refusal(kernel.insmod(file('api.ts')), 'EINIT', 'ECANCELED', /api\.ts: no at .*api\.ts:3:35$/)
    assert.deepEqual(kernel.lsmod()[0]!.holders, [])
    await kernel.rmmod('db')
  })

  it('may throw what is no error', async t => {
    const { kernel, file } = stage(t, { 'a.ts': `export const init = () => { throw 'a text' }` })
    await refusal(
      kernel.insmod(file('a.ts')),
      'EINIT',
      'ECANCELED',
      `could not insert module ${file('a.ts')}: a text was thrown`,
    )
  })

  it('fails as well when the code of the module throws while it is first run', async t => {
    const { kernel, file } = stage(t, { 'a.ts': `export const a = 1\n\nnull.oops\n` })
    await refusal(
      kernel.insmod(file('a.ts')),
      'EINIT',
      'ECANCELED',
      /^could not insert .*: Cannot read .* at .*a\.ts:3:6$/,
    )
    assert.deepEqual(loaded(kernel), [])
  })

  it('says that a decorator which trips over its arguments was written for others', async t => {
    const { kernel, file } = stage(t, {
      'old.ts': `const field = (target: any, key: string) => { target.constructor.keys = [key] }
        class Player { @field x = 0 }
        export const player = new Player()`,
    })
    await refusal(
      kernel.insmod(file('old.ts')),
      'EINIT',
      'ECANCELED',
      /reading 'constructor'\) \(decorators are called as the standard has it, not as experimentalDecorators\) at .*old\.ts:1:\d+$/,
    )
  })
})
