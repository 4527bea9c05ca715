/** The measured process of the reload bench: `node --expose-gc reload_cycles.mjs CYCLES [--profile]` prints JSON. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { createKernel } from '../../dist/index.js'
import { freshModule } from './fresh_module.mjs'
import { settledHeap } from './heap.mjs'
import { profileStages } from './profile_stages.mjs'
import { median } from './statistics.mjs'

const BLOCKS = 20
/** Native import keeps every version, so it gets fewer cycles: what one costs and keeps does not depend on how many there are. */
const NATIVE_CYCLES = 300
/** Until the code is hot and the kernel log, a ring of 4096 entries, is full. */
const WARM_UP_CYCLES = 1400

const folder = mkdtempSync(join(tmpdir(), 'outlive-reload-'))
const file = join(folder, 'fresh.mjs')
const url = pathToFileURL(file).href
const kernel = createKernel()
const point = kernel.point('bench')
let version = 0

const check = result => {
  if (result.version !== version) throw new Error(`version ${result.version} was called, not ${version}`)
}

async function outliveCycle() {
  const text = freshModule(++version)
  const started = performance.now()
  writeFileSync(file, text)
  await kernel.insmod(file)
  for (const call of point) check(call(1, 2))
  await kernel.rmmod('fresh')
  return performance.now() - started
}

async function nativeCycle() {
  const text = freshModule(++version)
  const started = performance.now()
  writeFileSync(file, text)
  const { f0 } = await import(`${url}?v=${version}`)
  check(f0(1, 2))
  return performance.now() - started
}

/** Runs cycles, each in a turn of the event loop of its own; adds to `sum` how long each took and what stayed in the heap. */
async function runBlock(cycle, count, sum) {
  const before = await settledHeap()
  for (let i = 0; i < count; i++) {
    sum.times.push(await cycle())
    await setImmediate()
  }
  sum.kept += (await settledHeap()) - before
}

async function measure(cycles) {
  const outlive = { times: [], kept: 0 }
  const native = { times: [], kept: 0 }
  let collected = 0
  kernel.on('collected', () => collected++)
  await runBlock(outliveCycle, WARM_UP_CYCLES, { times: [], kept: 0 })
  await runBlock(nativeCycle, 20, { times: [], kept: 0 })
  collected = 0
  for (let block = 0; block < BLOCKS; block++) {
    await runBlock(outliveCycle, cycles / BLOCKS, outlive)
    await runBlock(nativeCycle, NATIVE_CYCLES / BLOCKS, native)
  }
  const figures = ({ times, kept }) => ({
    cycles: times.length,
    ms: median(times),
    keptKB: kept / 1024 / times.length,
  })
  return {
    outlive: { ...figures(outlive), collected },
    native: figures(native),
    ratio: median(outlive.times) / median(native.times),
  }
}

async function profile(cycles) {
  const repeat = (cycle, count) => async () => {
    for (let i = 0; i < count; i++) {
      await cycle()
      await setImmediate()
    }
  }
  await repeat(outliveCycle, 300)()
  const stages = await profileStages(repeat(outliveCycle, cycles))
  await repeat(nativeCycle, 20)()
  const native = await profileStages(repeat(nativeCycle, NATIVE_CYCLES))
  const perCycle = (sampled, count) =>
    Object.fromEntries(Object.entries(sampled).map(([name, us]) => [name, us / count]))
  return { stages: perCycle(stages, cycles), native: perCycle(native, NATIVE_CYCLES) }
}

const [cycles, mode] = process.argv.slice(2)
try {
  console.log(JSON.stringify(await (mode === '--profile' ? profile : measure)(Number(cycles))))
} finally {
  rmSync(folder, { recursive: true })
}
