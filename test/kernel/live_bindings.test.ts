import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { latch } from '../support/latch.ts'
import { callAll, loaded, refusal, stage } from '../support/stage.ts'

/** `import`s of every kind, all of one module. */
const IMPORTERS = {
  'named.ts': `import { value, get as read } from './db.ts'
    export const init = k => k.register('p', () => 'named ' + value + read())`,
  'namespace.ts': `import * as db from './db.ts'
    export const init = k => k.register('p', () => 'namespace ' + db.value + db.get())`,
  'defaults.ts': `import db, { value } from './db.ts'
    export const init = k => k.register('p', () => 'default ' + db + value)`,
  'lazy.ts': `export const init = k => k.register('p', async () => { const db = await import('./db.ts'); return 'lazy ' + db.value + db.get() })`,
}
const db = (n: number): string => `export let value = ${n}
  export const get = () => value
  export default ${n}
  export const init = k => k.register('bump', () => value++)`
const expected = (n: number, fixed = n): string[] => [
  `named ${n}${n}`,
  `namespace ${n}${n}`,
  `default ${fixed}${n}`,
  `lazy ${n}${n}`,
]

describe('live bindings', () => {
  it('between modules follow an assignment, and a replace', async t => {
    const { kernel, folder } = stage(t, { ...IMPORTERS, 'db.ts': db(1) })
    for (const name of ['named', 'namespace', 'defaults']) await kernel.modprobe(name)
    await kernel.modprobe('lazy')
    assert.deepEqual(await callAll(kernel, 'p'), expected(1))
    await callAll(kernel, 'bump')
    assert.deepEqual(await callAll(kernel, 'p'), expected(2, 1))
    folder.write({ 'db.ts': db(7) })
    await kernel.replace('db')
    assert.deepEqual(await callAll(kernel, 'p'), expected(7))
    await callAll(kernel, 'bump')
    assert.deepEqual(await callAll(kernel, 'p'), expected(8, 7))
    folder.write({ 'db.ts': db(20) })
    await kernel.replace('db')
    assert.deepEqual(await callAll(kernel, 'p'), expected(20))
    assert.deepEqual(kernel.lsmod().find(({ name }) => name === 'db')!.holders, [
      'defaults',
      'lazy',
      'named',
      'namespace',
    ])
  })

  it('go through re-exports of every kind', async t => {
    const { kernel, folder } = stage(t, {
      'db.ts': db(1),
      'named.ts': `export { value as renamed } from './db.ts'`,
      'star.ts': `export * from './db.ts'`,
      'space.ts': `export * as db from './db.ts'`,
      'twice.ts': `export { renamed as again } from './named.ts'`,
      'indirect.ts': `import { value } from './db.ts'\nexport { value }`,
      'top.ts': `import { again } from './twice.ts'
        import { value } from './star.ts'
        import { db } from './space.ts'
        import * as named from './named.ts'
        import { value as indirect } from './indirect.ts'
        export const init = k => k.register('p', () => [again, value, db.value, named.renamed, indirect].join())`,
    })
    await kernel.modprobe('top')
    assert.deepEqual(await callAll(kernel, 'p'), ['1,1,1,1,1'])
    folder.write({ 'db.ts': db(2) })
    await kernel.replace('db')
    assert.deepEqual(await callAll(kernel, 'p'), ['2,2,2,2,2'])
    await callAll(kernel, 'bump')
    assert.deepEqual(await callAll(kernel, 'p'), ['3,3,3,3,3'])
    await kernel.replace('named')
    await kernel.replace('star')
    assert.deepEqual(await callAll(kernel, 'p'), ['3,3,3,3,3'])
  })

  it('reach the other files of an importing folder', async t => {
    const { kernel, folder } = stage(t, {
      'db.ts': db(1),
      'app/package.json': '{ "name": "app", "main": "main.ts" }',
      'app/main.ts': `import { read } from './lib/read.ts'\nexport const init = k => k.register('p', read)`,
      'app/lib/read.ts': `import { value } from '../../db.ts'\nexport const read = () => value`,
    })
    await kernel.modprobe('app')
    folder.write({ 'db.ts': db(2) })
    await kernel.replace('db')
    assert.deepEqual(await callAll(kernel, 'p'), [2])
  })

  it('lost by way of a re-export make the replace fail, and nothing has changed', async t => {
    const { kernel, folder } = stage(t, {
      'db.ts': db(1),
      'star.ts': `export * from './db.ts'`,
      'first.ts': `import { get } from './db.ts'\nexport const init = k => k.register('p', () => get())`,
      'top.ts': `import { value } from './star.ts'\nexport const init = k => k.register('p', () => value)`,
    })
    await kernel.modprobe('first')
    await kernel.modprobe('top')
    folder.write({ 'db.ts': 'export const get = () => 2' })
    const error = await refusal(
      kernel.replace('db'),
      'ENOEXEC',
      'ENOEXEC',
      `could not replace module db: top imports 'value', which the new version does not export`,
    )
    assert.deepEqual([error.data.importer, error.data.symbol], ['top', 'value'])
    assert.deepEqual(await callAll(kernel, 'p'), [1, 1])
    await callAll(kernel, 'bump')
    assert.deepEqual(await callAll(kernel, 'p'), [2, 2])
  })

  it('that nobody uses may go', async t => {
    const { kernel, folder } = stage(t, {
      'db.ts': db(1),
      'top.ts': `import { value } from './db.ts'\nexport const init = k => k.register('p', () => value)`,
    })
    await kernel.modprobe('top')
    folder.write({ 'db.ts': 'export const value = 5' })
    await kernel.replace('db')
    assert.deepEqual(await callAll(kernel, 'p'), [5])
  })

  it('go on for the others while a call is in flight in an importer that was cut off', async t => {
    const slow = `import { value } from './db.ts'
      export const init = k => k.register('slow', async until => { await until; return value })`
    const { kernel } = stage(t, { ...IMPORTERS, 'slow.ts': slow, 'db.ts': db(1) }, { grace: 0 })
    await kernel.modprobe('slow')
    await kernel.modprobe('named')
    const until = latch()
    const [call] = [...kernel.point<(until: Promise<void>) => Promise<number>>('slow')].map(each => each(until.opened))
    const refused = assert.rejects(call!, { code: 'ESTALE' })
    await kernel.rmmod('slow')
    await kernel.reclaim('slow#1')
    assert.deepEqual(await callAll(kernel, 'bump'), [1])
    assert.deepEqual(await callAll(kernel, 'p'), ['named 22'])
    until.open()
    await refused
  })

  it('cannot be assigned to by the importer', async t => {
    const { kernel, file } = stage(t, {
      'db.ts': db(1),
      'top.ts': `import { value } from './db.ts'\nexport const init = () => { value = 2 }`,
    })
    await kernel.insmod(file('db.ts'))
    await refusal(kernel.insmod(file('top.ts')), 'EINIT', 'ECANCELED', /Assignment to constant variable/)
  })

  it('of a module that is replaced while its importer is being loaded are those of the new version', async t => {
    const { kernel, folder, probe } = stage(t, {
      'db.ts': db(1),
      'top.ts': `import { value } from './db.ts'
        export const init = async k => { await probe.door('init'); k.register('p', () => value) }`,
    })
    await kernel.modprobe('db')
    const loading = kernel.modprobe('top')
    await probe.reached('init')
    folder.write({ 'db.ts': db(2) })
    await kernel.replace('db')
    probe.open('init')
    await loading
    assert.deepEqual(await callAll(kernel, 'p'), [2])
    assert.deepEqual(loaded(kernel), ['db#2 LIVE', 'top#1 LIVE'])
  })

  it('of an importer are its own after it is replaced itself', async t => {
    const { kernel, folder } = stage(t, {
      'db.ts': db(1),
      'top.ts': `import { value } from './db.ts'\nexport const init = k => k.register('p', () => value)`,
    })
    await kernel.modprobe('top')
    folder.write({ 'top.ts': 'export {}' })
    await kernel.replace('top')
    assert.deepEqual(kernel.lsmod().find(({ name }) => name === 'db')!.holders, [])
    await kernel.rmmod('db')
    assert.deepEqual(loaded(kernel), ['top#2 LIVE'])
  })
})

describe('export * from another module', () => {
  it("passes symbols on, but not the other's init, exit and handoff", async t => {
    const { kernel, probe } = stage(t, {
      'db.ts': `export const value = 1
        export const init = () => probe.say('init db')
        export const exit = () => probe.say('exit db')
        export const handoff = () => probe.say('handoff db')`,
      'mid.ts': `export * from './db.ts'`,
      'top.ts': `export * from './mid.ts'`,
      'user.ts': `import { value } from './top.ts'\nexport const init = () => probe.say('value ' + value)`,
    })
    await kernel.modprobe('user')
    assert.deepEqual(probe.take(), ['init db', 'value 1'])
    await kernel.replace('top')
    await kernel.rmmod('user')
    await kernel.rmmod('top')
    assert.deepEqual(probe.take(), [])
    await kernel.rmmod('mid')
    await kernel.rmmod('db')
    assert.deepEqual(probe.take(), ['exit db'])
  })

  it('of an own file passes these on too', async t => {
    const { kernel, file, probe } = stage(t, {
      'a.ts': `export * from './parts/hooks.ts'`,
      'parts/hooks.ts': `export const init = () => probe.say('init')\nexport const exit = () => probe.say('exit')`,
    })
    await kernel.insmod(file('a.ts'))
    await kernel.rmmod('a')
    assert.deepEqual(probe.said, ['init', 'exit'])
  })
})
