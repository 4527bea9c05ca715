/**
 * What reloading costs: a fresh module of 200 functions is written, loaded, called and dropped, over and over, by Outlive and by native
 * `import('?v=')` in turns, on every supported line of Node.
 *
 *   node bench/reload.mjs [--cycles N] [--alone N] [--node LINE]... [--json] [--profile]
 *
 * Times are medians of whole cycles, the write included, in one process. Heap is what plain `gc()` leaves. "Alone" each loader has a process to itself and reloads so often in it, and
 * the whole time counts, that of the collector as well. `--profile` says instead what the time is spent on.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NODE_LINES, provideNodes } from '../scripts/nodes.mjs'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { sideBySide } from './support/side_by_side.mjs'
import { formatTable } from './support/table.mjs'

const CYCLE = fileURLToPath(new URL('support/reload_cycles.mjs', import.meta.url))
const GOALS = { keptKB: 0.2, ratio: 0.8 }

const { values } = parseOptions({
  options: {
    cycles: { type: 'string', default: '2000' },
    alone: { type: 'string', default: '5000' },
    node: { type: 'string', multiple: true, default: NODE_LINES },
    json: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
})

/** Each line in a process of its own, one after the other. */
async function measure({ path }) {
  const options = ['--expose-gc', CYCLE, values.cycles, ...(values.profile ? ['--profile'] : [])]
  const { stdout } = await promisify(execFile)(path, options, { maxBuffer: 1 << 26 })
  return JSON.parse(stdout)
}

/** Until the code is hot. */
const WARM_UP = 1000
const BLOCK = 250
const measureAlone = ({ path }) =>
  sideBySide(path, 'functions', { cycles: Number(values.alone), block: BLOCK, warmUp: WARM_UP })

const results = []
for (const node of await provideNodes(values.node))
  results.push({
    node: node.version,
    ...(await measure(node)),
    ...(!values.profile && { alone: await measureAlone(node) }),
  })

if (values.profile) printProfiles()
else printResults()

function printResults() {
  const rows = results.flatMap(({ node, outlive, native, ratio, bare, alone }) => [
    row(`${node}: a cycle`, outlive.ms, 'ms'),
    row(`${node}: native, a cycle`, native.ms, 'ms'),
    row(`${node}: a cycle / native`, ratio, 'x', { atMost: GOALS.ratio }),
    row(`${node}: write, read, compile and run, no more / native`, bare, 'x'),
    row(`${node}: ${values.alone} cycles alone / native`, alone.outlive.ms / alone.native.ms, 'x', {
      atMost: GOALS.ratio,
    }),
    row(`${node}: ${values.alone} cycles alone / native, processor time`, alone.outlive.cpu / alone.native.cpu, 'x'),
    row(`${node}: resident after them / native`, alone.outlive.resident / alone.native.resident, 'x'),
    row(`${node}: heap kept a cycle`, outlive.keptKB, 'KB', { atMost: GOALS.keptKB }),
    row(`${node}: native, heap kept a cycle`, native.keptKB, 'KB'),
    row(`${node}: images not collected, of ${outlive.cycles}`, outlive.cycles - outlive.collected, '', { atMost: 0 }),
  ])
  report({ bench: 'reload', rows }, values)
}

function printProfiles() {
  const stages = [...new Set(results.flatMap(({ stages }) => Object.keys(stages)))]
  const total = ({ stages }) => Object.values(stages).reduce((sum, us) => sum + us, 0)
  const row = (name, pick) => [name, ...results.map(result => pick(result).toFixed(0))]
  console.log('Microseconds of an average cycle, by samples of the CPU profiler')
  console.log(
    formatTable([
      ['', ...results.map(({ node }) => node)],
      ...stages.map(stage => row(stage, result => result.stages[stage] ?? 0)),
      row('all', total),
      row('native import, all', ({ native }) => total({ stages: native })),
    ]),
  )
}
