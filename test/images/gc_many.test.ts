import assert from 'node:assert/strict'
import { it } from 'node:test'
import { folderOf, isCollected, loadFolder } from '../support/image_harness.ts'

const COUNT = 100

function manyFiles(): string {
  const files: Record<string, string> = {}
  for (let n = 0; n < COUNT; n++) {
    const next = (n + 1) % COUNT
    files[`f${n}.mjs`] =
      n % 10 === 9
        ? `import { x as y } from './f${next}.mjs'; import c from './c${n}.cjs'; export let x = ${n}; export const up = () => { x++; return y + c.n }`
        : `import { x as y } from './f${next}.mjs'; export const x = ${n}; export function later() { return y } export class K { m() { return later() } }`
    files[`c${n}.cjs`] = `exports.n = ${n}; exports.f = () => require('./c${next}.cjs').n`
  }
  return folderOf(files)
}

it(`an image of ${2 * COUNT} files is collected, and cycle after cycle leaves nothing`, async () => {
  const folder = manyFiles()
  const load = async (): Promise<WeakRef<object>> => new WeakRef<object>((await loadFolder(folder, 'f0.mjs')).image)
  const images: WeakRef<object>[] = []
  for (let round = 0; round < 3; round++) images.push(await load())
  for (const image of images) assert.equal(await isCollected(image), true)
  // The engine goes on learning for some rounds.
  for (let round = 0; round < 8; round++) assert.equal(await isCollected(await load()), true)
  const grownBy = async (rounds: number): Promise<number> => {
    const before = process.memoryUsage().heapUsed
    for (let round = 0; round < rounds; round++) assert.equal(await isCollected(await load()), true)
    return (process.memoryUsage().heapUsed - before) / rounds
  }
  // What an image leaves behind, it leaves in each block; what the engine has learnt late, in one.
  let grown = await grownBy(6)
  for (let block = 1; block < 3 && grown >= 32_768; block++) grown = Math.min(grown, await grownBy(6))
  assert.ok(grown < 32_768, `${Math.round(grown / 1024)} KB stay of each image`)
})
