/**
 * The installer's machine: tries every module of a real kernel package, one after another, in a process whose heap is limited to 64 MB, under each scheme.
 * The modules are generated after the package's facts (bench/installer/generate.mjs).
 *
 *   npm run bench -- installer [--limit N] [--heap MB] [--json] [--svg FILE] [--node PATH] [--parallel] [--quick | --full]
 *
 * The first 1000 modules, 300 with --quick, all 4023 with --full. Prints a table, and with --svg draws memory over modules tried. With --parallel all schemes run at once, which tells nothing of their speed.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { drawLines } from './installer/draw.mjs'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { formatTable } from './support/table.mjs'

const MEGABYTE = 1024 * 1024
const SCHEMES = [
  { label: 'refcount', args: ['refcount'] },
  { label: 'retain', args: ['retain'] },
  { label: 'retain, reclaiming', args: ['retain', 'reclaim'] },
  { label: 'collect', args: ['collect'] },
]

const { values } = parseOptions({
  options: {
    limit: { type: 'string' },
    heap: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
    svg: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    parallel: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
  },
})

const path = name => fileURLToPath(new URL(name, import.meta.url))

/** Walks through the folder in a process of its own. A process that dies gives no end. */
async function walk({ args: [scheme, onPressure = 'refuse'] }, folder) {
  const limit = Number(values.heap) * MEGABYTE
  const words = [`--max-old-space-size=${values.heap}`, path('installer/walk.mjs'), folder, scheme, limit, onPressure]
  const child = spawn(values.node, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const samples = []
  let end
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line)
    if (said.end) end = said
    else samples.push(said)
  }
  const status = child.exitCode ?? child.signalCode ?? (await new Promise(done => child.once('exit', done)))
  if (end === undefined && !/heap limit/.test(errors)) throw new Error(errors)
  return { samples, end, alive: end !== undefined && status === 0 }
}

/** One that is too large for the machine is named; where memory gets scarce there are many. */
const refusedText = refused =>
  refused.length > 1 ? `${refused[0].name} and ${refused.length - 1} more` : (refused[0]?.name ?? '-')

function rowOf({ label }, { samples, end, alive }, total) {
  const peak = Math.max(...samples.map(({ heap }) => heap))
  const outcome = !alive
    ? `died after ${samples.length}`
    : end.out
      ? `ENOMEM at ${end.out.at} (${end.out.name})`
      : 'finished'
  return [
    label,
    outcome,
    `${end?.tried ?? samples.length} of ${total}`,
    String(end?.inserted ?? '?'),
    refusedText(end?.refused ?? []),
    String(end?.lingering ?? '?'),
    (peak / MEGABYTE).toFixed(1),
    end?.taints || '-',
    end ? end.seconds.toFixed(0) : '?',
  ]
}

/** What is promised: every scheme but `retain` alone gets to the end, and none lets the process die. */
function figuresOf({ label }, { samples, end, alive }, total) {
  const tried = end?.tried ?? samples.length
  const peak = Math.max(...samples.map(({ heap }) => heap)) / MEGABYTE
  return [
    row(`${label}: modules tried`, tried, 'modules', label === 'retain' ? { below: total } : { atLeast: total }),
    row(`${label}: processes that died`, alive ? 0 : 1, 'processes', { atMost: 0 }),
    row(`${label}: peak of the heap`, peak, 'MB'),
  ]
}

const scratch = mkdtempSync(join(tmpdir(), 'outlive-installer-'))
try {
  const wanted = values.limit ?? (values.full ? undefined : values.quick ? '300' : '1000')
  const limit = wanted === undefined ? [] : ['--limit', wanted]
  const catalogue = path('../test/fixtures/catalogue')
  const folder = join(scratch, 'modules')
  const generated = execFileSync(process.execPath, [path('installer/generate.mjs'), catalogue, folder, ...limit], {
    encoding: 'utf8',
  })
  execFileSync(values.node, [path('../dist/cli/main.js'), 'depmod', folder, '--quiet'], { stdio: 'inherit' })
  const total = Number(generated.split(' ')[0])
  if (!values.json) console.log(`${generated.replace(/, in .*/s, '')}; old space limited to ${values.heap} MB`)
  const header = [
    'scheme',
    'outcome',
    'tried',
    'insertions',
    'refused before',
    'lingering',
    'peak MB',
    'taint',
    'seconds',
  ]
  const rows = [header]
  const lines = []
  const figures = []
  const results = values.parallel ? await Promise.all(SCHEMES.map(scheme => walk(scheme, folder))) : []
  for (const [index, scheme] of SCHEMES.entries()) {
    const result = results[index] ?? (await walk(scheme, folder))
    rows.push(rowOf(scheme, result, total))
    figures.push(...figuresOf(scheme, result, total))
    lines.push({ label: scheme.label, samples: result.samples, alive: result.alive, out: result.end?.out })
  }
  if (values.json) report({ bench: 'installer', rows: figures, table: rows }, values)
  else console.log(formatTable(rows))
  if (values.svg !== undefined) {
    mkdirSync(dirname(values.svg), { recursive: true })
    writeFileSync(values.svg, drawLines(lines, { total, heap: Number(values.heap) * MEGABYTE }))
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
