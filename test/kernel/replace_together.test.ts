import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callAll, loaded, refusal, stage } from '../support/stage.ts'

const low = (symbol: string, word: string): string => `
export const ${symbol} = () => '${word}'
export const exit = () => probe.say('exit low ${word}')
`
const user = (symbol: string, more = ''): string => `
import { ${symbol} } from './low.ts'
export const tag = () => 'user of ' + ${symbol}()
export const init = async k => { k.register('p', () => ${symbol}()); ${more} }
export const exit = () => probe.say('exit user of ' + ${symbol}())
`
const TWO = { 'low.ts': low('word', 'one'), 'user.ts': user('word') }

describe('a replace of several modules', () => {
  it('puts versions that need each other into service in one tick, and unloads those that import first', async t => {
    const { kernel, folder, probe } = stage(t, TWO)
    await kernel.modprobe('user')
    folder.write({ 'low.ts': low('other', 'two'), 'user.ts': user('other') })
    await refusal(
      kernel.replace('low'),
      'ENOEXEC',
      'ENOEXEC',
      /user imports 'word', which the new version does not export/,
    )
    await refusal(kernel.replace('user'), 'ESYMBOL', 'ENOENT', /Unknown symbol 'other' \(imported from low\)/)
    assert.deepEqual(await callAll(kernel, 'p'), ['one'])

    const seen: string[] = []
    const look = () => seen.push([...kernel.point<() => string>('p')].map(entry => entry()).join())
    for (const event of ['coming', 'live', 'going', 'gone'] as const) kernel.on(event, look)
    const report = await kernel.replace('user', { with: ['low'] })
    assert.deepEqual(
      [report, ...report.with!].map(({ module, generation, unloaded }) => [module, generation, unloaded.generation]),
      [
        ['user', 2, 1],
        // The second had been made for the replace that was refused.
        ['low', 3, 1],
      ],
    )
    assert.deepEqual(await callAll(kernel, 'p'), ['two'])
    assert.deepEqual(loaded(kernel), ['low#3 LIVE', 'user#2 LIVE'])
    assert.deepEqual(
      kernel.lsmod().map(({ holders }) => holders),
      [['user'], []],
    )
    assert.deepEqual(probe.said, ['exit user of one', 'exit low one'])
    assert.ok(
      seen.every(word => word === 'one' || word === 'two') && seen.indexOf('two') === seen.lastIndexOf('one') + 1,
    )
  })

  it('takes the old versions apart by what they import, whatever the new ones do', async t => {
    const { kernel, folder, probe } = stage(t, TWO)
    await kernel.modprobe('user')
    folder.write({
      'user.ts': `export const init = k => k.register('p', () => 'alone')`,
      'low.ts': low('other', 'two'),
    })
    await kernel.replace('user', { with: ['low'] })
    assert.deepEqual(probe.said, ['exit user of one', 'exit low one'])
    assert.deepEqual(await callAll(kernel, 'p'), ['alone'])
  })

  it('leaves all as they were when one of them fails', async t => {
    const { kernel, folder, probe } = stage(t, TWO)
    await kernel.modprobe('user')
    folder.write({ 'low.ts': low('other', 'two'), 'user.ts': user('other', `throw new Error('no disk')`) })
    await refusal(kernel.replace('low', { with: ['user'] }), 'EINIT', 'ECANCELED', /no disk/)
    assert.deepEqual(loaded(kernel), ['low#1 LIVE', 'user#1 LIVE'])
    assert.deepEqual(await callAll(kernel, 'p'), ['one'])
    assert.deepEqual(probe.said, [], 'nothing was unloaded')
    folder.write({ 'user.ts': user('other') })
    await kernel.replace('low', { with: ['user'] })
    assert.deepEqual(await callAll(kernel, 'p'), ['two'])
  })

  it('is refused where a third module would lose what it imports, or imports would go round', async t => {
    const { kernel, folder } = stage(t, {
      ...TWO,
      'third.ts': `import { word } from './low.ts'\nimport { tag } from './user.ts'\nexport const init = k => k.register('p', () => word() + ', ' + tag())`,
    })
    await kernel.modprobe('user')
    await kernel.modprobe('third')
    folder.write({ 'low.ts': low('other', 'two'), 'user.ts': user('other') })
    const together = () => kernel.replace('low', { with: ['user'] })
    await refusal(together(), 'ENOEXEC', 'ENOEXEC', /third imports 'word'/)
    folder.write({ 'low.ts': `import './third.ts'\n${low('word', 'two')}`, 'user.ts': user('word') })
    await refusal(together(), 'ELOOP', 'ELOOP', /low.*third.*low/)
    folder.write({ 'low.ts': `import './user.ts'\n${low('word', 'two')}` })
    await refusal(together(), 'ELOOP', 'ELOOP', /low.*user.*low|user.*low.*user/)
    assert.deepEqual(loaded(kernel), ['low#1 LIVE', 'user#1 LIVE', 'third#1 LIVE'])
    folder.write({ 'low.ts': low('word', 'two') })
    await together()
    assert.deepEqual(await callAll(kernel, 'p'), ['two', 'two, user of two'])
  })

  it('lets a call in flight end in the old versions, which go on with each other', async t => {
    const { kernel, folder, probe } = stage(t, {
      'low.ts': low('word', 'one'),
      'user.ts': `import { word } from './low.ts'\nexport const init = k => k.register('p', async () => { await probe.door('call'); return word() })`,
    })
    await kernel.modprobe('user')
    const call = callAll(kernel, 'p')
    await probe.reached('call')
    folder.write({ 'low.ts': low('other', 'two'), 'user.ts': user('other') })
    const replacing = kernel.replace('low', { with: ['user'] })
    while (kernel.lsmod()[0]!.generation === 1) await new Promise(setImmediate)
    assert.deepEqual(await callAll(kernel, 'p'), ['two'])
    probe.open('call')
    assert.deepEqual(await call, ['one'])
    const report = await replacing
    assert.deepEqual([report.unloaded.drained, report.with![0]!.unloaded.callsInFlight], [true, 1])
  })

  it('of a module that is not there, or is being replaced, touches none', async t => {
    const { kernel, folder, probe } = stage(t, TWO)
    await kernel.modprobe('user')
    await refusal(kernel.replace('low', { with: ['nobody'] }), 'ENOENT', 'ENOENT', /nobody is not currently loaded/)
    folder.write({ 'user.ts': user('word', `await probe.door('init')`) })
    const other = kernel.replace('user')
    await probe.reached('init')
    await refusal(kernel.replace('low', { with: ['user'] }), 'ENOTLIVE', 'EBUSY', /user/)
    probe.open('init')
    await other
    assert.deepEqual(loaded(kernel), ['low#1 LIVE', 'user#2 LIVE'])
    const wrong = { with: 'user' } as unknown as { with: string[] }
    await refusal(
      kernel.replace('low', wrong),
      'EINVAL',
      'EINVAL',
      /: replace: with must be a list of names, got "user"$/,
    )
  })
})
