/**
 * Well-known npm packages, each in the node_modules of a module folder of its own: loaded, really used and unloaded, again and again, and compared with Node's own
 * loader. The packages are installed below .cache/ when they are not there; install scripts do not run.
 *
 *   node bench/packages.mjs [NAME...] [--quick | --full] [--no-cache] [--json] [--progress] [--write]
 *
 * First: the first load of all, in a fresh process, `insmod` against `import()`. Cold: the same when the cache of loads knows the package; `--no-cache` does without. Reload: the load in a warm process, `insmod` of the folder that was loaded before
 * against `import()` of the same files under a folder name that Node has not seen, which is what it takes to make Node load a package anew. `--full` looks for what stays in memory as
 * well; `--write` does that and writes docs/packages.md.
 */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CASES } from './packages/cases.mjs'
import { describePackages } from './packages/document.mjs'
import { GOALS } from './packages/goals.mjs'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { median } from './support/statistics.mjs'

const { values, positionals } = parseOptions({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    full: { type: 'boolean' },
    'no-cache': { type: 'boolean' },
    json: { type: 'boolean' },
    progress: { type: 'boolean' },
    write: { type: 'boolean' },
  },
})
const HERE = fileURLToPath(new URL('packages/', import.meta.url))
const CACHE = fileURLToPath(new URL('../.cache/packages/', import.meta.url))
const DOCUMENT = fileURLToPath(new URL('../docs/packages.md', import.meta.url))
const QUICK = ['express', 'zod', 'dayjs', 'marked', 'lodash-es']
const full = values.full || values.write
const CYCLES = full ? 20 : 0
const RELOADS = values.quick ? 3 : 9
const COLD_PAIRS = values.quick ? 3 : 5

/** A module folder with the package in its node_modules. */
function prepare({ name, use, also = [] }) {
  const folder = join(CACHE, name.replace(/[@/]/g, '_'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, exports: './index.mjs' }))
  writeFileSync(join(folder, 'use.mjs'), use)
  writeFileSync(
    join(folder, 'index.mjs'),
    `import { use } from './use.mjs'\nexport const init = k => void k.register('use', use)\n`,
  )
  const missing = [name, ...also].filter(wanted => !existsSync(join(folder, 'node_modules', wanted)))
  if (missing.length > 0)
    execFileSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--silent', ...missing],
      {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
  return folder
}

/** One JSON line, the last, of a process of its own. */
async function ask(script, ...args) {
  const options = { maxBuffer: 1 << 26, timeout: 600_000 }
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', join(HERE, script), ...args], options)
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

async function measure(example) {
  const folder = prepare(example)
  const { version } = JSON.parse(readFileSync(join(folder, 'node_modules', example.name, 'package.json'), 'utf8'))
  const about = { name: example.name, kind: example.kind, version }
  try {
    const cold = { outlive: [], native: [] }
    const loads = values['no-cache'] ? 'off' : `${folder}.loads`
    rmSync(loads, { recursive: true, force: true })
    const answers = new Set()
    for (let i = 0; i <= COLD_PAIRS; i++) {
      const native = await ask('native.mjs', join(folder, 'use.mjs'))
      const outlive = await ask('measure.mjs', folder, '0', '0', loads)
      cold.native.push(native.loaded)
      cold.outlive.push(outlive.cold)
      answers.add(native.answer).add(outlive.answer)
    }
    const measured = await ask('measure.mjs', folder, String(CYCLES), String(RELOADS), loads)
    answers.add(measured.answer)
    return {
      ...about,
      ...measured,
      right: answers.size === 1,
      first: { outlive: cold.outlive[0], native: median(cold.native) },
      cold: { outlive: median(cold.outlive.slice(1)), native: median(cold.native) },
    }
  } catch (error) {
    const reason = String(error.stderr || error.message).trim()
    return { ...about, failed: reason.split('\n').slice(-8).join('\n') }
  } finally {
    // Copies of a process that was stopped.
    for (const entry of readdirSync(CACHE))
      if (entry.startsWith(`${basename(folder)}.copy`)) rmSync(join(CACHE, entry), { recursive: true })
  }
}

const ratio = ({ outlive, native }) => outlive / native

function rowsOf(result) {
  const { name, failed, right, first, cold, reload, growth, images, collected, leftovers } = result
  if (failed) return [row(`${name}: runs`, 0, '', { atLeast: 1 })]
  return [
    row(`${name}: answers right`, Number(right), '', { atLeast: 1 }),
    row(`${name}: first / native`, ratio(first), 'x'),
    row(`${name}: cold / native`, ratio(cold), 'x', GOALS.cold),
    row(`${name}: reload / native`, ratio(reload), 'x', GOALS.reload),
    ...(full
      ? [
          row(`${name}: images not collected`, images - collected, '', { atMost: 0 }),
          row(`${name}: heap after ${CYCLES} cycles`, 1 + growth, 'x', GOALS.heap),
          row(`${name}: leftovers`, leftovers.length, ''),
        ]
      : []),
  ]
}

const known = new Set(CASES.map(({ name }) => name))
const unknown = positionals.filter(name => !known.has(name))
if (unknown.length > 0) {
  console.error(`packages: there is no case for ${unknown.join(', ')}`)
  process.exit(2)
}
const chosen = positionals.length > 0 ? positionals : values.quick ? QUICK : [...known]
const results = []
for (const example of CASES.filter(({ name }) => chosen.includes(name))) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${results.length}/${chosen.length} ${example.name}`)
  const result = await measure(example)
  results.push(result)
  if (values.progress)
    console.error(
      result.failed
        ? `${result.name}: FAILED\n${result.failed}`
        : rowsOf(result)
            .map(({ what, figure }) => `${what} ${figure.toPrecision(3)}`)
            .join(', '),
    )
}
if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')

const medians = [
  row(
    'median of all: first / native',
    median(results.filter(({ first }) => first).map(({ first }) => ratio(first))),
    'x',
  ),
  row(
    'median of all: cold / native',
    median(results.filter(({ cold }) => cold).map(({ cold }) => ratio(cold))),
    'x',
    GOALS.cold,
  ),
  row(
    'median of all: reload / native',
    median(results.filter(({ reload }) => reload).map(({ reload }) => ratio(reload))),
    'x',
    GOALS.reload,
  ),
]
if (values.write) writeFileSync(DOCUMENT, describePackages(results, { cycles: CYCLES }))
report({ bench: 'packages', rows: [...results.flatMap(rowsOf), ...medians], results }, values)
for (const { name, failed } of results) if (failed) console.error(`\n${name}:\n${failed}`)
if (results.some(({ failed, right }) => failed || !right)) process.exitCode = 1
