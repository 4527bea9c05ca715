/** The measured process of the reload bench: `node --expose-gc reload_cycles.mjs CYCLES [--profile]` prints JSON. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { settledHeap } from './heap.mjs'
import { profileStages } from './profile_stages.mjs'
import { reloadsOf } from './reload_kinds.mjs'
import { median } from './statistics.mjs'

const BLOCKS = 20
/** Native import keeps every version, so it gets fewer cycles: what one costs and keeps does not depend on how many there are. */
const NATIVE_BLOCK = 10
/** Times are of cycles in turns, so that whatever else the machine does slows both alike. */
const TIMED_PAIRS = 300
/** Until the code is hot and the kernel log, a ring of 4096 entries, is full. */
const WARM_UP_CYCLES = 1400

const folder = mkdtempSync(join(tmpdir(), 'outlive-reload-'))
const { kernel, outlive: outliveCycle, native: nativeCycle, bare: bareCycle } = reloadsOf('functions', folder)

/** Each in a turn of the event loop of its own. */
async function repeat(cycle, count) {
  for (let i = 0; i < count; i++) {
    await cycle()
    await setImmediate()
  }
}

/** Bytes that stay in the heap after so many cycles. */
async function kept(cycle, count) {
  const before = await settledHeap()
  await repeat(cycle, count)
  return (await settledHeap()) - before
}

async function timed() {
  const times = { outlive: [], native: [], bare: [] }
  for (let pair = 0; pair < TIMED_PAIRS; pair++) {
    times.outlive.push(await outliveCycle())
    await setImmediate()
    times.native.push(await nativeCycle())
    await setImmediate()
    times.bare.push(bareCycle())
    await setImmediate()
  }
  return times
}

async function measure(cycles) {
  let collected = 0
  kernel.on('collected', () => collected++)
  await repeat(outliveCycle, WARM_UP_CYCLES)
  await repeat(nativeCycle, NATIVE_BLOCK)
  // Before the heap is looked at: a collector that is called again and again throws machine code away, too.
  const times = await timed()
  await settledHeap()
  collected = 0
  const bytes = { outlive: 0, native: 0 }
  for (let block = 0; block < BLOCKS; block++) {
    bytes.outlive += await kept(outliveCycle, cycles / BLOCKS)
    bytes.native += await kept(nativeCycle, NATIVE_BLOCK)
  }
  const dropped = { cycles, collected }
  const figures = (name, count) => ({ ms: median(times[name]), keptKB: bytes[name] / 1024 / count })
  return {
    outlive: { ...figures('outlive', cycles), ...dropped },
    native: { ...figures('native', BLOCKS * NATIVE_BLOCK), cycles: BLOCKS * NATIVE_BLOCK + TIMED_PAIRS },
    ratio: median(times.outlive) / median(times.native),
    bare: median(times.bare) / median(times.native),
  }
}

async function profile(cycles) {
  await repeat(outliveCycle, 300)
  const stages = await profileStages(() => repeat(outliveCycle, cycles))
  await repeat(nativeCycle, 20)
  const native = await profileStages(() => repeat(nativeCycle, TIMED_PAIRS))
  const perCycle = (sampled, count) =>
    Object.fromEntries(Object.entries(sampled).map(([name, us]) => [name, us / count]))
  return { stages: perCycle(stages, cycles), native: perCycle(native, TIMED_PAIRS) }
}

const [cycles, mode] = process.argv.slice(2)
try {
  console.log(JSON.stringify(await (mode === '--profile' ? profile : measure)(Number(cycles))))
} finally {
  rmSync(folder, { recursive: true })
}
