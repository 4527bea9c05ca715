/**
 * What reloading costs: a fresh module of 200 functions is written, loaded, called and dropped, over and over, by Outlive and by native
 * `import('?v=')` in turns, on every supported line of Node.
 *
 *   node bench/reload.mjs [--cycles N] [--node LINE]... [--json] [--profile]
 *
 * Times are medians of whole cycles, the write included. Heap is what plain `gc()` leaves. `--profile` says instead what the time is spent on.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { NODE_LINES, provideNodes } from '../scripts/nodes.mjs'
import { formatTable } from './support/table.mjs'

const CYCLE = fileURLToPath(new URL('support/reload_cycles.mjs', import.meta.url))
const PROMISES = { keptKB: 0.5, ratio: 1.5 }

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '2000' },
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

const results = []
for (const node of await provideNodes(values.node)) results.push({ node: node.version, ...(await measure(node)) })

if (values.json) console.log(JSON.stringify(results, null, 2))
else if (values.profile) printProfiles()
else printResults()

function printResults() {
  const head = ['', 'ms/cycle', 'native', 'ratio', 'kept KB/cycle', 'native', 'collected', 'native cycles']
  const rows = results.map(({ node, outlive, native, ratio }) => [
    node,
    outlive.ms.toFixed(3),
    native.ms.toFixed(3),
    ratio.toFixed(2),
    outlive.keptKB.toFixed(2),
    native.keptKB.toFixed(1),
    `${outlive.collected} of ${outlive.cycles}`,
    String(native.cycles),
  ])
  console.log(formatTable([head, ...rows]))
  const broken = results.filter(
    ({ outlive, ratio }) =>
      outlive.keptKB > PROMISES.keptKB || outlive.collected < outlive.cycles || ratio > PROMISES.ratio,
  )
  for (const { node } of broken)
    console.log(`${node}: not at most ${PROMISES.keptKB} KB kept, all collected, ratio at most ${PROMISES.ratio}`)
  if (broken.length > 0) process.exitCode = 1
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
