/**
 * One reload (write a changed file of 200 functions, load it, call it, drop it) by what people use today, each in a process of its own, in turns with native
 * `import('?v=')` there, and all in turns with each other. Installs the peers into bench/ when they are not there.
 *
 *   node bench/peers.mjs [--cycles 200] [--only PEER]... [--quick] [--json]
 */
import { execFileSync, fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { NATIVE, WAYS } from './peers/ways.mjs'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { median } from './support/statistics.mjs'
import { formatTable } from './support/table.mjs'

const { values } = parseOptions({
  options: {
    cycles: { type: 'string', default: '200' },
    only: { type: 'string', multiple: true, default: Object.keys(WAYS) },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const FOLDER = fileURLToPath(new URL('.', import.meta.url))
/**
 * Cycles of one peer before it is another's turn: few, so that whatever else the machine does meets all alike, and an odd number, so that native import begins a turn
 * as often, which a process that has waited runs faster than what follows.
 */
const BLOCK = 5
/** Until its code is hot: V8 compiles what the native loader does in C++ long before. */
const WARM_UP = 400
/** Until the kernel log, a ring of 4096 entries, is full. */
const WARM_UP_OUTLIVE = 1400
const WARM_UP_SLOW = 25
/** These are measured over fewer cycles: what takes tens of times as long is far from 1 anyway. */
const SLOW = new Set(['jiti', 'vite ssrLoadModule', 'vite module runner', 'dynohot', 'a Worker each'])
const SLOW_SHARE = 5
/** These hook Node's own loader: for them, native import is that of a process without them. */
const HOOK = new Set(['dynohot', 'hot-hook'])
const NODE_OPTIONS = { dynohot: ['--import', 'dynohot/register'] }
const PACKAGE = { 'vite ssrLoadModule': 'vite', 'vite module runner': 'vite' }

if (!existsSync(`${FOLDER}node_modules`))
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] })

function versionOf(peer) {
  const file = `${FOLDER}node_modules/${PACKAGE[peer] ?? peer}/package.json`
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined
}

/** Undefined when the peer cannot run here: a package that has nothing built for this line of Node. */
async function start(peer) {
  const child = fork(`${FOLDER}peers/cycles.mjs`, [peer], {
    cwd: FOLDER,
    execArgv: ['--expose-gc', ...(NODE_OPTIONS[peer] ?? [])],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text
  })
  let settle
  const answered = () =>
    new Promise(resolve => {
      settle = resolve
    })
  // Peers, too, speak over the channel.
  child.on('message', ({ answer }) => answer !== undefined && settle(answer))
  child.on('close', () => settle(undefined))
  const ask = async (order, argument) => {
    const answer = answered()
    child.send({ order, argument })
    return (await answer) ?? Promise.reject(new Error(`${peer}: ${errors}`))
  }
  if ((await answered()) === undefined) {
    console.error(`peers: ${peer} does not run on Node ${process.version}`)
    return undefined
  }
  return { peer, child, ask, times: [], native: [], stale: 0 }
}

const wanted = [...new Set([NATIVE, ...values.only])]
const peers = (await Promise.all(wanted.map(start))).filter(peer => peer !== undefined)
const rounds = Math.max(1, Math.ceil((values.quick ? 60 : Number(values.cycles)) / BLOCK))
const blockOf = ({ peer }) => (SLOW.has(peer) ? BLOCK / SLOW_SHARE : BLOCK)

const warmUpOf = ({ peer }) => {
  if (SLOW.has(peer)) return WARM_UP_SLOW
  return peer === 'outlive' ? WARM_UP_OUTLIVE : WARM_UP
}
for (const each of peers) await each.ask('run', warmUpOf(each))
for (let round = 0; round < rounds; round++)
  for (const each of peers) {
    const { times, native = [], stale } = await each.ask(HOOK.has(each.peer) ? 'run' : 'pairs', blockOf(each))
    each.times.push(...times)
    each.native.push(...native)
    each.stale += stale
  }
// Before it, times were taken: a collector that is called again and again throws machine code away, too.
for (const each of peers) {
  await each.ask('begin')
  await each.ask('run', rounds * blockOf(each))
  each.end = await each.ask('end')
}
const results = peers.map(({ peer, child, times, native, stale, end }) => {
  child.disconnect()
  return {
    peer,
    version: versionOf(peer),
    ratio: median(times) / median(HOOK.has(peer) ? peers[0].native : native),
    keptKB: end.bytes / 1024 / end.dropped,
    lastResortKB: end.lastResortBytes / 1024 / end.dropped,
    freed: 1 - Math.max(0, end.alive) / end.dropped,
    stale,
    cycles: times.length,
  }
})

const rows = results.map(({ peer, ratio }) => row(`reload by ${peer}`, ratio, 'x'))
if (values.json) report({ bench: 'peers', rows, peers: results }, values)
else {
  const cells = results.map(({ peer, version = '', ratio, keptKB, lastResortKB, freed, stale }) => [
    `${peer} ${version}`.trim(),
    ratio.toFixed(2),
    keptKB.toFixed(1),
    lastResortKB.toFixed(1),
    `${Math.round(freed * 100)} %`,
    String(stale),
  ])
  console.log(`Node ${process.version}\n`)
  console.log(formatTable([['', "time / import('?v=')", 'KB kept', 'after last resort', 'freed', 'stale'], ...cells]))
}
