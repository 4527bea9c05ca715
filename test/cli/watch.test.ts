import assert from 'node:assert/strict'
import { renameSync, symlinkSync } from 'node:fs'
import { describe, it } from 'node:test'
import { startHost } from '../support/command.ts'
import { Folder } from '../support/folder.ts'

const route = (text: string): string =>
  `export const init = k => k.register('http.route', { method: 'GET', url: '/a', handler: () => '${text}' })\n`

const bodyOf = async (url: string): Promise<string> => (await fetch(url)).text()

describe('outlive run --watch', () => {
  it('replaces a module when its file changes, and keeps the old one when the new one fails', async t => {
    const host = await startHost(t, { 'a.ts': route('one') }, { words: ['--watch'] })
    host.folder.write({ 'a.ts': route('two') })
    await host.says(/\+ a#2 live$/)
    await host.says(/- a#1 gone$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')

    host.folder.write({ 'a.ts': `${route('three')}export const oops = ;\n` })
    await host.complains(
      /x a: could not insert module .*a\.ts: Expression expected at .*a\.ts:2:21; a#2 keeps serving$/,
    )
    await host.complains(/^> 2 \| export const oops = ;$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')

    host.folder.write({ 'a.ts': `export const init = () => { throw new Error('boom') }\n` })
    await host.complains(/x a: could not insert module .*a\.ts: boom at .*; a#2 keeps serving$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')

    host.folder.write({ 'a.ts': route('four') })
    await host.says(/\+ a#\d+ live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'four')
  })

  it('looks at the source files of a folder, at files that modules import, and at the module itself', async t => {
    const host = await startHost(
      t,
      {
        'f/package.json': '{ "name": "f", "main": "main.ts" }',
        'f/main.ts': `import { word } from './lib/word.ts'\nexport const init = k => k.register('http.route', { method: 'GET', url: '/f', handler: () => word })\n`,
        'f/lib/word.ts': `export const word: string = 'one'\n`,
        'shared/own.ts': `export const own = 'own one'\n`,
        'single.ts': `import { own } from './shared/own.ts'\nexport const init = k => k.register('http.route', { method: 'GET', url: '/s', handler: () => own })\n`,
      },
      { words: ['--watch'] },
    )
    host.folder.write({ 'f/lib/word.ts': `export const word: string = 'two'\n` })
    await host.says(/\+ f#2 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'two')
    host.folder.write({ 'shared/own.ts': `export const own = 'own two'\n` })
    await host.says(/\+ single#2 live$/)
    assert.equal(await bodyOf(`${host.url}/s`), 'own two')
  })

  it('looks at packages and at files outside that modules were made of, and not at data that they write, in a hidden folder too', async t => {
    const manifest = '{ "name": "f", "type": "module", "main": "main.js" }'
    const dependency = (word: string) => ({
      '.plugins/f/node_modules/dep/package.json': '{ "name": "dep", "type": "module", "exports": "./index.js" }',
      '.plugins/f/node_modules/dep/index.js': `export const word = '${word}'\n`,
    })
    const folder = new Folder({
      '.plugins/f/package.json': manifest,
      '.plugins/f/main.js': `
        import { writeFileSync } from 'node:fs'
        import { word } from 'dep'
        import settings from './settings.json' with { type: 'json' }
        export function init(k) {
          writeFileSync(new URL('state.json', import.meta.url), String(Date.now()))
          k.register('http.route', { method: 'GET', url: '/f', handler: () => word + settings.end })
        }
      `,
      '.plugins/f/settings.json': '{ "end": "." }',
      ...dependency('one'),
      '.plugins/single.js': `export { init } from '../outside.js'\n`,
      'outside.js': route('one'),
    })
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('.plugins'), '--watch'] })
    folder.write({ 'outside.js': route('two') })
    await host.says(/\+ single#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')
    folder.write(dependency('two'))
    await host.says(/\+ f#2 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'two.')
    folder.write({ '.plugins/f/settings.json': '{ "end": "!" }' })
    await host.says(/\+ f#3 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'two!')
    folder.write({ '.plugins/f/node_modules/.package-lock.json': '{}' })
    await host.says(/\+ f#4 live$/)

    folder.write({ '.plugins/f/state.json': '{}', '.plugins/f/node_modules/dep/unread.js': '' })
    folder.write({ 'outside.js': route('three') })
    await host.says(/\+ single#3 live$/)
    assert.ok(!host.out.some(line => line.includes('f#5')), 'data and what was not loaded count for nothing')
  })

  it('sees a change that comes before the file is watched', async t => {
    const changing = (file: string, word: string) => `
      import { writeFileSync } from 'node:fs'
      import { word } from '${file}'
      export function init(k) {
        if (word === 'one') setImmediate(() => writeFileSync(new URL('${file}', import.meta.url), "export const word = '${word}'"))
        k.register('http.route', { method: 'GET', url: '/' + word, handler: () => word })
      }
    `
    const folder = new Folder({
      'plugins/a.js': changing('../outside.js', 'two'),
      'plugins/b.js': changing('./lib/inside.js', 'three'),
      'plugins/lib/inside.js': `export const word = 'one'\n`,
      'outside.js': `export const word = 'one'\n`,
    })
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('plugins'), '--watch'] })
    // It may be seen before the host says that it is ready, and either may come first.
    const said = async (line: RegExp) => host.out.some(text => line.test(text)) || (await host.says(line))
    await said(/\+ a#2 live$/)
    assert.equal(await bodyOf(`${host.url}/two`), 'two')
    await said(/\+ b#2 live$/)
    assert.equal(await bodyOf(`${host.url}/three`), 'three')
  })

  it('goes on with a folder of modules that was moved away, came back, or is another one now', async t => {
    const folder = new Folder({
      'plugins/a.ts': route('one'),
      'plugins/lib/word.ts': '',
      'next/a.ts': route('two'),
      'next/b.ts': 'export const b = 1\n',
    })
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('plugins'), '--watch'] })
    renameSync(folder.file('plugins'), folder.file('old'))
    renameSync(folder.file('next'), folder.file('plugins'))
    await host.says(/\+ b#1 live$/)
    folder.write({ 'plugins/a.ts': route('three') })
    for (let body = ''; body !== 'three'; body = await bodyOf(`${host.url}/a`)) await host.says(/\+ a#\d+ live$/)

    renameSync(folder.file('plugins'), folder.file('away'))
    await host.says(/- b#1 gone$/)
    renameSync(folder.file('away'), folder.file('plugins'))
    await host.says(/\+ b#2 live$/)
    folder.write({ 'plugins/a.ts': route('four') })
    for (let body = ''; body !== 'four'; body = await bodyOf(`${host.url}/a`)) await host.says(/\+ a#\d+ live$/)
  })

  it('follows a link to the folder of modules, or above it, that leads to another one by now', async t => {
    const folder = new Folder({
      'releases/1/plugins/a.ts': route('one'),
      'releases/2/plugins/a.ts': route('two'),
      'releases/2/plugins/b.ts': 'export const b = 1\n',
    })
    symlinkSync('releases/1', folder.file('current'))
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('current/plugins'), '--watch'] })
    symlinkSync('releases/2', folder.file('new'))
    renameSync(folder.file('new'), folder.file('current'))
    await host.says(/\+ a#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'two')
    folder.write({ 'releases/2/plugins/a.ts': route('three') })
    await host.says(/\+ a#3 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'three')
  })

  it('sees what is new, and a package.json that changes alone, also where the folder of modules is a link, before and after that leads elsewhere', async t => {
    const manifest = (main: string): string => JSON.stringify({ name: 'f', main })
    const folder = new Folder({
      'releases/1/f/package.json': manifest('away.ts'),
      'releases/2/f/package.json': manifest('main.ts'),
      ...Object.fromEntries(
        [1, 2].flatMap(version =>
          ['main', 'other'].map(name => [`releases/${version}/f/${name}.ts`, route(`${name} ${version}`)]),
        ),
      ),
    })
    symlinkSync('releases/1', folder.file('plugins'))
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('plugins'), '--watch'] })
    folder.write({ 'releases/1/f/package.json': manifest('main.ts') })
    await host.says(/\+ f#1 live$/)
    folder.write({ 'releases/1/f/package.json': manifest('other.ts') })
    await host.says(/\+ f#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'other 1')
    symlinkSync('releases/2', folder.file('link'))
    renameSync(folder.file('link'), folder.file('plugins'))
    await host.says(/\+ f#3 live$/)
    folder.write({ 'releases/2/new.ts': 'export const a = 1\n' })
    await host.says(/\+ new#1 live$/)
    folder.write({ 'releases/2/f/package.json': manifest('other.ts') })
    await host.says(/\+ f#4 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'other 2')
    folder.write({ 'releases/2/f/package.json': '{ "name": "g", "main": "main.ts" }' })
    await host.says(/\+ g#1 live$/)
    assert.deepEqual(
      (JSON.parse((await host.run('lsmod', '--json')).stdout) as { name: string }[]).map(({ name }) => name).sort(),
      ['g', 'new'],
      'a module whose package has another name is under that alone',
    )
  })

  it('removes modules that import from each other, whichever file is gone first', async t => {
    const host = await startHost(
      t,
      { 'low.ts': 'export const low = 1\n', 'high.ts': `export { low as high } from './low.ts'\n` },
      { words: ['--watch'] },
    )
    host.folder.remove('low.ts')
    await host.complains(/x low: Module low is in use by: high; low#1 keeps serving$/)
    host.folder.remove('high.ts')
    await host.says(/- low#1 gone$/)
  })

  it('inserts a new module and removes one whose file is deleted', async t => {
    const host = await startHost(t, {}, { words: ['--watch'] })
    host.folder.write({ 'a.ts': route('new') })
    await host.says(/\+ a#1 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'new')
    host.folder.remove('a.ts')
    await host.says(/- a#1 gone$/)
    assert.equal((await fetch(`${host.url}/a`)).status, 404)
    host.folder.write({ 'g/package.json': '{ "name": "g", "main": "main.ts" }', 'g/main.ts': route('folder') })
    await host.says(/\+ g#1 live$/)
    host.folder.remove('g')
    await host.says(/- g#1 gone$/)
    host.folder.write({ 'notes.txt': 'no module', 'draft.ts~': 'no module' })
    host.folder.write({ 'b.js': route('b') })
    await host.says(/\+ b#1 live$/)
    renameSync(host.file('b.js'), host.file('b.ts'))
    await host.says(/\+ b#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'b')
    assert.deepEqual(host.err, [])

    host.folder.write({ 'draft.txt': 'export const = 1\n' })
    host.folder.remove('b.ts')
    renameSync(host.file('draft.txt'), host.file('b.mts'))
    const problem = await host.complains(/^.* x b: could not insert module .*b\.mts: .*$/)
    assert.doesNotMatch(problem[0], /keeps serving/)
  })

  it('follows links that lead elsewhere, to files and to folders, and removes what a link no longer names', async t => {
    const folder = new Folder({
      'files/a.ts': route('file one'),
      'files/a2.ts': route('file two'),
      'one/package.json': '{ "name": "f", "main": "main.ts" }',
      'one/main.ts': route('folder one').replace('/a', '/f'),
      'two/package.json': '{ "name": "f", "main": "main.ts" }',
      'two/main.ts': route('folder two').replace('/a', '/f'),
      'plugins/.keep': '',
    })
    const link = (to: string, at: string): void => {
      symlinkSync(to, folder.file('link'))
      renameSync(folder.file('link'), folder.file(at))
    }
    link('../files/a.ts', 'plugins/a.ts')
    link('../one', 'plugins/f')
    const host = await startHost(t, {}, { folder, words: ['--modules', folder.file('plugins'), '--watch'] })
    link('../files/a2.ts', 'plugins/a.ts')
    await host.says(/\+ a#2 live$/)
    assert.equal(await bodyOf(`${host.url}/a`), 'file two')
    link('../two', 'plugins/f')
    await host.says(/\+ f#2 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'folder two')
    folder.write({ 'two/main.ts': route('folder three').replace('/a', '/f') })
    await host.says(/\+ f#3 live$/)
    assert.equal(await bodyOf(`${host.url}/f`), 'folder three')
    folder.remove('plugins/f')
    await host.says(/- f#3 gone$/)
    folder.remove('plugins/a.ts')
    await host.says(/- a#2 gone$/)
    assert.deepEqual(host.err, [])
  })

  it('replaces together what has changed a name between them, and tells what is wrong with that', async t => {
    const low = (name: string, word: string) => `export const ${name} = '${word}'\n`
    const user = (name: string, more = '') =>
      `import { ${name} } from './low.ts'\nexport const init = k => { k.register('http.route', { method: 'GET', url: '/u', handler: () => ${name} });${more} }\n`
    const host = await startHost(t, { 'low.ts': low('word', 'one'), 'user.ts': user('word') }, { words: ['--watch'] })
    host.folder.write({ 'low.ts': low('other', 'two'), 'user.ts': user('other') })
    await host.says(/- low#1 gone$/)
    assert.equal(await bodyOf(`${host.url}/u`), 'two')
    assert.deepEqual(host.err, [], 'what is over soon is not told')

    host.folder.write({ 'low.ts': low('third', 'three') })
    await host.complains(/x low: .*user imports 'other', which the new version does not export; low#\d+ keeps serving$/)
    host.folder.write({ 'user.ts': user('third', ` throw new Error('no disk')`) })
    await host.complains(
      /x .*could not insert module .*user\.ts: no disk at .*; the versions that served keep serving$/,
    )
    assert.equal(await bodyOf(`${host.url}/u`), 'two')
    host.folder.write({ 'user.ts': user('third') })
    await host.says(/\+ user#\d+ live$/)
    assert.equal(await bodyOf(`${host.url}/u`), 'three')
  })

  it('gives importers the new version, and tries again what failed for want of it', async t => {
    const user = (name: string) =>
      `import { ${name} } from './low.ts'\nexport const init = k => k.register('http.route', { method: 'GET', url: '/u', handler: () => ${name} })\n`
    const host = await startHost(
      t,
      { 'low.ts': `export const word = 'one'\n`, 'user.ts': user('word') },
      { words: ['--watch'] },
    )
    host.folder.write({ 'low.ts': `export const word = 'two'\n` })
    await host.says(/\+ low#2 live$/)
    assert.equal(await bodyOf(`${host.url}/u`), 'two')

    host.folder.write({ 'user.ts': user('other') })
    await host.complains(/x user: .*Unknown symbol 'other' \(imported from low\).*; user#1 keeps serving$/)
    host.folder.write({ 'low.ts': `export const word = 'two'\nexport const other = 'three'\n` })
    await host.says(/\+ low#3 live$/)
    await host.says(/\+ user#\d+ live$/)
    assert.equal(await bodyOf(`${host.url}/u`), 'three')

    host.folder.write({ 'user.ts': `import './fresh.ts'\n${user('other')}` })
    await host.complains(/x user: /)
    assert.equal(host.err.filter(line => line.includes(`symbol 'other'`)).length, 1, 'said once')
    host.folder.write({ 'fresh.ts': 'export {}\n' })
    await host.says(/\+ fresh#1 live$/)
    await host.says(/\+ user#\d+ live$/)
  })
})
