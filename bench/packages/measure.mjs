/**
 * The measured process: `node --expose-gc measure.mjs FOLDER CYCLES RELOADS CACHE` loads, uses and unloads the module in FOLDER again and again, then loads it in turns with
 * Node's own loader; prints JSON. CACHE is the folder for the cache of loads, or `off`.
 */
import { once } from 'node:events'
import { linkSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { createKernel } from '../../dist/index.js'
import { settle, settledHeap } from '../support/heap.mjs'
import { median } from '../support/statistics.mjs'

/** Until what the host compiles of its own code, and its builtins set up when they are first used, is there. */
const WARM_UP_CYCLES = 25
/** Where every image stays, the same holds them all. */
const MOST_ASKED_OF = 3

const [folder, cache] = [realpathSync(process.argv[2]), process.argv[5]]
const [cycles, reloads] = process.argv.slice(3, 5).map(Number)
const kernel = createKernel({ grace: 1000, cache: cache === 'off' ? false : { folder: cache } })
const point = kernel.point('use')
const leftovers = new Set()
const collected = new Set()
kernel.on('collected', ({ generation }) => collected.add(generation))

async function cycle() {
  const started = performance.now()
  await kernel.insmod(folder)
  const loaded = performance.now() - started
  const [use] = point
  const answer = JSON.stringify(await use())
  const [{ name, size, generation }] = kernel.lsmod()
  const report = await kernel.rmmod(name)
  for (const { kind, what } of report.leftovers) leftovers.add(`${kind}: ${what}`)
  await setImmediate()
  return { loaded, answer, size, generation }
}

async function repeat(count) {
  for (let i = 0; i < count; i++) {
    await cycle()
    if (i % 5 === 4) await settle(2)
  }
  await settle(6)
}

async function memory() {
  await repeat(WARM_UP_CYCLES)
  const before = await settledHeap()
  await repeat(cycles)
  const after = await settledHeap()
  const lingering = []
  for (const [index, { image }] of kernel.lingering().entries()) {
    const { holders } = index < MOST_ASKED_OF ? await kernel.why(image) : { holders: [] }
    lingering.push({ image, holders: holders.map(({ text }) => text.replaceAll(`${folder}/`, '')) })
  }
  return { growth: after / before - 1, images: WARM_UP_CYCLES + cycles + 1, collected: collected.size, lingering }
}

/** The same files under names that Node has not seen: nothing else makes it load a package anew, all of it. */
function copyOf(number) {
  const copy = `${folder}.copy${process.pid}-${number}`
  link(folder, copy)
  return copy
}

function link(from, to) {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === '.bin') continue
    if (entry.isDirectory()) link(join(from, entry.name), join(to, entry.name))
    else linkSync(join(from, entry.name), join(to, entry.name))
  }
}

async function nativeLoad(copy) {
  const started = performance.now()
  const { use } = await import(pathToFileURL(join(copy, 'use.mjs')).href)
  const loaded = performance.now() - started
  await use()
  return loaded
}

/** In turns, so that whatever else the machine does slows both alike. The copies are there before: a link more, or one less, changes what the disk says of a file. */
async function compareReloads() {
  const times = { outlive: [], native: [] }
  const [warmUp, ...copies] = Array.from({ length: reloads + 1 }, (_, number) => copyOf(number))
  try {
    await cycle()
    await nativeLoad(warmUp)
    for (const copy of copies) {
      times.outlive.push((await cycle()).loaded)
      times.native.push(await nativeLoad(copy))
    }
  } finally {
    for (const copy of [warmUp, ...copies]) rmSync(copy, { recursive: true })
  }
  return { outlive: median(times.outlive), native: median(times.native) }
}

const first = await cycle()
const result = {
  answer: first.answer,
  size: first.size,
  cold: first.loaded,
  ...(cycles > 0 && (await memory())),
  ...(reloads > 0 && { reload: await compareReloads() }),
  leftovers: [...leftovers],
}
if (!process.stdout.write(`${JSON.stringify(result)}\n`)) await once(process.stdout, 'drain')
process.exit()
