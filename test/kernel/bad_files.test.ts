import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { formatError } from '#dist/cli/host/report.js'
import { expectSilence, isAsBefore, withGood } from '../support/bad_input.ts'
import { root } from '../support/paths.ts'
import { callAll, refusal } from '../support/stage.ts'

describe('bad input', () => {
  expectSilence()

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

    // Reading one never ends while nobody writes.
    it('that are a named pipe', { skip: process.platform === 'win32' }, async t => {
      const made = await withGood(t, { 'uses.ts': `import './pipe.ts'` })
      const path = made.file('pipe.ts')
      execFileSync('mkfifo', [path])
      const message = `could not load module ${path}: it is neither a file nor a folder`
      await refusal(made.kernel.insmod(path), 'ENOENT', 'ENOENT', message)
      await refusal(made.kernel.modprobe('pipe'), 'ENOENT', 'ENOENT', /^Module pipe not found in directory/)
      await refusal(made.kernel.insmod(made.file('uses.ts')), 'ENOENT', 'ENOENT', /Cannot find '\.\/pipe\.ts'/)
      assert.equal((await made.kernel.depmod()).modules, 2)
      await isAsBefore(made)
    })

    // Opening one never ends either, and reading a device may not.
    it('that have become a named pipe or a device', { skip: process.platform === 'win32' }, async t => {
      const made = await withGood(t, {
        'parts/package.json': '{ "main": "index.cjs" }',
        'parts/index.cjs': `exports.init = k => k.register('load', name => require(name))`,
        'parts/late.cjs': '',
      })
      await made.kernel.insmod(made.file('parts'))
      const become = async (name: string, make: (path: string) => unknown) => {
        rmSync(made.file(name))
        make(made.file(name))
        const message = `could not load module ${made.file(name)}: it is neither a file nor a folder`
        const module = name.startsWith('parts') ? 'parts' : 'good'
        await refusal(made.kernel.replace(module), 'ENOENT', 'ENOENT', message)
        await refusal(made.kernel.modinfo(module), 'ENOENT', 'ENOENT', /cannot be read/)
      }
      await become('good.ts', path => execFileSync('mkfifo', [path]))
      await become('parts/index.cjs', path => symlinkSync('/dev/zero', path))
      rmSync(made.file('parts/late.cjs'))
      execFileSync('mkfifo', [made.file('parts/late.cjs')])
      await assert.rejects(callAll(made.kernel, 'load', './late.cjs'), /Cannot read .*late\.cjs: it is neither/)
      assert.deepEqual(await callAll(made.kernel, 'p'), ['good'])
      await made.kernel.rmmod('parts')
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
})
