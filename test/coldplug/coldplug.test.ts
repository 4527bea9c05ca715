import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createKernel } from 'outlive'
import { outlive, socketFolder, startHost } from '../support/command.ts'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'
import { loaded, stage } from '../support/stage.ts'

const FILES = {
  'bus.ts': 'export const bus = 1',
  'other.ts': 'export const other = 1',
  'found.ts': `import { bus } from './bus.ts'\nexport const probe = async () => bus`,
  'absent.ts': `import { bus } from './bus.ts'\nimport { other } from './other.ts'\nexport const probe = () => bus - other`,
  'throws.ts': `export const probe = () => { throw new Error('no such device') }`,
  'leaky.ts': `export const probe = () => { setInterval(() => {}, 1000); return false }`,
  'plain.ts': 'export const x = 1',
}

describe('coldplug', () => {
  it('keeps what finds something and what that needs, and takes out the rest', async t => {
    const { kernel } = stage(t, FILES)
    const told: string[] = []
    const report = await kernel.coldplug({ progress: ({ module, outcome }) => told.push(`${module} ${outcome}`) })
    assert.deepEqual(report.kept, ['found'])
    assert.deepEqual(report.needed, ['bus'])
    assert.deepEqual(report.removed, ['absent', 'leaky'])
    assert.deepEqual(report.failed, [{ module: 'throws', reason: 'no such device' }])
    assert.deepEqual(
      report.leftBehind.map(({ module, kind, closed }) => [module, kind, closed]),
      [['leaky', 'interval', true]],
    )
    assert.deepEqual(
      report.skipped.map(({ module }) => module),
      ['bus', 'other', 'plain'],
    )
    assert.deepEqual(told.sort(), ['absent removed', 'found kept', 'leaky removed', 'throws failed'])
    assert.deepEqual(
      loaded(kernel)
        .map(row => row.replace(/#\d+/, ''))
        .sort(),
      ['bus LIVE', 'found LIVE'],
    )
    assert.ok(report.memory.before > 0 && report.memory.peak >= report.memory.before && report.memory.after > 0)
  })

  it('takes out what finds nothing, also when a module that failed had brought it in', async t => {
    const { kernel } = stage(t, {
      'a.ts': `import { b } from './b.ts'\nexport const probe = () => b\nexport const init = () => { throw new Error('no') }`,
      'b.ts': 'export const b = 1\nexport const probe = () => false',
    })
    const report = await kernel.coldplug()
    assert.deepEqual(report.removed, ['b'])
    assert.deepEqual(loaded(kernel), [])
  })

  it('calls the probe of a CommonJS module as a method of what it exports', async t => {
    const { kernel } = stage(t, { 'a.cjs': 'module.exports = { found: true, probe() { return this.found } }' })
    assert.deepEqual((await kernel.coldplug()).kept, ['a'])
  })

  it('leaves what somebody else has asked for meanwhile', async t => {
    const { kernel, probe } = stage(t, { 'a.ts': `export const probe = () => globalThis.probe.door('probing')` })
    const finding = kernel.coldplug()
    await probe.reached('probing')
    await kernel.modprobe('a')
    probe.open('probing')
    const report = await finding
    assert.deepEqual([report.kept, report.needed, report.removed], [[], ['a'], []])
    assert.deepEqual(loaded(kernel), ['a#1 LIVE'])
  })

  it('gives a probe that hangs its time and removes the module', async t => {
    const { kernel } = stage(t, {
      'hangs.ts':
        `export const probe = k => new Promise(() => { k.signal.addEventListener('abort', () => probe.say('aborted')) })`.replace(
          'probe.say',
          'globalThis.probe.say',
        ),
      'found.ts': 'export const probe = () => true',
    })
    const report = await kernel.coldplug({ timeout: 50 })
    assert.deepEqual(report.kept, ['found'])
    assert.deepEqual(report.failed, [{ module: 'hangs', reason: 'probe took longer than 50 ms' }])
    assert.deepEqual(loaded(kernel), ['found#1 LIVE'])
  })

  it('probes as many at once as it may', async t => {
    const names = Array.from({ length: 20 }, (_, i) => `m${i}`)
    const source = `export const probe = async () => {
  const { probing } = globalThis
  probing.most = Math.max(probing.most, ++probing.now)
  if (probing.now === 3) probing.meet()
  await probing.met
  await new Promise(done => setTimeout(done, 10))
  probing.now--
}`
    // None of the first three ends before there are three.
    let meet!: () => void
    const met = new Promise<void>(resolve => (meet = resolve))
    const probing = { now: 0, most: 0, met, meet }
    Object.assign(globalThis, { probing })
    const { kernel } = stage(t, Object.fromEntries(names.map(name => [`${name}.ts`, source])))
    assert.equal((await kernel.coldplug({ parallel: 3 })).removed.length, 20)
    assert.equal(probing.most, 3)
    await assert.rejects(kernel.coldplug({ parallel: 0 }), { code: 'EINVAL' })
  })

  it('shares dependencies between probes that run at once, and leaves none behind', async t => {
    const names = Array.from({ length: 40 }, (_, i) => `m${i}`)
    const files = Object.fromEntries(
      names.map((name, i) => [
        `${name}.ts`,
        `import { x } from './dep${i % 3}.ts'\nexport const probe = async () => { await new Promise(done => setTimeout(done, ${i % 7})); return x === ${i} }`,
      ]),
    )
    const deps = Object.fromEntries([0, 1, 2].map(i => [`dep${i}.ts`, `export const x = 10`]))
    const { kernel } = stage(t, { ...files, ...deps })
    const report = await kernel.coldplug({ parallel: 8 })
    assert.deepEqual([report.failed, report.kept, report.needed], [[], ['m10'], ['dep1']])
    assert.deepEqual(
      loaded(kernel)
        .map(row => row.replace(/#.*/, ''))
        .sort(),
      ['dep1', 'm10'],
    )
  })

  it('leaves alone what is loaded, blacklisted or permanent', async t => {
    const { kernel } = stage(
      t,
      {
        'here.ts': 'export const probe = () => false',
        'black.ts': 'export const probe = () => true',
        'stays.ts': 'export const info = { permanent: true }\nexport const probe = () => false',
      },
      { blacklist: ['black'] },
    )
    await kernel.modprobe('here')
    const { probed, skipped } = await kernel.coldplug()
    assert.deepEqual(probed, [])
    assert.deepEqual(Object.fromEntries(skipped.map(({ module, reason }) => [module, reason])), {
      black: 'is blacklisted',
      here: 'is loaded already',
      stays: 'is permanent: it could not be removed',
    })
    assert.deepEqual(loaded(kernel), ['here#1 LIVE'])
  })

  it('says what is wrong with a module that cannot be read, instead of that it has no probe', async t => {
    const { kernel, file } = stage(t, {
      'broken.ts': 'export const a = 1\nexport const = 2',
      'unclosed.mjs': 'export const a = 1\nexport function probe() {',
      'passes.js': `export * from './parts/part.ts'`,
      'parts/part.ts': 'const = 3',
      'plain.js': `import './absent.js'`,
    })
    const { probed, skipped } = await kernel.coldplug()
    assert.deepEqual(probed, [])
    const reasons = Object.fromEntries(skipped.map(({ module, reason }) => [module, reason]))
    assert.equal(reasons.plain, 'has no probe')
    assert.match(reasons.broken!, new RegExp(`^${file('broken.ts')}:2:14: \\S.*$`))
    assert.match(reasons.unclosed!, new RegExp(`^${file('unclosed.mjs')}:2:\\d+: \\S.*$`))
    assert.match(reasons.passes!, new RegExp(`^${file('parts/part.ts')}:1:7: \\S.*$`))
  })

  it('loads nothing in a dry run', async t => {
    const { kernel } = stage(t, FILES)
    const { probed, kept, dryRun } = await kernel.coldplug({ dryRun: true })
    assert.deepEqual([probed, kept, dryRun], [['absent', 'found', 'leaky', 'throws'], [], true])
    assert.deepEqual(loaded(kernel), [])
  })
})

describe('the command coldplug', () => {
  it('probes a folder by itself', async t => {
    const folder = new Folder(FILES)
    t.after(() => folder.remove())
    const { code, stdout, stderr } = await outlive(['coldplug', '--modules', '.'], socketFolder(t), folder.path)
    assert.deepEqual([code, stderr], [1, 'coldplug: 1 of 4 failed: throws\n'])
    assert.equal(
      stdout.replace(/[\d.]+ MB before.*/, 'N'),
      `kept        1  found
needed      1  bus
removed     2  absent leaky
failed        throws: no such device
left behind   leaky: interval (interval of 1000 ms) at ${folder.file('leaky.ts')}:1:30
skipped     3  has no probe: bus other plain
memory   N
`,
    )
  })

  it('keeps what modules print out of its answer in JSON', async t => {
    const folder = new Folder({ 'loud.ts': `export const probe = () => console.log('probed')` })
    t.after(() => folder.remove())
    const { stdout, stderr } = await outlive(['coldplug', '--json', '--modules', '.'], socketFolder(t), folder.path)
    assert.deepEqual((JSON.parse(stdout) as { removed: string[] }).removed, ['loud'])
    assert.equal(stderr, 'probed\n')
  })

  it('has a host probe its folder', async t => {
    const { 'throws.ts': _, ...files } = FILES
    const host = await startHost(t, files, { words: ['--no-load'] })
    const { code, stdout } = await host.run('coldplug', '--json', '--parallel', '2')
    const report = JSON.parse(stdout) as { kept: string[]; needed: string[] }
    assert.deepEqual([code, report.kept, report.needed], [0, ['found'], ['bus']])
    assert.match((await host.run('lsmod')).stdout, /^found /m)
    assert.deepEqual(await host.run('coldplug', '--parallel', 'x'), {
      code: 2,
      stdout: '',
      stderr: "coldplug: --parallel takes a whole number from 1, got 'x'\n",
    })
  })
})

it('finds a server with the probes of the examples', async t => {
  const server = createServer(socket => socket.once('data', () => socket.end('+PONG\r\n')))
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const kernel = createKernel({
    modules: join(root, 'examples', 'coldplug'),
    config: false,
    options: { redis: { port }, postgres: { port: 1 }, mysql: { port: 1 } },
  })
  const { kept, removed, failed } = await kernel.coldplug()
  assert.ok(kept.includes('redis'))
  assert.ok(removed.includes('postgres') && removed.includes('mysql'))
  assert.deepEqual(failed, [])
  await kernel.close()
})
