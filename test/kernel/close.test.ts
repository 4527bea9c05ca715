import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { createKernel, ModuleError } from 'outlive'
import { Folder } from '../support/folder.ts'
import { turns } from '../support/latch.ts'
import { callAll, loaded, logOf, refusal, stage } from '../support/stage.ts'

const withExit = (name: string, imports = ''): string =>
  `${imports}\nexport const ${name} = 1\nexport const exit = () => probe.say('${name}')`

describe('close', () => {
  it('unloads everything, dependents first, permanent modules too', async t => {
    const { kernel, probe } = stage(t, {
      'low.ts': `${withExit('low')}\nexport const info = { permanent: true }`,
      'mid.ts': withExit('mid', `import './low.ts'`),
      'top.ts': withExit('top', `import './mid.ts'\nimport './low.ts'`),
      'alone.ts': withExit('alone'),
    })
    await kernel.modprobe('alone')
    await kernel.modprobe('top')
    await kernel.close()
    assert.deepEqual(loaded(kernel), [])
    assert.deepEqual(new Set(probe.said), new Set(['alone', 'top', 'mid', 'low']))
    assert.deepEqual(
      probe.said.filter(name => name !== 'alone'),
      ['top', 'mid', 'low'],
    )
  })

  it('is what await using calls', async t => {
    const folder = new Folder({ 'a.ts': 'export const exit = () => globalThis.gone()' })
    t.after(() => folder.remove())
    let gone = 0
    Object.assign(globalThis, { gone: () => gone++ })
    {
      await using kernel = createKernel({ modules: folder.path })
      await kernel.modprobe('a')
    }
    assert.equal(gone, 1)
  })

  it('takes no offence at an exit that throws, and none at being called twice', async t => {
    const { kernel, probe } = stage(t, {
      'low.ts': withExit('low'),
      'top.ts': `import './low.ts'\nexport const exit = () => { throw new Error('no') }`,
    })
    await kernel.modprobe('top')
    await Promise.all([kernel.close(), kernel.close()])
    await kernel.close()
    assert.deepEqual([loaded(kernel), probe.said], [[], ['low']])
    assert.ok(logOf(kernel).some(line => /^top: exit threw: no/.test(line)))
  })

  it('waits for what is being loaded, unloaded and replaced', async t => {
    const { kernel, file, probe } = stage(t, {
      'loading.ts': `export const init = () => probe.door('init')\nexport const exit = () => probe.say('loading')`,
      'leaving.ts': `export const exit = async () => { await probe.door('exit'); probe.say('leaving') }`,
      'replaced.ts': `export const init = k => k.module.generation > 1 && probe.door('replace')\nexport const exit = k => probe.say('replaced#' + k.module.generation)`,
    })
    await kernel.insmod(file('leaving.ts'))
    await kernel.insmod(file('replaced.ts'))
    const work = [kernel.insmod(file('loading.ts')), kernel.rmmod('leaving'), kernel.replace('replaced')]
    const settled = Promise.allSettled(work)
    await Promise.all([probe.reached('init'), probe.reached('exit'), probe.reached('replace')])
    let closed = false
    const closing = kernel.close().then(() => {
      closed = true
    })
    await turns()
    assert.equal(closed, false)
    for (const door of ['init', 'exit', 'replace']) probe.open(door)
    await closing
    await settled
    assert.deepEqual(loaded(kernel), [])
    assert.deepEqual([...probe.said].sort().slice(0, 3), ['leaving', 'loading', 'replaced#1'])
  })

  it('waits for replaced images that are on their way out', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `export const exit = async k => { await probe.door('exit' + k.module.generation); probe.say('a#' + k.module.generation) }`,
    })
    await kernel.insmod(file('a.ts'))
    const replaced = kernel.replace('a')
    await probe.reached('exit1')
    const closing = kernel.close()
    probe.open('exit2')
    await turns()
    assert.deepEqual(probe.said, ['a#2'])
    probe.open('exit1')
    await closing
    assert.deepEqual(probe.said, ['a#2', 'a#1'])
    await replaced
  })

  it('takes out what waits for references that nobody puts back, replaced or about to be removed', async t => {
    const { kernel, file, probe } = stage(t, { 'a.ts': withExit('a'), 'b.ts': withExit('b') }, { scheme: 'refcount' })
    await kernel.insmod(file('a.ts'))
    await kernel.insmod(file('b.ts'))
    kernel.tryModuleGet('a')
    kernel.tryModuleGet('b')
    const waiting = [kernel.rmmod('a', { wait: true }), kernel.replace('b')]
    await turns()
    await kernel.close()
    await Promise.all(waiting)
    assert.deepEqual([...probe.said].sort(), ['a', 'b', 'b'])
  })

  it('ends what modprobe and coldplug were about to insert', async t => {
    const probing = `export const init = () => globalThis.probe.say('in')
export const probe = () => true`
    const { kernel, probe, folder } = stage(t, {
      'low.ts': 'export const low = 1',
      'top.ts': `import './low.ts'
${probing}`,
      'other.ts': probing,
    })
    folder.write({
      'outlive.config.mjs': `export default { install: { low: async ({ proceed }) => { await probe.door('hook'); await proceed() } } }`,
    })
    const failing = refusal(kernel.modprobe('top'), 'ENOTLIVE', 'EBUSY', 'Module low is being unloaded')
    await probe.reached('hook')
    const plugging = kernel.coldplug({ parallel: 1 })
    await kernel.close()
    probe.open('hook')
    await failing
    const { failed } = await plugging
    assert.deepEqual(failed.map(({ module }) => module).sort(), ['other', 'top'])
    assert.deepEqual([loaded(kernel), probe.said], [[], []])
    await kernel.modprobe('other')
    assert.deepEqual(loaded(kernel), ['other#1 LIVE'])
  })

  it('leaves an empty kernel, which may be used and closed again', async t => {
    const { kernel, file, probe } = stage(t, { 'a.ts': withExit('a') })
    await kernel.modprobe('a')
    await kernel.close()
    await kernel.insmod(file('a.ts'))
    await kernel.replace('a')
    assert.equal(await kernel.request('a'), true)
    assert.deepEqual(loaded(kernel), ['a#3 LIVE'])
    await kernel.close()
    assert.deepEqual([loaded(kernel), probe.said], [[], ['a', 'a', 'a']])
  })

  it('lets calls in flight finish', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `export const init = k => k.register('p', async () => { await probe.door('call'); return 'done' })\nexport const exit = () => probe.say('exit')`,
    })
    await kernel.insmod(file('a.ts'))
    const call = [...kernel.point<() => Promise<string>>('p')][0]!().then(text => probe.say(text))
    await probe.reached('call')
    const closing = kernel.close()
    await turns()
    assert.equal(kernel.point('p').size, 0)
    probe.open('call')
    await closing
    await call
    assert.deepEqual(probe.said, ['done', 'exit'])
  })
})

describe('a kernel', () => {
  it('is one of several: they share nothing', async t => {
    const files = { 'a.ts': `let n = 0\nexport const init = k => k.register('p', () => ++n)` }
    const one = stage(t, files)
    const two = stage(t, files)
    await one.kernel.insmod(one.file('a.ts'))
    await two.kernel.insmod(two.file('a.ts'))
    await callAll(one.kernel, 'p')
    assert.deepEqual(await callAll(one.kernel, 'p'), [2])
    assert.deepEqual(await callAll(two.kernel, 'p'), [1])
    await one.kernel.close()
    assert.deepEqual(await callAll(two.kernel, 'p'), [2])
    assert.deepEqual([loaded(one.kernel), loaded(two.kernel)], [[], ['a#1 LIVE']])
    assert.deepEqual(logOf(two.kernel).length, 1)
  })

  it('touches nothing until it is used', () => {
    const before = process.getActiveResourcesInfo().length
    const kernel = createKernel({ modules: '/no/such/folder', control: { path: '/no/such/folder/control.sock' } })
    assert.equal(process.getActiveResourcesInfo().length, before)
    assert.deepEqual([kernel.lsmod(), kernel.lingering(), kernel.log.entries()], [[], [], []])
  })

  it('without a folder that exists finds no module by name, and says where it looked', async t => {
    const kernel = createKernel({ modules: '/no/such/folder' })
    t.after(() => kernel.close())
    await refusal(kernel.modprobe('a'), 'ENOENT', 'ENOENT', 'Module a not found in directory /no/such/folder')
  })

  for (const [option, value, message] of [
    ['scheme', 'none', /scheme must be collect, retain, refcount, got "none"/],
    ['lateCalls', 'drop', /lateCalls must be run, forward, fail, got "drop"/],
    ['grace', -1, /grace must be milliseconds, 0 or more, got -1/],
    ['grace', '5s', /grace must be milliseconds, 0 or more, got "5s"/],
    ['grace', Number.NaN, /grace must be milliseconds, 0 or more/],
    ['initTimeout', null, /initTimeout must be milliseconds/],
    ['exitTimeout', -5, /exitTimeout must be milliseconds/],
    ['modules', 7, /modules must be/],
    ['modules', [7], /modules must be/],
    ['params', 'x', /params must be/],
    ['blacklist', 'x', /blacklist must be/],
    ['shceme', 'retain', /createKernel has no option 'shceme'; it has modules, scheme, .*control/],
    ['log', {}, /log must be a function, or an object with debug, info, warn and error/],
    ['control', 'yes', /control must be/],
    ['control', {}, /control must be/],
    ['control', { path: 'a.sock', mode: 0o666 }, /control has no 'mode'; it has path/],
    ['grace', 5n, /grace must be milliseconds, 0 or more, got 5n/],
    ['modules', '', /modules must be/],
    ['params', [], /params must be/],
    ['memory', null, /memory must be an object with a limit, got null/],
    ['memory', { limit: 1, onPresure: 'reclaim' }, /memory has no 'onPresure'; it has limit, onPressure/],
    ['signatures', { keys: [], require: true }, /signatures has no 'require'; it has keys, required/],
  ] as const)
    it(`is not made with ${option} ${inspect(value)}: EINVAL`, () => {
      assert.throws(
        () => createKernel({ [option]: value } as never),
        error => {
          assert.ok(error instanceof ModuleError)
          assert.deepEqual([error.code, error.errno], ['EINVAL', 'EINVAL'])
          assert.match(error.message, message)
          return true
        },
      )
    })

  it('says in one short line what it was given, whatever that is', async t => {
    const kernel = createKernel()
    t.after(() => kernel.close())
    const large = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key${index}`, { index }]))
    class Settings {
      modules = './modules'
      all = large
    }
    for (const [value, told] of [
      [new URL('file:///modules'), 'an instance of URL'],
      [new Settings(), 'an instance of Settings'],
      [new Map([['a', 1]]), 'an instance of Map'],
      [Promise.resolve({}), 'an instance of Promise'],
      [new Error('of two\nlines'), 'an instance of Error'],
      [large, 'an object'],
      [Array(500).fill(1), 'a list of 500'],
      [[1, 'two'], "[ 1, 'two' ]"],
      [{ a: { b: { c: 1 } } }, '{ a: { b: [Object] } }'],
      [() => {}, 'a function'],
      [Symbol('s'), 'Symbol(s)'],
      ['x'.repeat(500), `"${'x'.repeat(59)}…"`],
      ['a\nb', JSON.stringify('a\\nb')],
      [
        {
          get [Symbol.toStringTag]() {
            throw new Error('trap')
          },
        },
        'an object',
      ],
      [
        {
          [inspect.custom]() {
            throw new Error('trap')
          },
        },
        'an object',
      ],
    ] as const) {
      const ends = (message: string) => {
        assert.ok(
          message.endsWith(`, got ${told}`) || (told === 'an object' && /, got \{ .{1,58} \}$/.test(message)),
          message,
        )
        assert.ok(message.length < 200, message)
        assert.equal(message.split('\n').length, 1)
      }
      const refused = (error: unknown) => {
        assert.ok(error instanceof ModuleError)
        assert.equal(error.code, 'EINVAL')
        ends(error.message)
        return true
      }
      for (const option of ['scheme', 'grace', 'lateCalls', 'config'])
        if (option !== 'config' || typeof value !== 'string')
          assert.throws(() => createKernel({ [option]: value }), refused)
      if (typeof value !== 'string') {
        assert.throws(() => createKernel({ modules: value } as never), refused)
        assert.throws(() => kernel.point(value as never), refused)
        await assert.rejects(kernel.insmod(value as never), refused)
        await assert.rejects(kernel.coldplug({ parallel: value as never }), refused)
      }
    }
    for (const none of [new URL('file:///a'), new Map(), Promise.resolve()]) {
      assert.throws(() => createKernel(none as never), { code: 'EINVAL' })
      for (const option of ['params', 'options', 'memory', 'cache', 'signatures', 'control'])
        assert.throws(() => createKernel({ [option]: none } as never), { code: 'EINVAL' }, option)
    }
    createKernel({ params: Object.create(null), options: Object.create(null) })
    const many = 'k'.repeat(500)
    assert.throws(
      () => createKernel({ [many]: 1 } as never),
      (error: Error) => error.message.length < 300,
    )
  })

  it('says EINVAL or ENOENT to names and paths that are none, and harms nothing', async t => {
    const { kernel, file } = stage(t, { 'a#1.ts': 'export {}' })
    for (const bad of [undefined, null, 7, {}, ''] as never[]) {
      await refusal(kernel.insmod(bad), 'EINVAL', 'EINVAL', /needs/)
      await refusal(kernel.modprobe(bad), 'EINVAL', 'EINVAL', /needs/)
      await refusal(kernel.rmmod(bad), 'EINVAL', 'EINVAL', /needs/)
      await refusal(kernel.replace(bad), 'EINVAL', 'EINVAL', /needs/)
      await refusal(kernel.modinfo(bad), 'EINVAL', 'EINVAL', /needs/)
      await refusal(kernel.request(bad), 'EINVAL', 'EINVAL', /needs/)
      await refusal(kernel.why(bad), 'EINVAL', 'EINVAL', /needs/)
      assert.throws(() => kernel.point(bad), { code: 'EINVAL' })
      assert.throws(() => kernel.tryModuleGet(bad), { code: 'EINVAL' })
    }
    assert.throws(() => createKernel(null as never), { code: 'EINVAL' })
    await kernel.insmod(file('a#1.ts'))
    await refusal(kernel.why('a#1'), 'ENOENT', 'ENOENT', 'Image a#1 is not removed yet')
    for (const none of ['a#1#', 'a#1#0', 'a#1#2', 'a#1#x', '#1', 'a##1', '#'])
      await refusal(kernel.why(none), 'ENOENT', 'ENOENT', `Image ${none} is not in memory`)
  })

  it('says EINVAL to options that there are not, which would be ignored in silence', async t => {
    const { kernel } = stage(t, { 'a.ts': 'export {}' })
    await kernel.modprobe('a')
    const bad = { greeting: 'Hi' } as never
    await refusal(
      kernel.replace('a', bad),
      'EINVAL',
      'EINVAL',
      /replace has no option 'greeting'; it has params, grace, with$/,
    )
    await refusal(kernel.rmmod('a', bad), 'EINVAL', 'EINVAL', /rmmod has no option 'greeting'; it has grace, /)
    await refusal(
      kernel.rmmod('a', { signal: 7 as never }),
      'EINVAL',
      'EINVAL',
      /signal must be an AbortSignal, got 7$/,
    )
    await refusal(kernel.modprobe('a', {}, bad), 'EINVAL', 'EINVAL', /has no option/)
    await refusal(kernel.coldplug(bad), 'EINVAL', 'EINVAL', /has no option/)
    await refusal(
      kernel.coldplug({ progress: 5 as never }),
      'EINVAL',
      'EINVAL',
      /coldplug: progress must be a function, got 5$/,
    )
    await refusal(kernel.depmod(undefined, { text: 'no' as never }), 'EINVAL', 'EINVAL', /text must be true or false/)
    await refusal(kernel.rmmod('a', 5 as never), 'EINVAL', 'EINVAL', /options must be an object, got 5/)
  })
})
