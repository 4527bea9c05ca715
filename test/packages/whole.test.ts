import assert from 'node:assert/strict'
import { cpSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createKernel } from 'outlive'
import { reportOf } from '../check/command.ts'
import { Folder } from '../support/folder.ts'
import { collectUntil } from '../support/gc.ts'
import { root } from '../support/paths.ts'
import { callAll } from '../support/stage.ts'

const require = createRequire(import.meta.url)

/** What stays in the realm is seen in any scheme and after few cycles. */
const BRIEFLY = ['--scheme', 'collect', '--cycles', '6']

/** A module folder with packages in its own node_modules, as they were installed. */
function moduleWith(t: TestContext, index: string, packages: readonly string[]): string {
  const folder = new Folder({ 'package.json': '{"name":"user","type":"module","main":"index.js"}', 'index.js': index })
  t.after(() => folder.remove())
  for (const name of packages)
    cpSync(join(root, 'node_modules', name), folder.file(`node_modules/${name}`), {
      recursive: true,
      dereference: true,
    })
  return folder.path
}

/** A package with a prebuilt addon for this machine: one of Rollup's. */
function prebuilt(): { name: string; file: string } {
  for (const folder of readdirSync(join(root, 'node_modules', '@rollup'))) {
    const file = readdirSync(join(root, 'node_modules', '@rollup', folder)).find(entry => entry.endsWith('.node'))
    if (file !== undefined) return { name: `@rollup/${folder}`, file }
  }
  throw new Error('Rollup has no addon for this machine')
}

describe('a package with a native addon', () => {
  it('is unloaded but for the addon, which is loaded once and named in the report', async t => {
    const { name, file } = prebuilt()
    const index = `
import { createRequire } from 'node:module'
const addon = createRequire(import.meta.url)('${name}')
export const init = k => void k.register('hash', text => addon.xxhashBase16(Buffer.from(text)))
`
    const folder = moduleWith(t, index, [name])
    const kernel = createKernel({ cache: false })
    t.after(() => kernel.close())
    const loads: unknown[] = []
    const answers = new Set<unknown>()
    for (let load = 0; load < 3; load++) {
      await kernel.insmod(folder)
      for (const answer of await callAll(kernel, 'hash', 'a')) answers.add(answer)
      const { leftovers } = await kernel.rmmod('user')
      loads.push(...leftovers)
    }
    const path = join(folder, 'node_modules', name, file)
    const named = {
      kind: 'addon',
      where: `${join(folder, 'index.js')}:3:45`,
      closed: false,
      what: `native addon ${path}`,
    }
    assert.deepEqual(loads, [named, named, named])
    const told = [...kernel.log].filter(({ text }) => text.includes('left behind'))
    assert.deepEqual(
      told.map(({ level, text }) => `${level} ${text}`),
      Array(3).fill(`info left behind: addon from ${named.where}, which nothing can unload`),
    )
    assert.equal(answers.size, 1)
    assert.equal([...answers][0], require(path).xxhashBase16(Buffer.from('a')))
    assert.ok(await collectUntil(() => kernel.lingering().length === 0), 'the code around the addon is collected')
  })

  it('can be imported, with the names that Node gives it', async t => {
    const { name } = prebuilt()
    const index = `
import * as addon from '${name}'
export const init = k => void k.register('names', () => [Object.keys(addon), (addon['module.exports'] ?? addon.default) === addon.default, typeof addon.default.xxhashBase16])
`
    const kernel = createKernel({ cache: false })
    t.after(() => kernel.close())
    await kernel.insmod(moduleWith(t, index, [name]))
    const [seen] = await callAll(kernel, 'names')
    // As of a CommonJS file: the second name came with Node 23.
    const second = Number(process.versions.node.split('.')[0]) < 23 ? [] : ['module.exports']
    assert.deepEqual(seen, [['default', ...second], true, 'function'])
  })

  it('that is opened with process.dlopen is named, too', async t => {
    const { name, file } = prebuilt()
    const index = `
import { fileURLToPath } from 'node:url'
const module = { exports: {} }
process.dlopen(module, fileURLToPath(import.meta.resolve('./node_modules/${name}/${file}')))
export const init = k => void k.register('hash', text => module.exports.xxhashBase16(Buffer.from(text)))
`
    const folder = moduleWith(t, index, [name])
    const kernel = createKernel({ cache: false })
    t.after(() => kernel.close())
    await kernel.insmod(folder)
    assert.equal(String((await callAll(kernel, 'hash', 'a'))[0]).length > 0, true)
    const { leftovers } = await kernel.rmmod('user')
    const path = join(folder, 'node_modules', name, file)
    assert.deepEqual(leftovers, [
      { kind: 'addon', where: `${join(folder, 'index.js')}:4:9`, closed: false, what: `native addon ${path}` },
    ])
  })

  it('is a note of check, and nothing wrong', async t => {
    const { name } = prebuilt()
    const index = `import { createRequire } from 'node:module'\ncreateRequire(import.meta.url)('${name}')\n`
    const { safe, findings } = await reportOf([moduleWith(t, index, [name]), ...BRIEFLY])
    assert.equal(safe, true, JSON.stringify(findings))
    assert.deepEqual(
      findings.map(({ kind, text }) => [kind, basename(dirname(text))]),
      [['addon', basename(name)]],
    )
  })
})

describe('a package that extends a prototype', () => {
  it('is found by check, with what it put there', async t => {
    const { safe, findings } = await reportOf([moduleWith(t, `import 'colors'\n`, ['colors']), ...BRIEFLY])
    assert.equal(safe, false)
    const patched = findings.flatMap(({ kind, text }) => (kind === 'patched' ? [text] : []))
    assert.ok(patched.includes('leaves String.prototype.red added'), patched.join('\n'))
  })
})
