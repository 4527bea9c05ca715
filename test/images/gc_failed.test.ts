import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Files, folderOf, imageOf, isCollected } from '../support/image_harness.ts'

const FAILED: Readonly<Record<string, Files>> = {
  'is no module': { 'main.mjs': 'import "./a.mjs"; let = ;', 'a.mjs': 'export const a = 1' },
  'cannot be linked': { 'main.mjs': 'import { missing } from "./a.mjs"', 'a.mjs': 'export const a = () => 1' },
  'is no module in a file below': { 'main.mjs': 'import "./a.mjs"', 'a.mjs': 'return 1' },
  throws: { 'main.mjs': 'import "./a.mjs"; throw new Error("x")', 'a.mjs': 'export const a = () => 1' },
  rejects: { 'main.mjs': 'import "./a.mjs"; await Promise.reject(new Error("x"))', 'a.mjs': 'await null' },
  'throws in a cycle': {
    'main.mjs': 'import { a } from "./a.mjs"; export const m = 1',
    'a.mjs': 'import { m } from "./main.mjs"; export const a = () => m; throw new Error("x")',
  },
  'throws in CommonJS': {
    'main.mjs': 'import "./c.cjs"',
    'c.cjs': 'require("./d.cjs")',
    'd.cjs': 'throw new Error("x")',
  },
  'finds nothing': { 'main.mjs': 'import "./missing.mjs"' },
}

async function failed(files: Files): Promise<WeakRef<object>> {
  const image = imageOf(folderOf(files), 'main.mjs')
  await assert.rejects(async () => {
    await image.read()
    image.link(new Map())
    await image.evaluate()
  })
  return new WeakRef<object>(image)
}

describe('an image that failed is collected', () => {
  for (const [what, files] of Object.entries(FAILED))
    it(`where it ${what}`, async () => {
      assert.equal(await isCollected(await failed(files)), true)
    })

  it('where it never ends', async () => {
    const start = async (): Promise<WeakRef<object>> => {
      const image = imageOf(folderOf({ 'main.mjs': 'await new Promise(() => {})' }), 'main.mjs')
      await image.read()
      image.link(new Map())
      void image.evaluate()
      return new WeakRef<object>(image)
    }
    assert.equal(await isCollected(await start()), true)
  })
})
