/**
 * Memory over a long life: 100,000 cycles over 50 modules, each inserted anew and removed with a call in flight. Heap and resident memory at the end against after the
 * first 1000 cycles, and the same of a process without Outlive that compiles the same texts, runs and calls them, and forgets them.
 *
 *   node bench/day.mjs [--cycles 100000] [--modules 50] [--quick] [--json]
 *
 * Heap is what plain `gc()` leaves, resident memory what the system says after it. Each side has a process to itself; on a terminal its progress is told.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'

const { values } = parseOptions({
  options: {
    cycles: { type: 'string', default: '100000' },
    modules: { type: 'string', default: '50' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const CYCLES = values.quick ? 3000 : Number(values.cycles)
/** By then the kernel log, a ring of 4096 entries, is full: each cycle writes several. */
const BASE_CYCLES = 1000
const SCRIPT = fileURLToPath(new URL('support/day_cycles.mjs', import.meta.url))

function dayOf(who) {
  const given = [SCRIPT, who, CYCLES, BASE_CYCLES, values.modules].map(String)
  const { status, stdout } = spawnSync(process.execPath, given, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`a day of ${who} ended with ${status}`)
  return JSON.parse(stdout)
}

const MB = 2 ** 20
const outlive = dayOf('outlive')
const bare = dayOf('bare')
const rows = [
  row(`heap after ${BASE_CYCLES} cycles`, outlive.base.heap / MB, 'MB'),
  row(`heap after ${CYCLES} cycles`, outlive.end.heap / MB, 'MB'),
  row('heap at the end / then', outlive.end.heap / outlive.base.heap, 'x', { atMost: 1.05 }),
  row(`resident after ${BASE_CYCLES} cycles`, outlive.base.resident / MB, 'MB'),
  row(`resident after ${CYCLES} cycles`, outlive.end.resident / MB, 'MB'),
  row('resident at the end / then', outlive.end.resident / outlive.base.resident, 'x', { atMost: 1.15 }),
  row('resident at the end / then, the same without Outlive', bare.end.resident / bare.base.resident, 'x'),
  row('images not collected', CYCLES - outlive.collected, '', { atMost: 0 }),
  row('a cycle', outlive.ms, 'ms'),
]
report({ bench: 'day', rows }, values)
