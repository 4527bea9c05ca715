/**
 * What stays in memory under each scheme when a module is loaded and unloaded many times, always in a new version.
 *
 *   node bench/schemes.mjs [--cycles 10000] [--svg docs/images/schemes.svg] [--quick] [--json]
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { lineChart } from './support/line_chart.mjs'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { formatTable } from './support/table.mjs'

const { values } = parseOptions({
  options: {
    cycles: { type: 'string', default: '10000' },
    svg: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
if (values.quick) values.cycles = '1000'
const STYLES = {
  retain: { color: { light: '#cf222e', dark: '#ff7b72' } },
  collect: { color: { light: '#1a7f37', dark: '#3fb950' } },
  refcount: { color: { light: '#0969da', dark: '#58a6ff' }, dash: '6 5' },
}
const MB = 1e6

function measure(scheme) {
  const script = fileURLToPath(new URL('./support/scheme_cycles.mjs', import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, ['--expose-gc', script, scheme, values.cycles], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) process.exit(status ?? 1)
  return JSON.parse(stdout)
}

const results = Object.keys(STYLES).map(measure)
const perCycle = ({ samples, cycles }) => (samples.at(-1) - samples[0]) / cycles
const rows = results.map(result => row(`${result.scheme}: bytes left a cycle`, perCycle(result), 'bytes'))
if (values.json) report({ bench: 'schemes', rows, results }, values)
else printTable()
if (values.svg !== undefined) draw()

function printTable() {
  console.log(
    formatTable([
      ['scheme', 'cycles', 'bytes left a cycle', 'heap at the end, MB', 'collected', 'lingering', 'ms a cycle'],
      ...results.map(result => [
        result.scheme,
        String(result.cycles),
        perCycle(result).toFixed(0),
        (result.samples.at(-1) / MB).toFixed(1),
        String(result.collected),
        String(result.lingering),
        result.ms.toFixed(2),
      ]),
    ]),
  )
  console.log(`\nNode ${process.version}; a module of ${results[0].source} bytes, another version in every cycle`)
}

function draw() {
  const lines = results.map(({ scheme, samples, ...rest }) => ({
    name: `${scheme}: ${Math.max(0, Math.round(perCycle({ samples, ...rest }))).toLocaleString('en')} bytes`,
    values: samples.map(bytes => bytes / MB),
    ...STYLES[scheme],
  }))
  const chart = lineChart({
    title: 'Heap after loading and unloading a module, and what a cycle leaves behind',
    yLabel:
      'Heap in megabytes after a full collection, over the number of cycles, for the schemes retain, collect and refcount',
    xLabel: 'cycles',
    yUnit: 'MB',
    to: Number(values.cycles),
    lines,
  })
  writeFileSync(values.svg, chart)
}
