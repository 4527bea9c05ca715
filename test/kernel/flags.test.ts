import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createKernel } from 'outlive'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

const FILES = {
  'db.ts': 'export const one: number = 1',
  'm.ts': `import { one } from './db.ts'
export const init = k => { k.register('p', () => one); setInterval(() => {}, 1000) }`,
}

const SCRIPT = `
  import { createKernel } from 'outlive'
  const kernel = createKernel({ modules: process.argv[1], cache: false })
  await kernel.modprobe('m')
  await kernel.replace('m')
  const { leftovers } = await kernel.rmmod('m')
  console.log(leftovers.map(({ kind, where }) => kind + ' at ' + where.slice(process.argv[1].length)).join())
  await kernel.close()`

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission'

describe('a kernel', () => {
  for (const [where, flags] of [
    ['whose intrinsics are frozen', () => ['--frozen-intrinsics']],
    // The folders above that of the modules, in which a configuration could be, may not be read.
    [
      'that may read its own files and the modules',
      (modules: string) => [permission, `--allow-fs-read=${root}/`, `--allow-fs-read=${modules}/`],
    ],
  ] as const)
    it(`loads, replaces and unloads in a process ${where}`, async t => {
      const folder = new Folder(FILES)
      t.after(() => folder.remove())
      const words = ['--no-warnings', ...flags(folder.path), '--input-type=module', '-e', SCRIPT, folder.path]
      const { stdout, stderr } = await promisify(execFile)(process.execPath, words, { cwd: root })
      assert.deepEqual([stdout, stderr], ['interval at /m.ts:2:56\n', ''])
    })

  it('says in one line that it may not read the folder of its modules', async t => {
    const folder = new Folder(FILES)
    t.after(() => folder.remove())
    const script = `
      import { createKernel } from 'outlive'
      const kernel = createKernel({ modules: process.argv[1], cache: false })
      await kernel.modprobe('m').catch(({ name, code, message }) => console.log(name, code, message))`
    const flags = ['--no-warnings', permission, `--allow-fs-read=${root}/`]
    const words = [...flags, '--input-type=module', '-e', script, folder.path]
    const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: root })
    const [line = '', ...others] = stdout.split('\n')
    assert.ok(line.startsWith(`ModuleError ENOENT could not load module ${folder.path}: Access to this API`), stdout)
    assert.deepEqual(others, [''])
  })

  it('says what it needs in a process without WebAssembly', async () => {
    const words = [
      '--jitless',
      '--input-type=module',
      '-e',
      `import('outlive').catch(({ message }) => console.log(message))`,
    ]
    const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: root })
    assert.match(stdout, /^Outlive needs WebAssembly, which --jitless and --lite-mode take away$/m)
  })

  it('unloads while a test has put a fake clock in the place of the timers', async t => {
    const folder = new Folder(FILES)
    t.after(() => folder.remove())
    const kernel = createKernel({ modules: folder.path })
    t.mock.timers.enable()
    await kernel.modprobe('m')
    await kernel.replace('m')
    const { leftovers } = await kernel.rmmod('m')
    assert.equal(leftovers.length, 1)
    await kernel.close()
  })
})
