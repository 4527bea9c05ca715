/**
 * Load on a route while its module is replaced many times a second, against the same route left alone, interleaved in one run.
 *
 *   node bench/churn.mjs [--seconds 60] [--replaces 20] [--connections 50]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { median } from './support/statistics.mjs'
import { formatTable } from './support/table.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    replaces: { type: 'string', default: '20' },
    connections: { type: 'string', default: '50' },
  },
})
const ROUNDS = 4
/** Of load with replacing; as much again without. */
const seconds = Math.max(1, Math.round(Number(values.seconds) / ROUNDS))

const folder = mkdtempSync(join(tmpdir(), 'outlive-churn-'))
const host = fork(new URL('./support/churn_host.mjs', import.meta.url), [folder, values.replaces], {
  execArgv: ['--expose-gc'],
})
const tell = async message => {
  host.send(message)
  return (await once(host, 'message'))[0]
}
const [{ url }] = await once(host, 'message')

const answers = []
let broken = 0
const load = async duration => {
  const result = await autocannon({
    url,
    connections: Number(values.connections),
    duration,
    setupClient: client =>
      client.on('body', body => {
        try {
          answers.push(JSON.parse(String(body)))
        } catch {
          broken++
        }
      }),
  })
  return {
    requests: result.requests.total / result.duration,
    p99: result.latency.p99,
    failed: result.errors + result.timeouts + result.non2xx,
  }
}

await load(2)
const rounds = { churn: [], rest: [] }
for (let round = 0; round < ROUNDS; round++)
  for (const mode of round % 2 ? ['rest', 'churn'] : ['churn', 'rest']) {
    await tell(mode)
    rounds[mode].push(await load(seconds))
    if (mode === 'churn') await tell('rest')
  }
const { live, replaced, failed, collected, lingering } = await tell('report')
host.send('stop')
await once(host, 'exit')
rmSync(folder, { recursive: true, force: true })

const byGeneration = new Map(live.map(entry => [entry.generation, entry]))
let wrong = 0
for (const { generation, version, wrote, began } of answers) {
  const lived = byGeneration.get(generation)
  // JSON knows no infinity: the last one has no end.
  const isLive = lived && began >= lived.from && (lived.until === null || began <= lived.until)
  if (!isLive || version !== wrote) wrong++
}
const sum = (list, field) => list.reduce((total, entry) => total + entry[field], 0)
const middle = (mode, field) => median(rounds[mode].map(entry => entry[field]))
const requests = middle('churn', 'requests') / middle('rest', 'requests')
const p99 = middle('churn', 'p99') / middle('rest', 'p99')

console.log(
  formatTable([
    ['', 'replaced', 'left alone', 'ratio'],
    [
      'requests a second, median of rounds',
      middle('churn', 'requests').toFixed(0),
      middle('rest', 'requests').toFixed(0),
      requests.toFixed(3),
    ],
    ['p99 in ms', middle('churn', 'p99').toFixed(1), middle('rest', 'p99').toFixed(1), p99.toFixed(3)],
    ['failed or dropped', sum(rounds.churn, 'failed'), sum(rounds.rest, 'failed'), ''].map(String),
  ]),
)
console.log(
  `\n${answers.length} answers, ${wrong} from a version that was not LIVE when the request began, ${broken} broken; ` +
    `${replaced} replaces, ${failed} failed; ${collected} old images collected, ${lingering} lingering at the end`,
)
if (wrong + broken + failed + sum(rounds.churn, 'failed') > 0) process.exitCode = 1
