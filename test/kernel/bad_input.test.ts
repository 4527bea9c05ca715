import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { formatError } from '#dist/cli/host/report.js'
import { ManualClock } from '../support/clock.ts'
import { turns } from '../support/latch.ts'
import { root } from '../support/paths.ts'
import { callAll, loaded, logOf, refusal, type Stage, stage } from '../support/stage.ts'

const GOOD = `export const init = k => k.register('p', () => 'good')`

/** Nothing half-loaded, nothing lost: what was there serves on, and of the bad one nothing is known. */
async function isAsBefore({ kernel, probe }: Stage): Promise<void> {
  await turns()
  assert.deepEqual(loaded(kernel), ['good#1 LIVE'])
  assert.deepEqual(await callAll(kernel, 'p'), ['good'])
  assert.deepEqual(probe.said, [])
  assert.deepEqual(
    kernel.lsmod().map(({ holders }) => holders),
    [[]],
  )
}

async function withGood(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  options: Parameters<typeof stage>[2] = {},
): Promise<Stage> {
  const made = stage(t, { 'good.ts': GOOD, ...files }, options)
  await made.kernel.insmod(made.file('good.ts'))
  return made
}

describe('bad input', () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  const EVENTS = ['unhandledRejection', 'uncaughtException', 'multipleResolves'] as const
  beforeEach(() => {
    for (const event of EVENTS.slice(0, 2)) process.on(event, note)
  })
  afterEach(async () => {
    await turns()
    for (const event of EVENTS.slice(0, 2)) process.off(event, note)
    assert.deepEqual(unhandled.splice(0), [])
  })
  const warnings: Error[] = []
  const warn = (warning: Error) => void warnings.push(warning)
  process.on('warning', warn)
  after(() => {
    process.off('warning', warn)
    assert.deepEqual(warnings, [])
  })

  describe('files', () => {
    it('that do not exist', async t => {
      const made = await withGood(t, {})
      const path = made.file('missing.ts')
      const message = `could not load module ${path}: No such file or directory`
      await refusal(made.kernel.insmod(path), 'ENOENT', 'ENOENT', message)
      await refusal(
        made.kernel.modprobe('missing'),
        'ENOENT',
        'ENOENT',
        `Module missing not found in directory ${made.folder.path}`,
      )
      await isAsBefore(made)
    })

    it('that are a folder without a package.json, or one without an entry', async t => {
      const made = await withGood(t, {
        'empty/readme.txt': '',
        'lost/package.json': '{ "name": "lost", "main": "gone.js" }',
      })
      mkdirSync(made.file('folder.ts'))
      for (const name of ['empty', 'lost', 'folder.ts']) {
        const reason = 'a folder is a module when it has a package.json and an entry'
        const message = `could not load module ${made.file(name)}: ${reason}`
        await refusal(made.kernel.insmod(made.file(name)), 'ENOENT', 'ENOENT', message)
      }
      await refusal(made.kernel.modprobe('lost'), 'ENOENT', 'ENOENT', /^Module lost not found in directory/)
      await refusal(made.kernel.modprobe('folder'), 'ENOENT', 'ENOENT', /^Module folder not found in directory/)
      await isAsBefore(made)
    })

    it('that are a folder whose package.json is no JSON', async t => {
      const made = await withGood(t, { 'bad/package.json': '{ "name": ', 'bad/index.js': '' })
      await refusal(
        made.kernel.insmod(made.file('bad')),
        'ENOEXEC',
        'ENOEXEC',
        /could not insert module .*package\.json.*JSON/,
      )
      await isAsBefore(made)
    })

    it('that are a dangling link, or a link to itself', async t => {
      const made = await withGood(t, {})
      symlinkSync('nowhere.ts', made.file('dangling.ts'))
      symlinkSync('loop.ts', made.file('loop.ts'))
      const path = (name: string) => made.file(`${name}.ts`)
      await refusal(
        made.kernel.insmod(path('dangling')),
        'ENOENT',
        'ENOENT',
        `could not load module ${path('dangling')}: No such file or directory`,
      )
      await refusal(
        made.kernel.insmod(path('loop')),
        'ENOENT',
        'ENOENT',
        `could not load module ${path('loop')}: Too many levels of symbolic links`,
      )
      for (const name of ['dangling', 'loop']) await refusal(made.kernel.modprobe(name), 'ENOENT', 'ENOENT', /./)
      await isAsBefore(made)
    })

    it('that may not be read', async t => {
      const made = await withGood(t, {
        'secret.ts': 'export {}',
        'part.ts': `import './own/secret.ts'`,
        'own/secret.ts': '',
      })
      // Whoever runs the tests may be allowed everything: a process of nobody is not.
      const script = `
        import { chmodSync } from 'node:fs'
        import { createKernel } from 'outlive'
        const [folder] = process.argv.slice(1)
        const kernel = createKernel({ modules: folder })
        await kernel.modprobe('good')
        chmodSync(folder, 0o755)
        for (const name of ['secret.ts', 'own/secret.ts']) chmodSync(folder + '/' + name, 0)
        if (process.getuid() === 0) process.setuid(65534)
        for (const name of ['secret', 'part'])
          await kernel.insmod(folder + '/' + name + '.ts').catch(error => console.log(error.code + ' ' + error.errno + ' ' + error.message))
        console.log(kernel.lsmod().map(({ name }) => name).join())`
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        ['--input-type=module', '--eval', script, made.folder.path],
        { cwd: root },
      )
      assert.equal(stderr, '')
      assert.equal(
        stdout,
        `ENOENT ENOENT could not load module ${made.file('secret.ts')}: Permission denied
ENOENT ENOENT could not load module ${made.file('own/secret.ts')}: Permission denied
good
`,
      )
    })

    for (const [what, bytes] of [
      ['binary', randomBytes(1 << 20)],
      ['zeros', new Uint8Array(1 << 20)],
      ['one line of text', 'garbage ( { [ '.repeat(75_000)],
      ['many lines of text', ') garbage\n'.repeat(105_000)],
      ['nested brackets', '['.repeat(1 << 20)],
      ['an open template', `const a = \`${'${`'.repeat(200_000)}`],
    ] as const)
      for (const extension of ['ts', 'js'])
        it(`that are 1 MB of garbage (${what}, .${extension})`, async t => {
          const made = await withGood(t, { [`garbage.${extension}`]: bytes })
          const path = made.file(`garbage.${extension}`)
          const error = await refusal(
            made.kernel.insmod(path),
            'ENOEXEC',
            'ENOEXEC',
            /^could not insert module .*garbage\./,
          )
          assert.ok(formatError(error).length < 4000, `an error of ${formatError(error).length} characters`)
          assert.match(error.message, new RegExp(`garbage\\.${extension}:\\d+:\\d+$`))
          await isAsBefore(made)
        })
  })

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
      if (server.listening) await once(server, 'close', { signal: AbortSignal.timeout(5000) })
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
      })
      for (const [name, message] of [
        ['a', 'sync'],
        ['b', 'async'],
        ['c', 'undefined'],
        ['d', 'text'],
      ] as const) {
        await made.kernel.insmod(made.file(`${name}.ts`))
        const { exitError } = await made.kernel.rmmod(name)
        assert.equal(exitError?.message, message)
        assert.ok(logOf(made.kernel).includes(`${name}: exit threw: ${message}`))
      }
      await isAsBefore(made)
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

  describe('moments', () => {
    it('two inserts of one name at once', async t => {
      const made = await withGood(t, { 'a.ts': 'export const exit = () => {}', 'other/a.ts': '' })
      const paths = [made.file('a.ts'), made.file('a.ts'), made.file('other/a.ts')]
      const outcomes = await Promise.allSettled(paths.map(path => made.kernel.insmod(path)))
      assert.deepEqual(
        outcomes.map(it => (it.status === 'fulfilled' ? 'done' : (it.reason as { code: string }).code)),
        ['done', 'EEXIST', 'EEXIST'],
      )
      await made.kernel.rmmod('a')
      await isAsBefore(made)
    })

    it('a removal during init', async t => {
      const made = await withGood(t, { 'a.ts': `export const init = () => probe.door('init')` })
      const inserting = made.kernel.insmod(made.file('a.ts'))
      await made.probe.reached('init')
      await refusal(made.kernel.rmmod('a'), 'ENOTLIVE', 'EBUSY', 'Module a is being loaded')
      made.probe.open('init')
      await inserting
      await made.kernel.rmmod('a')
      await isAsBefore(made)
    })

    it('a replace during a replace', async t => {
      const made = await withGood(t, {
        'a.ts': `export const init = k => k.module.generation > 1 && probe.door('init')`,
      })
      await made.kernel.insmod(made.file('a.ts'))
      const replacing = made.kernel.replace('a')
      await refusal(made.kernel.replace('a'), 'ENOTLIVE', 'EBUSY', 'Module a is being loaded')
      made.probe.open('init')
      assert.equal((await replacing).generation, 2)
      await made.kernel.rmmod('a')
      await isAsBefore(made)
    })

    it('a module that unloads itself from its init', async t => {
      const made = await withGood(t, { 'a.ts': `export const init = () => probe.kernel.rmmod('a')` })
      Object.assign(made.probe, { kernel: made.kernel })
      await refusal(made.kernel.insmod(made.file('a.ts')), 'ENOTLIVE', 'EBUSY', 'Module a is being loaded')
      await isAsBefore(made)
    })

    it('a module that unloads itself from a call, and waits for it: the grace period ends that', async t => {
      const clock = new ManualClock()
      const made = await withGood(
        t,
        {
          'a.ts': `export const init = k => k.register('self', async () => (await probe.kernel.rmmod('a')).drained)
            export const exit = () => {}`,
        },
        { clock, grace: 50 },
      )
      Object.assign(made.probe, { kernel: made.kernel })
      await made.kernel.insmod(made.file('a.ts'))
      const call = [...made.kernel.point<() => Promise<boolean>>('self')][0]!()
      await turns()
      clock.advance(50)
      assert.equal(await call, false)
      await isAsBefore(made)
    })

    it('a module that unloads itself from a call, without waiting', async t => {
      const made = await withGood(t, {
        'a.ts': `export const init = k => k.register('self', async () => { probe.removing = probe.kernel.rmmod('a'); await null; return 'bye' })`,
      })
      Object.assign(made.probe, { kernel: made.kernel })
      await made.kernel.insmod(made.file('a.ts'))
      assert.deepEqual(await callAll(made.kernel, 'self'), ['bye'])
      const report = await (made.probe as unknown as { removing: Promise<{ callsInFlight: number; drained: boolean }> })
        .removing
      assert.deepEqual([report.callsInFlight, report.drained], [1, true])
      await isAsBefore(made)
    })

    it('a module that unloads itself from its exit, or replaces itself from its init', async t => {
      const made = await withGood(t, {
        'a.ts': `export const exit = () => probe.kernel.rmmod('a')`,
        'b.ts': `export const init = k => k.module.generation > 1 && probe.kernel.replace('b')`,
      })
      Object.assign(made.probe, { kernel: made.kernel })
      await made.kernel.insmod(made.file('a.ts'))
      assert.equal((await made.kernel.rmmod('a')).exitError?.message, 'Module a is being unloaded')
      await made.kernel.insmod(made.file('b.ts'))
      await refusal(made.kernel.replace('b'), 'ENOTLIVE', 'EBUSY', 'Module b is being loaded')
      assert.deepEqual(loaded(made.kernel), ['good#1 LIVE', 'b#1 LIVE'])
      await made.kernel.rmmod('b')
      await isAsBefore(made)
    })
  })

  describe('names and parameters', () => {
    it('with ../ or a slash are no names', async t => {
      const made = await withGood(t, { 'inside/secret.ts': `probe.say('ran')` }, {})
      const outside = stage(t, { 'evil.ts': `probe.say('ran')` })
      const names = [
        `../${outside.folder.path.split('/').at(-1)}/evil`,
        '../evil',
        'inside/secret',
        './good',
        '..',
        '.',
        '/etc/passwd',
        'a\\b',
        'x\0y',
      ]
      for (const name of names) {
        await refusal(
          made.kernel.modprobe(name),
          'ENOENT',
          'ENOENT',
          `Module ${name} not found in directory ${made.folder.path}`,
        )
        await refusal(
          made.kernel.rmmod(name),
          'ENOENT',
          'ENOENT',
          `Module ${name.replaceAll('-', '_')} is not currently loaded`,
        )
        await refusal(
          made.kernel.replace(name),
          'ENOENT',
          'ENOENT',
          `Module ${name.replaceAll('-', '_')} is not currently loaded`,
        )
      }
      assert.deepEqual(outside.probe.said, [])
      await isAsBefore(made)
    })

    it('with ../ in a package.json are refused', async t => {
      for (const name of ['../good', 'a/b', '@s/../x', '..']) {
        const made = await withGood(t, { 'f/package.json': JSON.stringify({ name, main: 'x.js' }), 'f/x.js': '' })
        await refusal(
          made.kernel.insmod(made.file('f')),
          'EINVAL',
          'EINVAL',
          `Invalid argument: '${name}' in ${made.file('f/package.json')} is no name of a module`,
        )
        await isAsBefore(made)
      }
    })

    it('of paths with a zero byte are refused', async t => {
      const made = await withGood(t, {})
      await refusal(made.kernel.insmod(join(made.folder.path, 'a\0.ts')), 'ENOENT', 'ENOENT', /^could not load module /)
      await isAsBefore(made)
    })

    it('of properties that every object has are ordinary names', async t => {
      const made = await withGood(t, {
        'constructor.ts': 'export {}',
        '__proto__.ts': 'export {}',
        'toString.ts': 'export {}',
      })
      for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
        await refusal(made.kernel.rmmod(name), 'ENOENT', 'ENOENT', `Module ${name} is not currently loaded`)
      for (const name of ['constructor', '__proto__', 'toString']) await made.kernel.modprobe(name)
      for (const name of ['constructor', '__proto__', 'toString']) await made.kernel.rmmod(name)
      await isAsBefore(made)
    })

    it('of a wrong type or out of range leave nothing', async t => {
      const made = await withGood(t, {
        'a.ts': `probe.say('ran')\nexport const info = { params: { n: { type: 'int', max: 5 } } }`,
      })
      await refusal(
        made.kernel.insmod(made.file('a.ts'), { n: 'many' }),
        'EINVAL',
        'EINVAL',
        /'many' invalid for parameter 'n' \(int\)$/,
      )
      await refusal(
        made.kernel.insmod(made.file('a.ts'), { n: 6 }),
        'ERANGE',
        'ERANGE',
        /'6' out of range for parameter 'n'/,
      )
      await isAsBefore(made)
    })
  })
})
