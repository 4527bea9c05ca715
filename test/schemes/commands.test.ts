import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { KernelOptions } from 'outlive'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

const DB = `export const query = () => 1\nexport const init = k => k.register('p', () => 'db')`

/** A host of its own: takes references and pointers when it is told to, and keeps them. */
const HOST = `
import { createKernel } from 'outlive'
const [folder, options] = process.argv.slice(1)
const kernel = createKernel({ modules: folder, control: { path: folder + '/host' }, grace: 0, ...JSON.parse(options) })
let references = []
let pointers = []
const tasks = {
  insert: name => kernel.modprobe(name),
  get: name => void references.push(kernel.tryModuleGet(name)),
  put: () => { for (const reference of references) reference.put() },
  keep: () => { pointers = [...kernel.point('p')] },
  call: () => pointers[0](),
  drop: () => { pointers = []; gc() },
  stop: () => { kernel.close(); process.disconnect() },
}
process.on('message', async ([task, ...args]) => {
  const answer = await Promise.resolve().then(() => tasks[task](...args)).catch(error => error.code)
  if (process.connected) process.send({ answer })
})
kernel.lsmod()
await kernel.modprobe('none').catch(() => {})
process.send('ready')
`

interface Host {
  readonly folder: Folder
  /** Lets the host do something, and gives what it answered. */
  tell(task: string, ...args: string[]): Promise<unknown>
  /** Runs a command against the host. */
  outlive(...words: string[]): Promise<{ code: number | null; out: string; err: string }>
  start(...words: string[]): ChildProcess
}

async function host(t: TestContext, files: Record<string, string>, options: KernelOptions = {}): Promise<Host> {
  const folder = new Folder(files)
  const args = ['--expose-gc', '--input-type=module', '--eval', HOST, '--', folder.path, JSON.stringify(options)]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.after(async () => {
    const ended = once(child, 'exit')
    child.send(['stop'])
    await ended
    folder.remove()
  })
  await once(child, 'message')
  const start = (...words: string[]) =>
    spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...words, '--host', folder.file('host')])
  return {
    folder,
    start,
    async tell(...message) {
      const answered = once(child, 'message')
      child.send(message)
      return ((await answered)[0] as { answer: unknown }).answer
    },
    async outlive(...words) {
      const command = start(...words)
      const said = { out: '', err: '' }
      command.stdout!.setEncoding('utf8').on('data', (text: string) => {
        said.out += text
      })
      command.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said.err += text
      })
      const [code] = (await once(command, 'close')) as [number | null]
      return { code, ...said }
    },
  }
}

describe('commands of the schemes', () => {
  it('rmmod says how often a module is held and where; --wait waits, --force goes ahead and taints', async t => {
    const { outlive, tell, start } = await host(t, { 'db.ts': DB, 'b.ts': DB }, { scheme: 'refcount' })
    await tell('insert', 'db')
    await tell('get', 'db')
    await tell('get', 'db')
    const refused = await outlive('rmmod', 'db')
    assert.deepEqual([refused.code, refused.out], [1, ''])
    assert.match(refused.err, /^rmmod: Module db is in use\n {2}2 of 2: .*:\d+:\d+\n$/)
    assert.match((await outlive('lsmod')).out, /^db +\d+ {2}2$/m)

    const waiting = start('rmmod', 'db', '--wait')
    const ended = once(waiting, 'close') as Promise<[number]>
    while (!(await outlive('lsmod')).out.includes('(unloading)'));
    await tell('put')
    assert.equal((await ended)[0], 0)

    await tell('insert', 'b')
    await tell('get', 'b')
    assert.equal((await outlive('rmmod', 'b', '--force')).code, 0)
    assert.match((await outlive('taint')).out, /^R +3 .* b#1 was unloaded by force with a count of 1$/m)
  })

  it('rmmod --wait is called off by interrupting it; then the module serves again', async t => {
    const { outlive, tell, start } = await host(t, { 'db.ts': DB }, { scheme: 'refcount' })
    await tell('insert', 'db')
    await tell('get', 'db')
    const waiting = start('rmmod', 'db', '--wait')
    while (!(await outlive('lsmod')).out.includes('(unloading)'));
    const ended = once(waiting, 'close')
    waiting.kill('SIGINT')
    await ended
    while ((await outlive('lsmod')).out.includes('(unloading)'));
    assert.match((await outlive('lsmod')).out, /^db +\d+ {2}1$/m)
    await tell('put')
  })

  it('lsmod --lingering, mem and reclaim tell of what removed images left behind, and free it', async t => {
    const { outlive, tell } = await host(t, { 'db.ts': DB, 'b.ts': DB }, { scheme: 'retain' })
    for (const name of ['db', 'b']) {
      await tell('insert', name)
      await tell('keep')
      assert.equal((await outlive('rmmod', name)).code, 0)
    }
    await tell('call')
    const bytes = Buffer.byteLength(DB)
    const lingering = (await outlive('lsmod', '--lingering')).out.split('\n')
    assert.match(lingering[0]!, /^Image +Size +Calls +Late +Removed$/)
    assert.match(lingering[1]!, new RegExp(`^db#1 +${bytes} +0 +0 `))
    assert.match(lingering[2]!, new RegExp(`^b#1 +${bytes} +0 +1 `))
    const mem = (await outlive('mem')).out
    assert.match(mem, new RegExp(`^left behind +2 +${2 * bytes} +\\d+$`, 'm'))
    assert.match(mem, new RegExp(`^ +b#1 +${bytes}$`, 'm'))
    const { lingering: sums } = JSON.parse((await outlive('mem', '--json')).out)
    assert.deepEqual([sums.images, sums.source], [2, 2 * bytes])

    const freed = await outlive('reclaim', 'db#1')
    assert.deepEqual([freed.code, freed.out], [0, `db#1: ${bytes} bytes came back\n${bytes} bytes reclaimed\n`])
    const rest = JSON.parse((await outlive('reclaim', '--all', '--json')).out)
    assert.deepEqual(
      rest.images.map(({ image, freed }: { image: string; freed: boolean }) => [image, freed]),
      [['b#1', true]],
    )
    assert.equal(await tell('call'), 'ESTALE')
    assert.equal((await outlive('lsmod', '--lingering')).out.trimEnd().split('\n').length, 1)
    const unknown = await outlive('reclaim', 'db#1')
    assert.deepEqual([unknown.code, unknown.err.split('\n')[0]], [1, 'reclaim: Image db#1 is not in memory'])
    for (const words of [['reclaim'], ['reclaim', 'db#1', '--all']]) assert.equal((await outlive(...words)).code, 2)
  })

  it('rmmod --reclaim frees at once', async t => {
    const { outlive, tell } = await host(t, { 'db.ts': DB })
    await tell('insert', 'db')
    await tell('keep')
    const bytes = Buffer.byteLength(DB)
    const removed = await outlive('rmmod', 'db', '--reclaim')
    assert.deepEqual([removed.code, removed.out], [0, `db#1: ${bytes} bytes came back\n${bytes} bytes reclaimed\n`])
    assert.equal(await tell('call'), 'ESTALE')
  })

  it('the taints of a kernel are in lsmod, in the log and below every error', async t => {
    const permanent = `export const info = { permanent: true }\n${DB}`
    const { outlive, tell } = await host(t, { 'db.ts': permanent })
    assert.equal((await outlive('taint')).out, 'not tainted\n')
    await tell('insert', 'db')
    const refused = await outlive('rmmod', 'db')
    assert.deepEqual([refused.code, refused.err], [1, 'rmmod: Module db is permanent\n'])
    assert.equal((await outlive('rmmod', 'db', '--force')).code, 0)
    await tell('insert', 'db')
    assert.match((await outlive('lsmod')).out, /^db +\d+ {2}0 +\(R\)$/m)
    assert.match((await outlive('dmesg')).out, /kernel tainted: R \(db#1 /)
    const tainted = await outlive('rmmod', 'db')
    assert.equal(tainted.err, 'rmmod: Module db is permanent\nkernel tainted: R\n')
    const table = (await outlive('taint', '--table')).out
    for (const [letter, bit] of ['F 1', 'R 3', 'O 12', 'E 13'].map(row => row.split(' ')))
      assert.match(table, new RegExp(`^${letter} +${bit} +\\w`, 'm'))
  })
})
