/**
 * One reload (write a changed file of 200 functions, load it, call it, drop it) by what people use today, each against native `import('?v=')` in
 * the same process. Installs the peers into bench/ when they are not there.
 *
 *   node bench/peers.mjs [--cycles 300] [--node 24]
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { formatTable } from './support/table.mjs'

const { values } = parseArgs({ options: { cycles: { type: 'string', default: '300' }, json: { type: 'boolean' } } })
const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const PEERS = [
  'native',
  'delete require.cache',
  'clear-module',
  'import-fresh',
  'jiti',
  'vite ssrLoadModule',
  'outlive',
]

if (!existsSync(`${FOLDER}node_modules`))
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: FOLDER, stdio: 'inherit' })

const rows = PEERS.map(peer => {
  // What is slow is measured over fewer cycles: its ratio is far from 1 anyway.
  const cycles = peer.startsWith('vite') || peer === 'jiti' ? '60' : values.cycles
  const output = execFileSync(process.execPath, ['--expose-gc', `${FOLDER}support/peer_cycles.mjs`, peer, cycles], {
    encoding: 'utf8',
  })
  return { peer, ...JSON.parse(output.trim().split('\n').at(-1)) }
})

if (values.json) console.log(JSON.stringify(rows))
else {
  console.log(`Node ${process.version}\n`)
  const cells = rows.map(({ peer, keptKB, freed, ratio, stale }) => [
    peer,
    keptKB.toFixed(1),
    `${Math.round(freed * 100)} %`,
    ratio.toFixed(2),
    String(stale),
  ])
  console.log(formatTable([['peer', 'KB kept a cycle', 'freed', "time / import('?v=')", 'stale answers'], ...cells]))
}
