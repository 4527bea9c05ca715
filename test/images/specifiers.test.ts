import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { errorOf, type Files, loadImage, sameAsNative } from '../support/image_harness.ts'

const PACKAGE: Files = {
  'node_modules/p/package.json': '{"exports":{".":"./index.js","./gone":"./gone.js"}}',
  'node_modules/p/index.js': '',
}

describe('16.2.1.10 FinishLoadingImportedModule: an import() that leads nowhere has the code that Node gives it', () => {
  const attempt = (specifiers: readonly string[]): string => `
export const seen = []
for (const specifier of ${JSON.stringify(specifiers)})
  try { await import(specifier); seen.push(specifier) } catch (error) { seen.push([specifier, error.name, error.code, error instanceof SyntaxError]) }`

  it('for packages, paths and builtins', async () => {
    const specifiers = [
      './no.mjs',
      'no',
      'p/no',
      'p/gone',
      'plain/folder',
      'plain/empty/',
      '#no',
      './p',
      '.',
      'node:no',
      'https://no/',
      '',
      './deep.mjs',
    ]
    const files = {
      ...PACKAGE,
      'node_modules/plain/folder/index.js': '',
      'node_modules/plain/empty/package.json': '{}',
      'package.json': '{}',
      'p/index.js': '',
      'deep.mjs': 'import "no"',
    }
    const namespace = await sameAsNative({ ...files, 'main.mjs': attempt(specifiers) })
    assert.equal((namespace as { seen: unknown[] }).seen.length, specifiers.length)
  })

  it('for packages says what Node says of them', async () => {
    const specifiers = [
      'no',
      '@scope/no/file.js',
      'p/no',
      'p/gone',
      'p/badly',
      'unnamed',
      'empty',
      'lost',
      'empty/lib/no.js',
      '@scope/types',
      '#no',
      '#gone',
    ]
    const { seen } = (await sameAsNative({
      'package.json': '{"imports":{"#gone":"./gone.js"}}',
      'node_modules/p/package.json': '{"exports":{"./gone":"./gone.js","./badly":"../gone.js"}}',
      'node_modules/unnamed/package.json': '{"types":"index.d.ts"}',
      'node_modules/empty/readme.md': '',
      'node_modules/lost/package.json': '{"main":"./lib/lost.js"}',
      'node_modules/@scope/types/package.json': '{}',
      'main.mjs': `
const folder = new URL('.', import.meta.url).pathname
export const seen = []
for (const specifier of ${JSON.stringify(['p', ...specifiers])})
  try { await import(specifier) } catch (error) { seen.push(error.code + ' ' + error.message.replaceAll(folder, '')) }`,
    })) as { seen: string[] }
    assert.equal(seen.length, 1 + specifiers.length)
  })

  it('for files of a kind that nobody imports', async () => {
    await sameAsNative({
      'main.mjs': attempt(['./text.txt', './style.css', './plain']),
      'text.txt': 'text',
      'style.css': '',
      plain: '',
    })
    const error = await errorOf({ 'main.mjs': '\nimport "./text.txt"', 'text.txt': '' })
    assert.match(error.message, /^Unknown file extension "\.txt" for .*text\.txt$/)
  })

  it('for attributes', async () => {
    const { namespace } = await loadImage({
      'main.mjs': `
export const codes = []
const attempt = (file, attributes) => import(file, { with: attributes }).catch(error => codes.push(error.code))
await attempt('./data.json', {})
await attempt('./main.mjs', { type: 'json' })
await attempt('./main.mjs', { type: 'css' })
await attempt('./main.mjs', { other: 'json' })`,
      'data.json': '{}',
    })
    assert.deepEqual(namespace.codes, [
      'ERR_IMPORT_ATTRIBUTE_MISSING',
      'ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE',
      'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED',
      'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED',
    ])
    const error = await errorOf({ 'main.mjs': 'import data from "./data.json"', 'data.json': '{}' })
    assert.match(error.message, /^Module "file:\/\/.*\/data\.json" needs an import attribute of "type: json"$/)
  })
})

describe('13.3.12 import.meta.resolve', () => {
  it('gives the URL of a path whether or not a file is there, and refuses packages that are not', async () => {
    const asked = [
      './main.mjs',
      './main.mjs?q#h',
      './no.mjs',
      './a%20b',
      '.',
      './',
      '../up',
      '/abs',
      'file:///x',
      'https://x/y',
      'fs',
      'node:fs',
      'node:no',
      'p',
      'no',
      'p/no',
      '#no',
      'data:text/javascript,1',
    ]
    await sameAsNative({
      ...PACKAGE,
      'package.json': '{}',
      'main.mjs': `
const here = new URL('..', import.meta.url).href
const name = new URL('.', import.meta.url).href.slice(here.length)
const resolve = specifier => { try { return import.meta.resolve(specifier).replace(here + name, 'HERE').replace(here, 'UP') } catch (error) { return error.code } }
export const urls = ${JSON.stringify(asked)}.map(resolve)`,
    })
  })
})

describe('what an author is shown', () => {
  it('of a default export in its temporal dead zone is its name', async () => {
    const { namespace } = await loadImage({
      'main.mjs': 'import { seen } from "./other.mjs"; export default 1; export { seen }',
      'other.mjs':
        'import * as main from "./main.mjs"; export let seen; try { main.default } catch (error) { seen = error.message }',
    })
    assert.equal(namespace.seen, "Cannot access 'default' before initialization")
  })

  it('of JSON that is none is the file', async () => {
    const { namespace } = await loadImage({
      'main.mjs':
        'export const seen = await import("./data.json", { with: { type: "json" } }).catch(error => [error.name, error.message])',
      'data.json': '{',
    })
    assert.deepEqual((namespace.seen as string[])[0], 'SyntaxError')
    assert.match((namespace.seen as string[])[1]!, /^\/.*data\.json: /)
  })

  it('of the namespace of a CommonJS file and of JSON are its values', async () => {
    const { namespace } = await loadImage({
      'main.mjs': `
import * as common from './common.cjs'
import * as data from './data.json' with { type: 'json' }
export const seen = [common, data]`,
      'common.cjs': 'exports.name = 1',
      'data.json': '{"a":2}',
    })
    const [common, data] = (namespace.seen as object[]).map(value => inspect(value, { breakLength: 200 }))
    assert.match(common!, /name: 1/)
    assert.match(data!, /default: \{ a: 2 \}/)
  })
})
