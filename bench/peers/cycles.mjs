/**
 * The measured process of the peers bench: `node --expose-gc cycles.mjs PEER`, over IPC. Told to run a number of cycles, by themselves or in turns with native import,
 * it answers with their times and what was stale; told `end`, with the bytes that are left since `begin`, after a plain and after a last-resort collection, and how many versions are alive.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { settledHeap } from '../support/heap.mjs'
import { NATIVE, WAYS } from './ways.mjs'

const [peer] = process.argv.slice(2)
/** Below bench/, so that the peers that look for a project find one. */
const folder = mkdtempSync(join(fileURLToPath(new URL('.', import.meta.url)), '.peers-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
/** What the parent no longer waits for must not stay. */
process.on('disconnect', () => process.exit())

let version = 0
let dropped = 0
let collected = 0
const registry = new FinalizationRegistry(() => collected++)

async function cycle(load) {
  const started = performance.now()
  const call = await load(++version)
  const answer = await call(1, 2)
  await call.drop?.()
  const took = performance.now() - started
  dropped++
  registry.register(call)
  return { took, stale: answer.version !== version }
}

async function run(load, count) {
  const times = []
  let stale = 0
  for (let i = 0; i < count; i++) {
    const done = await cycle(load)
    times.push(done.took)
    if (done.stale) stale++
    await setImmediate()
  }
  return { times, stale }
}

/** V8 keeps dropped code in its compilation cache until memory is really short. */
async function lastResort() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    await setImmediate()
  }
  return process.memoryUsage().heapUsed
}

const load = await WAYS[peer](folder)
const native = await WAYS[NATIVE](folder)
let heap
let pair = 0

const ORDERS = {
  run: count => run(load, count),
  /** In turns with native import, in this process; each comes first as often. */
  async pairs(count) {
    const pairs = { times: [], native: [], stale: 0 }
    const own = async () => {
      const { times, stale } = await run(load, 1)
      pairs.times.push(...times)
      pairs.stale += stale
    }
    const other = async () => pairs.native.push(...(await run(native, 1)).times)
    for (let i = 0; i < count; i++) for (const turn of pair++ % 2 === 0 ? [own, other] : [other, own]) await turn()
    return pairs
  },
  /** What only the warm-up took is counted from here. */
  async begin() {
    await lastResort()
    heap = await settledHeap()
    dropped = 0
    collected = 0
    return {}
  },
  async end() {
    const bytes = (await settledHeap()) - heap
    const alive = dropped - collected
    return { alive, dropped, bytes, lastResortBytes: (await lastResort()) - heap }
  },
}

// Peers, too, speak over the channel, and one of them lets it keep nobody alive.
process.on('message', async ({ order, argument }) => {
  if (Object.hasOwn(ORDERS, order)) process.send({ answer: await ORDERS[order](argument) })
})
process.channel.ref()
process.send({ answer: 'ready' })
