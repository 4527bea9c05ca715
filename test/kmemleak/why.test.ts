import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createKernel } from '#dist/index.js'
import {
  type Estimate,
  explainImage,
  formatReport,
  type WhyProgress,
  type WhyReport,
} from '#dist/kernel/kmemleak/index.js'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'
import { itInTurns } from '../support/share.ts'

/** Whom `why` names is shared out over the lines of Node in leaks.test.ts, too. */
const itShared = itInTurns()

describe('explainImage', () => {
  for (const thread of [true, false])
    it(`says that an image is not there, how far it is, and nothing of the cost of a small heap (${thread ? 'in a thread' : 'in this thread'})`, async () => {
      const seen: WhyProgress[] = []
      const report = await explainImage('nobody#1', {
        thread,
        onProgress: progress => seen.push(progress),
        onEstimate: () => assert.fail('asked'),
      })
      assert.equal(report.found, false)
      assert.equal(formatReport(report), 'nobody#1 is not in memory: it was collected, or there was no such image')
      assert.ok(report.snapshotBytes > 1e6)
      assert.ok(report.ms >= report.blockedMs && report.blockedMs > 0)
      assert.deepEqual([...new Set(seen.map(({ phase }) => phase))].slice(0, 2), ['collecting', 'reading'])
      assert.ok(seen.some(({ bytes }) => bytes > 1e6 && bytes <= report.snapshotBytes))
    })

  // One that Node could not import once it would never import again.
  itShared(
    'does without a thread where there are no descriptors for one, and is refused in one line where there are none at all',
    async t => {
      const folder = new Folder({
        'a.js': `export const init = k => k.register('p', () => 1)`,
        'host.mjs': `
        import { closeSync, openSync } from 'node:fs'
        import { createKernel } from '${root}/dist/index.js'
        const kernel = createKernel()
        const tell = error => error.code + ' ' + error.message.replace(/^.*: /, '')
        const why = async () => console.log(await kernel.why('a#1').then(({ found }) => found, tell))
        await kernel.insmod(process.argv[2])
        const held = [...kernel.point('p')]
        const taken = []
        try { for (;;) taken.push(openSync(process.execPath)) } catch {}
        await why()
        for (let free = 0; free < 3; free++) closeSync(taken.pop())
        await why()
        for (const descriptor of taken) closeSync(descriptor)
        await why()
        await kernel.close()`,
      })
      t.after(() => folder.remove())
      const limited = 'ulimit -n 64; exec "$@"'
      const words = ['-c', limited, 'sh', process.execPath, folder.file('host.mjs'), folder.file('a.js')]
      const { stdout } = await promisify(execFile)('sh', words)
      assert.equal(stdout, 'ENOENT Too many open files\ntrue\ntrue\n')
    },
  )

  itShared('does without a thread where the program may have none', async () => {
    const permission = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission'
    const text =
      "const { explainImage } = await import('./dist/kernel/kmemleak/index.js'); console.log(await explainImage('nobody#1'))"
    const words = [permission, '--allow-fs-read=*', '--input-type=module', '-e', text]
    const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: root })
    assert.match(stdout, /found: false/)
  })

  itShared('does without a thread, and with whole paths, where the working directory was removed', async t => {
    const folder = new Folder({ 'm.mjs': `export const init = k => k.register('p', () => 1)`, 'gone/x': '' })
    t.after(() => folder.remove())
    const text = `
      import { rmSync } from 'node:fs'
      import { createKernel } from ${JSON.stringify(join(root, 'dist/index.js'))}
      rmSync(process.cwd(), { recursive: true })
      const kernel = createKernel()
      await kernel.insmod(process.argv[1])
      globalThis.kept = [...kernel.point('p')]
      console.log((await kernel.why('m#1')).found)`
    const words = ['--input-type=module', '-e', text, folder.file('m.mjs')]
    const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: folder.file('gone') })
    assert.equal(stdout, 'true\n')
  })

  it('says what a large heap will cost before it starts, and can be called off', async () => {
    const told: Estimate[] = []
    const seen: WhyProgress[] = []
    const options = {
      estimateFrom: 1e6,
      onEstimate: (estimate: Estimate) => told.push(estimate) === 0,
      onProgress: (progress: WhyProgress) => seen.push(progress),
    }
    await assert.rejects(explainImage('nobody#1', options), /why nobody#1: called off/)
    assert.equal(told.length, 1)
    assert.ok(told[0]!.heapBytes > 1e6 && told[0]!.ms > 0 && told[0]!.memoryBytes > told[0]!.heapBytes)
    assert.deepEqual(seen, [])
  })

  itShared('names what serves before what was removed too', async t => {
    const folder = new Folder({
      'bus.ts': `
import { EventEmitter } from 'node:events'
export const bus = new EventEmitter()
`,
      'hearing.ts': `
import { bus } from './bus.ts'
const listen = target => target.on('data', () => {}) // nobody can see whose the target is
export const init = () => void listen(bus)
`,
    })
    t.after(() => folder.remove())
    await using kernel = createKernel({ modules: folder.path })
    await kernel.modprobe('hearing')
    await kernel.replace('hearing')
    await kernel.rmmod('hearing')
    const { holders } = await kernel.why('hearing#1', { thread: false })
    assert.equal(holders.length, 1)
    assert.match(holders[0]!.text, /^bus#1's exports\.bus \(EventEmitter\) -> listener of 'data' -> closure/)
    assert.deepEqual(holders[0]!.also, [])
  })

  itShared('says that what an image handed over keeps it, and which module has that', async t => {
    const text = `
class Player { name = 'one' }
export const init = k => void k.inherited?.players.size
export const handoff = () => ({ players: new Map([['one', new Player()]]) })
`
    const folder = new Folder({ 'game.ts': text })
    t.after(() => folder.remove())
    await using kernel = createKernel({ modules: folder.path })
    await kernel.modprobe('game')
    await kernel.replace('game')
    const { holders, internal } = await kernel.why('game#1', { thread: false })
    assert.match(holders[0]!.text, /^game's k\.inherited\.players \(Map\) -> 'one' -> instance of Player, /)
    assert.deepEqual([holders.length, internal], [1, []])
  })

  itShared('knows the files of another CommonJS module by its require', async t => {
    const folder = new Folder({
      'keeping.cjs': `module.exports = { items: [], init: k => k.register('keep', item => { module.exports.items.push(item) }) }`,
      'made.ts': `export const init = k => k.register('make', () => () => 'made')`,
    })
    t.after(() => folder.remove())
    await using kernel = createKernel({ modules: folder.path })
    await kernel.modprobe('keeping')
    await kernel.modprobe('made')
    const first = (point: string) => [...kernel.point<(given?: unknown) => unknown>(point)][0]!
    first('keep')(first('make')())
    await kernel.rmmod('made')
    const { holders } = await kernel.why('made#1', { thread: false })
    assert.match(holders[0]!.text, /^keeping#1's variable module\.exports\.items\[0\] -> closure/)
    assert.deepEqual(holders[0]!.also, ["keeping#1's require"])
  })

  itShared('tells kernels of one process apart, whose images have one label', async t => {
    const kept = globalThis as { keptByOne?: unknown; keptByOther?: unknown }
    const folders = ['keptByOne', 'keptByOther'].map(
      name => new Folder({ 'twin.ts': `export const held = { call() {} }\nglobalThis.${name} = held` }),
    )
    t.after(() => {
      for (const folder of folders) folder.remove()
      delete kept.keptByOne
      delete kept.keptByOther
    })
    const [one, other] = [createKernel(), createKernel({ scheme: 'retain' })]
    for (const [index, kernel] of [one, other].entries()) {
      await kernel.insmod(folders[index]!.file('twin.ts'))
      await kernel.rmmod('twin')
    }
    const { found, holders, internal } = await one.why('twin#1', { thread: false })
    assert.ok(found)
    assert.deepEqual(
      holders.map(({ text }) => /^global \w+/.exec(text)?.[0]),
      ['global keptByOne'],
    )
    assert.deepEqual(internal, [])
  })
})

describe('formatReport', () => {
  const report: WhyReport = {
    image: 'hello#3',
    found: true,
    retainedBytes: 41_230,
    holders: [],
    internal: [],
    snapshotBytes: 1,
    ms: 1,
    blockedMs: 1,
  }

  it('has a line for each holder, with its place and its other names', () => {
    const holder = {
      kind: 'global',
      text: "global cache.routes (Map) -> '/hello' -> closure handler, hello.ts:22:5",
      place: '/app/host.ts:3:7',
      held: { name: 'closure handler' },
      path: [],
      count: 1,
      also: ['variable routes in host.ts'],
    } as const
    const internal = {
      ...holder,
      kind: 'outlive',
      text: 'Outlive: the module list -> the image itself',
      also: [],
    } as const
    assert.equal(
      formatReport({ ...report, holders: [holder], internal: [internal] }),
      [
        "hello#3 (41.2 KB) is held by: global cache.routes (Map) -> '/hello' -> closure handler, hello.ts:22:5",
        '    at /app/host.ts:3:7',
        '    also known as: variable routes in host.ts',
        'hello#3 (41.2 KB) is held, not by the program: Outlive: the module list -> the image itself',
      ].join('\n'),
    )
  })

  it('says once of each package of the module that it has put something on a global, and what to do', () => {
    const place = (file: string) => `/app/modules/hello/node_modules/${file}:3:7`
    const holder = { kind: 'global', text: 'global x', path: [], count: 1, also: [] } as const
    const holders = [
      { ...holder, held: { name: 'closure a', place: place('zod/v4/core.js') } },
      { ...holder, held: { name: 'closure b', place: place('zod/v4/locales/en.js') } },
      { ...holder, held: { name: 'closure c', place: place('a/node_modules/@scope/api/index.js') } },
      { ...holder, held: { name: 'closure d', place: '/app/modules/hello/index.js:1:1' } },
    ]
    const lines = formatReport({ ...report, holders }).split('\n')
    assert.deepEqual(lines.slice(4), [
      '    zod puts this there for the whole program: delete it in exit, or leave zod to the host, which loads it once for all',
      '    @scope/api puts this there for the whole program: delete it in exit, or leave @scope/api to the host, which loads it once for all',
    ])
  })

  it('has one line of what file names with line ends are in', () => {
    const image = 'two\nlines#1'
    assert.match(formatReport({ ...report, image }), /^two\\nlines#1 \(41.2 KB\)/)
    assert.match(formatReport({ ...report, image, found: false }), /^two\\nlines#1 is not in memory/)
  })

  it('says so when nothing of the program holds it', () => {
    assert.match(formatReport(report), /^hello#3 \(41.2 KB\) is in memory, and nothing/)
  })
})
