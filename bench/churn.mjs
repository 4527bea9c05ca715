/**
 * Load on a route while its module is replaced many times a second, against the same route left alone, interleaved in one run; and how long the route was without a LIVE
 * version, which every request looks for, and the host each millisecond.
 *
 *   node bench/churn.mjs [--seconds 60] [--replaces 20] [--replaces 100] [--connections 50] [--quick] [--json]
 *
 * Medians of rounds. Every answer says which version gave it and when it began, and is compared with when that version was LIVE.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { median } from './support/statistics.mjs'

const { values } = parseOptions({
  options: {
    seconds: { type: 'string', default: '60' },
    replaces: { type: 'string', multiple: true, default: ['20', '100'] },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    connections: { type: 'string', default: '50' },
  },
})
const ROUNDS = 4
/** Of load with replacing; as much again without. */
const seconds = Math.max(1, Math.round((values.quick ? 8 : Number(values.seconds)) / ROUNDS))
/** Requests a second against no replacing, at least, and p99, at most. The rare replaces of a user at work may cost no more than a tenth. */
const GOALS = { 20: { requests: 0.9 }, 100: { requests: 0.95, p99: 1.25 } }

async function churn(replaces) {
  const folder = mkdtempSync(join(tmpdir(), 'outlive-churn-'))
  const host = fork(new URL('./support/churn_host.mjs', import.meta.url), [folder, String(replaces)], {
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
  const { live, replaced, failed, lingering, looks, missed } = await tell('report')
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

  const goals = GOALS[replaces] ?? {}
  const what = text => `${replaces} replaces a second: ${text}`
  const none = { atMost: 0 }
  return [
    row(what('requests a second, replaced'), middle('churn', 'requests'), '1/s'),
    row(what('requests a second, left alone'), middle('rest', 'requests'), '1/s'),
    row(what('requests, replaced / left alone'), requests, 'x', goals.requests ? { atLeast: goals.requests } : {}),
    row(what('p99, replaced'), middle('churn', 'p99'), 'ms'),
    row(what('p99, left alone'), middle('rest', 'p99'), 'ms'),
    row(what('p99, replaced / left alone'), p99, 'x', goals.p99 ? { atMost: goals.p99 } : {}),
    row(what('answers'), answers.length, ''),
    row(what('requests failed or dropped'), sum(rounds.churn, 'failed') + broken, '', none),
    row(what('answers from a version that was not LIVE when the request began'), wrong, '', none),
    row(what('replaces'), replaced, ''),
    row(what('replaces failed'), failed, '', none),
    row(what('looks for a LIVE version'), looks, ''),
    row(what('looks that found none'), missed, '', none),
    row(what('old images lingering at the end'), lingering, ''),
  ]
}

const rows = []
for (const replaces of values.replaces) rows.push(...(await churn(Number(replaces))))
report({ bench: 'churn', rows }, values)
if (rows.some(({ goal, met }) => goal === '<= 0' && !met)) process.exitCode = 1
