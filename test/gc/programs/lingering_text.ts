import { writeFileSync } from 'node:fs'
import { createKernel } from '#dist/index.js'
import { Folder } from '../../support/folder.ts'
import { settledHeap } from '../../support/gc.ts'

/** Of the comment that makes up nearly all of each module. */
const CHARACTERS = 400_000
const IMAGES = 10

const folder = new Folder()
const file = folder.file('talkative.mjs')
const kernel = createKernel()
const point = kernel.point<() => number>('held')
const held: (() => number)[] = []

async function linger(version: number): Promise<void> {
  writeFileSync(
    file,
    `/*${'x'.repeat(CHARACTERS)}*/ export const init = k => void k.register('held', () => ${version})`,
  )
  await kernel.insmod(file)
  held.push(...point)
  await kernel.rmmod('talkative')
}

await linger(0)
const before = await settledHeap()
for (let version = 1; version <= IMAGES; version++) await linger(version)
const grown = (await settledHeap()) - before
const answers = held.map(call => call())
await kernel.close()
folder.remove()
console.log(JSON.stringify({ texts: grown / IMAGES / CHARACTERS, answers }))
