/**
 * Runs benches by name, all without one (but for `performance`, which runs them all too, and writes docs/performance.md). What comes after a name goes to that bench.
 *
 *   npm run bench                                   every bench
 *   npm run bench -- reload --node 24 --profile     one, with its own options
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { usageOf } from './support/options.mjs'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))

const names = readdirSync(FOLDER)
  .filter(file => file.endsWith('.mjs') && file !== 'run.mjs')
  .map(file => file.slice(0, -'.mjs'.length))
  .sort()
const [wanted, ...rest] = process.argv.slice(2)
if (wanted === '--help') {
  console.log(
    `${usageOf(fileURLToPath(import.meta.url))}\n\nThere are ${names.join(', ')}; each has a --help of its own.`,
  )
  process.exit(0)
}
if (wanted !== undefined && !names.includes(wanted)) {
  console.error(`bench: there is no ${wanted}; there are ${names.join(', ')}`)
  process.exit(2)
}
for (const name of wanted === undefined ? names.filter(name => name !== 'performance') : [wanted]) {
  if (wanted === undefined) console.log(`\n# ${name}`)
  const { status } = spawnSync(process.execPath, [`${FOLDER}${name}.mjs`, ...rest], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = status ?? 1
}
