import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { describe, it } from 'node:test'
import { expectSilence, isAsBefore, withGood } from '../support/bad_input.ts'
import { ManualClock } from '../support/clock.ts'
import { turns } from '../support/latch.ts'
import { loaded, logOf, refusal, stage } from '../support/stage.ts'

/** A value that throws whatever is done with it. */
const TRAP = `const no = () => { throw new Error('do not touch') }
const trap = new Proxy({}, { get: no, has: no, ownKeys: no, getPrototypeOf: no, getOwnPropertyDescriptor: no })`

describe('bad input', () => {
  expectSilence()

  describe('code', () => {
    it('with a syntax error is shown with file, line, column and a code frame', async t => {
      const made = await withGood(t, {
        'bad.ts': `export const a: number = 1\n\nexport function b( {\n  return a\n}\n`,
      })
      const path = made.file('bad.ts')
      const error = await refusal(
        made.kernel.insmod(path),
        'ENOEXEC',
        'ENOEXEC',
        /^could not insert module .*bad\.ts: .* at .*bad\.ts:4:10$/,
      )
      assert.deepEqual([error.data.source, error.data.line, error.data.column], [path, 4, 10])
      assert.deepEqual(String(error.data.frame).split('\n'), [
        '  2 |',
        '  3 | export function b( {',
        '> 4 |   return a',
        '    |          ^',
        '  5 | }',
        '  6 |',
      ])
      await isAsBefore(made)
    })

    it('with a syntax error in a file further down names that file', async t => {
      const made = await withGood(t, {
        'top.ts': `import './own/mid.ts'`,
        'own/mid.ts': `import './low.js'`,
        'own/low.js': 'let a\nlet a\n',
      })
      const error = await refusal(made.kernel.insmod(made.file('top.ts')), 'ENOEXEC', 'ENOEXEC', /low\.js:2:5$/)
      assert.deepEqual([error.data.source, error.data.line], [made.file('own/low.js'), 2])
      await isAsBefore(made)
    })

    it('that is nested too deeply', async t => {
      const nested = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
      const made = await withGood(t, {
        'list.js': `export const list = ${nested}`,
        'later.js': `await 0; export const list = ${nested}`,
        'part.tsx': `export const list = ${nested}`,
        'chain.js': `export let p = { m() { return this } }; p = p${'.m()'.repeat(20_000)}`,
        'common.cjs': `exports.list = ${nested}`,
      })
      for (const name of ['list.js', 'later.js', 'part.tsx', 'chain.js', 'common.cjs']) {
        const message = `could not insert module ${made.file(name)}: the code is nested too deeply at ${made.file(name)}:1:1`
        await refusal(made.kernel.insmod(made.file(name)), 'ENOEXEC', 'ENOEXEC', message)
      }
      await isAsBefore(made)
    })

    it('that imports what cannot be found', async t => {
      const made = await withGood(t, {
        'a.ts': `\nimport { x } from './nowhere.ts'`,
        'b.ts': `import 'no-such-package-anywhere'`,
        'c.ts': `import x from '/no/such/file.js'`,
        'd.ts': `import './own'`,
        'own/x.ts': '',
      })
      for (const [name, specifier, place] of [
        ['a.ts', './nowhere.ts', '2:'],
        ['b.ts', 'no-such-package-anywhere', '1:'],
        ['c.ts', '/no/such/file.js', '1:'],
        ['d.ts', './own', '1:'],
      ] as const) {
        const path = made.file(name)
        const error = await refusal(
          made.kernel.insmod(path),
          'ENOENT',
          'ENOENT',
          new RegExp(`^could not insert module ${path}: Cannot find '${specifier}' at ${path}:${place}\\d+$`),
        )
        assert.match(String(error.data.frame), /^> \d \| import/m)
      }
      await isAsBefore(made)
    })

    it('that imports what the other does not export: own file, module, package, builtin', async t => {
      const made = await withGood(t, {
        'own.ts': `import { x } from './parts/x.ts'`,
        'parts/x.ts': 'export const y = 1',
        'module.ts': `import { good } from './good.ts'`,
        'reexport.ts': `export { good } from './good.ts'`,
        'package.ts': `import { nothing } from 'host-package'`,
        'node_modules/host-package/package.json': '{ "name": "host-package", "type": "module", "main": "index.js" }',
        'node_modules/host-package/index.js': 'export const something = 1',
        'builtin.ts': `import { nothing } from 'node:path'`,
      })
      for (const [name, symbol, from] of [
        ['own.ts', 'x', 'x'],
        ['module.ts', 'good', 'good'],
        ['reexport.ts', 'good', 'good'],
        ['package.ts', 'nothing', 'host-package'],
        ['builtin.ts', 'nothing', 'node:path'],
      ] as const) {
        const path = made.file(name)
        const error = await refusal(
          made.kernel.insmod(path),
          'ESYMBOL',
          'ENOENT',
          new RegExp(
            `^could not insert module ${path}: Unknown symbol '${symbol}' \\(imported from ${from}\\) at ${path}:1:\\d+$`,
          ),
        )
        assert.match(String(error.data.frame), /^> 1 \|/m)
      }
      await isAsBefore(made)
    })

    it('whose modules import each other in a circle', async t => {
      const made = await withGood(t, {
        'a.ts': `import { b } from './b.ts'\nexport const a = 1`,
        'b.ts': `import { a } from './a.ts'\nexport const b = 1`,
      })
      const error = await refusal(
        made.kernel.modprobe('a'),
        'ELOOP',
        'ELOOP',
        /modules import each other: a -> b -> a$|modules import each other: b -> a -> b$/,
      )
      assert.ok((error.data.loop as string[]).length === 3)
      await isAsBefore(made)
    })

    it('that reads an import of its own circle of files too early', async t => {
      const made = await withGood(t, {
        'tdz.ts': `import { late } from './own/late.ts'\nexport const early = late`,
        'own/late.ts': `import { early } from '../tdz.ts'\nexport const late = early`,
      })
      await refusal(
        made.kernel.insmod(made.file('tdz.ts')),
        'EINIT',
        'ECANCELED',
        /Cannot access 'early' before initialization at .*late\.ts:2:\d+$/,
      )
      await isAsBefore(made)
    })

    it('that never ends at the top level, or in init', async t => {
      const clock = new ManualClock()
      const made = await withGood(
        t,
        {
          'top.ts': `export {}\nawait probe.door('top')`,
          'init.ts': `export async function init(k) {
            k.register('p', () => 'never')
            setInterval(() => {}, 1000)
            await probe.door('init')
          }`,
        },
        { clock, initTimeout: 100 },
      )
      for (const [name, phase] of [
        ['top', 'evaluation'],
        ['init', 'init'],
      ] as const) {
        const path = made.file(`${name}.ts`)
        const inserting = made.kernel.insmod(path)
        await made.probe.reached(name)
        clock.advance(100)
        await refusal(
          inserting,
          'EINIT',
          'ECANCELED',
          `could not insert module ${path}: ${phase} took longer than 100 ms`,
        )
        await isAsBefore(made)
        made.probe.open(name)
        await isAsBefore(made)
      }
    })

    it('whose limit is longer than a timer can be: it waits', async t => {
      const files = { 'a.ts': 'export const init = () => new Promise(done => setTimeout(done, 5))' }
      const { kernel, file } = stage(t, files, { initTimeout: 2 ** 31, exitTimeout: Number.MAX_SAFE_INTEGER })
      await kernel.insmod(file('a.ts'))
      assert.deepEqual(loaded(kernel), ['a#1 LIVE'])
    })

    it('that throws several lines: the message is one, and the cause has all', async t => {
      const { kernel, file } = stage(t, { 'a.ts': `export const init = () => { throw new Error('one\\ntwo') }` })
      const text = `could not insert module ${file('a.ts')}: one at ${file('a.ts')}:1:35`
      const error = await refusal(kernel.insmod(file('a.ts')), 'EINIT', 'ECANCELED', text)
      assert.equal((error.cause as Error).message, 'one\ntwo')
    })

    it('whose init goes on after it was given up finds nothing that it could leave behind', async t => {
      const clock = new ManualClock()
      const made = await withGood(
        t,
        {
          'slow.ts': `export async function init(k) {
            await probe.door('init')
            const tries = {
              register: () => k.register('p', () => 'late'),
              defer: () => k.defer(() => probe.say('deferred')),
              use: () => k.use({ [Symbol.dispose]: () => probe.say('disposed') }),
            }
            for (const [what, run] of Object.entries(tries))
              try { run(); probe.say(what + ' worked') } catch (error) { probe.say(what + ' ' + error.code) }
          }`,
        },
        { clock, initTimeout: 100 },
      )
      const inserting = made.kernel.insmod(made.file('slow.ts'))
      await made.probe.reached('init')
      clock.advance(100)
      await refusal(inserting, 'EINIT', 'ECANCELED', /init took longer/)
      made.probe.open('init')
      await turns()
      assert.deepEqual(made.probe.take(), ['register ESTALE', 'defer ESTALE', 'use ESTALE', 'deferred', 'disposed'])
      await isAsBefore(made)
    })

    it('whose init opens timers, listeners and servers after it was given up: they are closed at once', async t => {
      const clock = new ManualClock()
      const made = await withGood(
        t,
        {
          'slow.ts': `
            import { createServer } from 'node:http'
            export async function init() {
              await probe.door('init')
              probe.timer = setInterval(() => probe.say('tick'), 1)
              setImmediate(() => probe.say('immediate'))
              process.on('SIGUSR2', () => {})
              probe.server = createServer().listen(0)
            }`,
        },
        { clock, initTimeout: 100 },
      )
      const before = process.listenerCount('SIGUSR2')
      const inserting = made.kernel.insmod(made.file('slow.ts'))
      await made.probe.reached('init')
      clock.advance(100)
      await refusal(inserting, 'EINIT', 'ECANCELED', /init took longer/)
      made.probe.open('init')
      await turns(1)
      const { server, timer } = made.probe as unknown as { server: Server; timer: NodeJS.Timeout }
      t.after(() => {
        clearInterval(timer)
        server.close()
      })
      if (server.listening) await once(server, 'close', { signal: AbortSignal.timeout(60_000) })
      assert.deepEqual([process.listenerCount('SIGUSR2'), server.listening], [before, false])
      await isAsBefore(made)
    })

    it('whose init rejects after it was given up', async t => {
      const clock = new ManualClock()
      const made = await withGood(
        t,
        { 'slow.ts': `export async function init() { await probe.door('init'); throw new Error('too late') }` },
        { clock, initTimeout: 100 },
      )
      const inserting = made.kernel.insmod(made.file('slow.ts'))
      await made.probe.reached('init')
      clock.advance(100)
      await refusal(inserting, 'EINIT', 'ECANCELED', /init took longer/)
      made.probe.open('init')
      await isAsBefore(made)
    })

    it('whose exit throws, synchronously or later, or what is no error', async t => {
      const made = await withGood(t, {
        'a.ts': `export const exit = () => { throw new Error('sync') }`,
        'b.ts': `export const exit = async () => { await null; throw new Error('async') }`,
        'c.ts': `export const exit = () => { throw undefined }`,
        'd.ts': `export const exit = () => Promise.reject('text')`,
        'e.ts': `export const exit = () => { throw Object.create(null) }`,
        'f.ts': `export const exit = () => { throw { toString() { throw new Error('no text') } } }`,
        'g.ts': `export const exit = () => { throw new Proxy({}, { getPrototypeOf() { throw new Error('no prototype') }, get() { throw new Error('no fields') } }) }`,
      })
      for (const [name, message] of [
        ['a', 'sync'],
        ['b', 'async'],
        ['c', 'undefined'],
        ['d', 'text'],
        ['e', 'something that cannot be printed'],
        ['f', 'something that cannot be printed'],
        ['g', 'something that cannot be printed'],
      ] as const) {
        await made.kernel.insmod(made.file(`${name}.ts`))
        const { exitError } = await made.kernel.rmmod(name)
        assert.equal(exitError?.message, message)
        assert.ok(logOf(made.kernel).includes(`${name}: exit threw: ${message}`))
      }
      await isAsBefore(made)
    })

    it('that throws what cannot be looked at is refused as other code', async t => {
      const made = await withGood(t, {
        'top.ts': `${TRAP}\nthrow trap`,
        'init.ts': `${TRAP}\nexport const init = k => { k.register('p', () => 'bad'); throw trap }`,
        'late.ts': `${TRAP}\nexport const init = async k => { k.register('p', () => 'bad'); await null; throw trap }`,
        'message.ts': `export const init = () => { throw Object.defineProperty(new Error(), 'message', { get() { throw new Error('no') } }) }`,
        'hand.ts': `${TRAP}\nexport const handoff = () => { throw trap }`,
      })
      const told = 'something that cannot be printed'
      for (const name of ['top', 'init', 'late', 'message'])
        await refusal(made.kernel.insmod(made.file(`${name}.ts`)), 'EINIT', 'ECANCELED', new RegExp(`: ${told}`))
      await made.kernel.insmod(made.file('hand.ts'))
      await refusal(made.kernel.replace('hand'), 'EINIT', 'ECANCELED', new RegExp(`handoff threw: ${told}$`))
      await made.kernel.rmmod('hand')
      await isAsBefore(made)
    })

    it('is told with its place, whatever its file is called', async t => {
      const names = ['100%.cjs', 'a#b.ts', 'a?b.ts', 'sp ace.ts', '(x).ts', '(x).cjs']
      const made = await withGood(
        t,
        Object.fromEntries(
          names.map(name => [
            name,
            `${name.endsWith('.cjs') ? 'exports.init =' : 'export const init ='} () => {\n  throw new Error('boo') }`,
          ]),
        ),
      )
      for (const name of names) {
        const path = made.file(name)
        const message = `could not insert module ${path}: boo at ${path}:2:9`
        await refusal(made.kernel.insmod(path), 'EINIT', 'ECANCELED', message)
      }
    })

    it('whose exit never ends, or rejects after it was given up', async t => {
      const clock = new ManualClock()
      const made = await withGood(
        t,
        { 'slow.ts': `export async function exit() { await probe.door('exit'); throw new Error('too late') }` },
        { clock, exitTimeout: 100 },
      )
      await made.kernel.insmod(made.file('slow.ts'))
      const removing = made.kernel.rmmod('slow')
      await made.probe.reached('exit')
      clock.advance(100)
      assert.equal((await removing).exitError?.message, 'exit took longer than 100 ms')
      await isAsBefore(made)
      made.probe.open('exit')
      await isAsBefore(made)
    })

    it('that says of itself what is no literal, or of a wrong type', async t => {
      const infos = {
        call: 'info()',
        spread: '{ ...other }',
        description: '{ description: 7 }',
        aliases: `{ aliases: 'one' }`,
        permanent: `{ permanent: 'yes' }`,
        scheme: `{ scheme: 'none' }`,
        softdeps: `{ softdeps: { pre: 'x' } }`,
        list: '[]',
      }
      const made = await withGood(
        t,
        Object.fromEntries(
          Object.entries(infos).map(([name, text]) => [`${name}.ts`, `probe?.say('ran')\nexport const info = ${text}`]),
        ),
      )
      for (const name of Object.keys(infos)) {
        const path = made.file(`${name}.ts`)
        await refusal(
          made.kernel.insmod(path),
          'ENOEXEC',
          'ENOEXEC',
          new RegExp(`^could not insert module ${path}: .*info.* at ${path}:2:`),
        )
      }
      await isAsBefore(made)
    })

    it('whose hooks are no functions runs without them', async t => {
      const made = await withGood(t, { 'a.ts': `export const init = 7, exit = 'text', handoff = null` })
      await made.kernel.insmod(made.file('a.ts'))
      await made.kernel.replace('a')
      await made.kernel.rmmod('a')
      await isAsBefore(made)
    })
  })
})
