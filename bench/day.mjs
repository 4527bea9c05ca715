/**
 * Memory over a long life: 100,000 cycles over 50 modules, each inserted anew and removed with a call in flight. Heap and resident memory at the end against after the
 * first 1000 cycles.
 *
 *   node bench/day.mjs [--cycles 100000] [--modules 50] [--quick] [--json]
 *
 * Heap is what plain `gc()` leaves, resident memory what the system says after it. On a terminal the progress is told.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createKernel } from '../dist/index.js'
import { settle } from './support/heap.mjs'
import { report, row } from './support/report.mjs'

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '100000' },
    modules: { type: 'string', default: '50' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const CYCLES = values.quick ? 3000 : Number(values.cycles)
const MODULES = Number(values.modules)
/** By then the kernel log, a ring of 4096 entries, is full: each cycle writes several. */
const BASE_CYCLES = 1000
const FUNCTIONS = 20
const CALLS = 3

/** Another version in every cycle, with functions, a timer that is left behind, and calls that end when they are told. */
const text = (name, version) => `
const waiting = []
${Array.from({ length: FUNCTIONS }, (_, n) => `export const f${n} = x => ({ x, version: ${version}, n: ${n} })`).join('\n')}
export function init(k) {
  setInterval(() => f0(${version}), 60_000)
  k.register('work', { key: '${name}', work: () => new Promise(resolve => waiting.push(resolve)), end: () => waiting.forEach(resolve => resolve(${version})) })
}
`

const folder = mkdtempSync(join(tmpdir(), 'outlive-day-'))
const kernel = createKernel()
const work = kernel.point('work')
let version = 0
let collected = 0
kernel.on('collected', () => collected++)

async function insert(name) {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, text(name, ++version))
  await kernel.insmod(file)
}

/** Its calls are under way when it is removed, and end after that. */
async function cycle(name) {
  const face = work.get(name)
  const calls = Array.from({ length: CALLS }, () => face.work())
  const { end } = face
  const removing = kernel.rmmod(name)
  end()
  await Promise.all(calls)
  const { callsInFlight } = await removing
  if (callsInFlight !== CALLS) throw new Error(`${callsInFlight} calls in flight, not ${CALLS}`)
  await insert(name)
}

async function measured() {
  await settle(6)
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 }
}

try {
  const names = Array.from({ length: MODULES }, (_, n) => `module${n}`)
  for (const name of names) await insert(name)
  const started = performance.now()
  let base
  for (let done = 1; done <= CYCLES; done++) {
    await cycle(names[done % MODULES])
    if (done % 10 === 0) await setImmediate()
    if (done === BASE_CYCLES) base = await measured()
    if (process.stderr.isTTY && done % 500 === 0) process.stderr.write(`\r${done} of ${CYCLES} cycles`)
  }
  const end = await measured()
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const rows = [
    row(`heap after ${BASE_CYCLES} cycles`, base.heap, 'MB'),
    row(`heap after ${CYCLES} cycles`, end.heap, 'MB'),
    row('heap at the end / then', end.heap / base.heap, 'x', { atMost: 1.05 }),
    row(`resident after ${BASE_CYCLES} cycles`, base.rss, 'MB'),
    row(`resident after ${CYCLES} cycles`, end.rss, 'MB'),
    row('resident at the end / then', end.rss / base.rss, 'x', { atMost: 1.15 }),
    row('images not collected', CYCLES - collected, '', { atMost: 0 }),
    row('a cycle', (performance.now() - started) / CYCLES, 'ms'),
  ]
  report({ bench: 'day', rows }, values)
  await kernel.close()
} finally {
  rmSync(folder, { recursive: true })
}
