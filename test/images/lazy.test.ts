import assert from 'node:assert/strict'
import { renameSync, rmSync, utimesSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Files, type LoadedImage, loadImage, writeFiles } from '../support/image_harness.ts'

/** Files that are written while an image is young may be its own; these must be the next version's. */
const laterOn = async (): Promise<void> => void (await sleep(1100))

type Load = () => unknown

async function loadLazily(files: Files, entry = 'main.mjs'): Promise<LoadedImage & { load: Load }> {
  const loaded = await loadImage(files, entry)
  const { namespace } = loaded
  const load = (namespace.load ?? (namespace.default as Record<string, unknown>).load) as Load
  return { ...loaded, load }
}

/** What an old image still loads after its files changed, by the text that asks for it. */
const OWN: Readonly<Record<string, readonly [entry: string, files: Files]>> = {
  'by import()': [
    'main.mjs',
    {
      'main.mjs': 'export const load = async () => (await import("./lazy.mjs")).v',
      'lazy.mjs': 'export const v = "old"',
    },
  ],
  'by import() with a template without parts': [
    'main.mjs',
    {
      'main.mjs': 'export const load = async () => (await import(`./lazy.mjs`)).v',
      'lazy.mjs': 'export const v = "old"',
    },
  ],
  'by import(), with what that imports': [
    'main.mjs',
    {
      'main.mjs': 'export const load = async () => (await import("./lazy.mjs")).v',
      'lazy.mjs': 'export { v } from "./deep/a.mjs"',
      'deep/a.mjs': 'import c from "../c.cjs"; export const v = c.v',
      'c.cjs': 'exports.v = require("./d").v',
      'd.js': 'exports.v = require("./e.json").v',
      'e.json': '{"v":"old"}',
    },
  ],
  'by import() in a file that was imported itself so': [
    'main.mjs',
    {
      'main.mjs': 'export const load = async () => (await (await import("./lazy.mjs")).next()).v',
      'lazy.mjs': 'export const next = () => import("./last.mjs")',
      'last.mjs': 'export const v = "old"',
    },
  ],
  'by import() of JSON': [
    'main.mjs',
    {
      'main.mjs': 'export const load = async () => (await import("./lazy.json", { with: { type: "json" } })).default.v',
      'lazy.json': '{"v":"old"}',
    },
  ],
  'by import() in TypeScript': [
    'main.ts',
    {
      'main.ts': 'export const load = async (): Promise<string> => (await import("./lazy.ts")).v as string',
      'lazy.ts': 'export const v: string = "old"',
    },
  ],
  'by import() in a file with top-level await': [
    'main.mjs',
    {
      'main.mjs': 'await null; export const load = async () => (await import("./lazy.mjs")).v',
      'lazy.mjs': 'export const v = await "old"',
    },
  ],
  'by import() in CommonJS': [
    'main.cjs',
    { 'main.cjs': 'exports.load = async () => (await import("./lazy.mjs")).v', 'lazy.mjs': 'export const v = "old"' },
  ],
  'by require': [
    'main.cjs',
    {
      'main.cjs': 'exports.load = () => require("./lazy").v',
      'lazy.js': 'exports.v = require("./sub").v',
      'sub/index.js': 'exports.v = "old"',
    },
  ],
  'by require of JSON': [
    'main.cjs',
    { 'main.cjs': 'exports.load = () => require("./lazy.json").v', 'lazy.json': '{"v":"old"}' },
  ],
  'by require of an ES module': [
    'main.cjs',
    {
      'main.cjs': 'exports.load = () => require("./lazy.mjs").v',
      'lazy.mjs': 'export { v } from "./a.mjs"',
      'a.mjs': 'export const v = "old"',
    },
  ],
  'by a require of createRequire': [
    'main.mjs',
    {
      'main.mjs':
        'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); export const load = () => require("./lazy.cjs").v',
      'lazy.cjs': 'exports.v = "old"',
    },
  ],
  'by the name of a package of its own': [
    'main.mjs',
    {
      'main.mjs': 'export const load = async () => (await import("pkg")).default.v',
      'node_modules/pkg/package.json': '{"main":"./lib/main"}',
      'node_modules/pkg/lib/main.js': 'exports.v = require("./a").v',
      'node_modules/pkg/lib/a.js': 'exports.v = "old"',
    },
  ],
  'by a name of package.json': [
    'main.mjs',
    {
      'package.json': '{"imports":{"#lazy":"./lazy.mjs"}}',
      'main.mjs': 'export const load = async () => (await import("#lazy")).v',
      'lazy.mjs': 'export const v = "old"',
    },
  ],
}

const newer = (files: Files): Files =>
  Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, text.replaceAll('old', 'new').replaceAll('lazy', 'gone')]),
  )

describe('an image loads its own version of what it can name', { concurrency: true }, () => {
  for (const [what, [entry, files]] of Object.entries(OWN)) {
    it(`${what}, after the files changed`, async () => {
      const { load, folder } = await loadLazily(files, entry)
      writeFiles(folder, newer(files))
      assert.equal(await load(), 'old')
    })

    it(`${what}, after the files vanished`, async () => {
      const { load, folder } = await loadLazily(files, entry)
      rmSync(folder, { recursive: true })
      assert.equal(await load(), 'old')
    })

    it(`${what}, after it was removed and the files changed`, async () => {
      const { load, folder, image } = await loadLazily(files, entry)
      image.dropTexts()
      writeFiles(folder, newer(files))
      assert.equal(await load(), 'old')
    })
  }

  it('by require of what it has run, after it was removed and the files changed', async () => {
    const files = {
      'main.mjs': `import './ran.mjs'; export { load } from './load.cjs'`,
      'load.cjs': `exports.load = () => require('./ran.mjs').v`,
      'ran.mjs': 'export const v = "old"',
    }
    const { load, folder, image } = await loadLazily(files)
    image.dropTexts()
    writeFiles(folder, newer(files))
    assert.equal(load(), 'old')
  })

  it('and the new image the new one, at the same time', async () => {
    const [entry, files] = OWN['by import()']!
    const first = await loadLazily(files, entry)
    writeFiles(first.folder, { 'lazy.mjs': 'export const v = "new"' })
    const { loadFolder } = await import('../support/image_harness.ts')
    const { namespace } = await loadFolder(first.folder, entry)
    assert.deepEqual([await first.load(), await (namespace.load as Load)()], ['old', 'new'])
  })
})

describe('what cannot be named before the code runs', { concurrency: true }, () => {
  const byName = {
    'main.mjs': 'const name = "lazy"; export const load = async () => (await import("./" + name + ".mjs")).v',
    'lazy.mjs': 'export const v = "old"',
  }
  const required = {
    'main.cjs': 'const name = "lazy"; exports.load = () => require("./" + name).v',
    'lazy.js': 'exports.v = "old"',
  }

  it('is loaded while the files are as they were', async () => {
    const [one, two] = [await loadLazily(byName), await loadLazily(required, 'main.cjs')]
    await laterOn()
    assert.deepEqual([await one.load(), two.load()], ['old', 'old'])
  })

  it('is a clear error when the file changed', async () => {
    const [one, two] = [await loadLazily(byName), await loadLazily(required, 'main.cjs')]
    await laterOn()
    writeFiles(one.folder, { 'lazy.mjs': 'export const v = "new"' })
    writeFiles(two.folder, { 'lazy.js': 'exports.v = "new"' })
    await assert.rejects(one.load() as Promise<unknown>, /Cannot load .*lazy\.mjs: it changed after test#1 was loaded/)
    assert.throws(two.load, /Cannot load .*lazy\.js: it changed after test#1 was loaded/)
  })

  it('is a clear error also when the new file looks older', async () => {
    const { load, folder } = await loadLazily(byName)
    await laterOn()
    writeFiles(folder, { 'lazy.mjs': 'export const v = "new"' })
    utimesSync(join(folder, 'lazy.mjs'), 1, 1)
    await assert.rejects(load() as Promise<unknown>, /it changed after/)
  })

  it('is a clear error when another folder has taken the place of the whole, older than the image', async () => {
    const other = await loadLazily({ ...byName, 'lazy.mjs': 'export const v = "other"' })
    const { load, folder } = await loadLazily(byName)
    await laterOn()
    rmSync(folder, { recursive: true })
    renameSync(other.folder, folder)
    await assert.rejects(load() as Promise<unknown>, /it changed after test#1 was loaded/)
  })

  it('is a clear error when the file vanished', async () => {
    const [one, two] = [await loadLazily(byName), await loadLazily(required, 'main.cjs')]
    rmSync(one.folder, { recursive: true })
    rmSync(two.folder, { recursive: true })
    await assert.rejects(one.load() as Promise<unknown>, { code: 'ERR_MODULE_NOT_FOUND', message: /lazy\.mjs/ })
    assert.throws(two.load, { code: 'MODULE_NOT_FOUND', message: /lazy/ })
  })

  it('once it was loaded is there for ever', async () => {
    const [one, two] = [await loadLazily(byName), await loadLazily(required, 'main.cjs')]
    assert.deepEqual([await one.load(), two.load()], ['old', 'old'])
    rmSync(one.folder, { recursive: true })
    rmSync(two.folder, { recursive: true })
    assert.deepEqual([await one.load(), two.load()], ['old', 'old'])
  })

  it('and was made after the image is refused', async () => {
    const { load, folder } = await loadLazily({
      'main.mjs': 'const name = "./made.mjs"; export const load = () => import(name)',
    })
    await laterOn()
    writeFiles(folder, { 'made.mjs': 'export const v = "new"' })
    await assert.rejects(load() as Promise<unknown>, /it changed after test#1 was loaded/)
  })
})

it('declarations, which comments name for their types, are not read', async () => {
  const { image } = await loadImage({
    'main.mjs': '/** @type {import("./types.d.ts").A} */\nexport const a = 1\n/** @type {import("./more.d.mts")} */',
    'types.d.ts': 'export type A = number',
    'more.d.mts': 'export {}',
    'types.js': '',
  })
  assert.deepEqual(
    image.files.map(file => basename(file)),
    ['main.mjs'],
  )
})
