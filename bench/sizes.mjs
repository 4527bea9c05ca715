/**
 * One reload of modules of several sizes: a plugin of 20 lines, a module of 200 functions, a bundle of 2 MB, a package of 300 files. Each version differs from every
 * other; Outlive and Node's own loader take turns in one process.
 *
 *   node bench/sizes.mjs [SIZE...] [--quick] [--json]
 *
 * A single file is written, loaded and called, by Node as `import('?v=')`; Outlive also unloads it. Of the package the files are written before the clock
 * starts, and Node, which loads a file anew only under a name that it has not seen, finds them in a fresh folder. "One file changed" is what an edit does, and
 * there the cache of loads counts; in "every file changed" nothing of it is of use. "Alone" each loader has a process to itself, and the whole time of so many reloads counts, that of
 * the collector as well.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { sideBySide } from './support/side_by_side.mjs'

const CYCLES = fileURLToPath(new URL('support/size_cycles.mjs', import.meta.url))
const SIZES = {
  plugin: {
    what: 'plugin of 20 lines',
    pairs: 400,
    goal: { atMost: 0.8 },
    alone: { cycles: 5000, block: 500, warmUp: 1000 },
  },
  functions: { what: 'module of 200 functions', pairs: 300, goal: { atMost: 0.8 } },
  bundle: { what: 'bundle of 2 MB', pairs: 25, goal: { atMost: 1 }, alone: { cycles: 80, block: 10, warmUp: 10 } },
  'package, one file changed': { what: 'package of 300 files, one changed', pairs: 25, goal: { atMost: 1 } },
  'package, every file changed': { what: 'package of 300 files, every one changed', pairs: 25, goal: { atMost: 1 } },
}
const QUICKER = 5

const { values, positionals } = parseOptions({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' } },
})
const wanted = positionals.length === 0 ? Object.keys(SIZES) : positionals
const unknown = wanted.filter(name => !(name in SIZES))
if (unknown.length > 0) {
  console.error(`sizes: there is no ${unknown.join(', ')}; there are: ${Object.keys(SIZES).join('; ')}`)
  process.exit(2)
}

const rows = []
for (const name of wanted) {
  const { what, pairs, goal, alone } = SIZES[name]
  const count = values.quick ? Math.ceil(pairs / QUICKER) : pairs
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', CYCLES, name, String(count)])
  const { outlive, native } = JSON.parse(stdout.trim().split('\n').at(-1))
  rows.push(
    row(`${what}: reload`, outlive, 'ms'),
    row(`${what}: reload by Node`, native, 'ms'),
    row(`${what}: reload / by Node`, outlive / native, 'x', goal),
  )
  if (!alone || values.quick) continue
  const sides = await sideBySide(process.execPath, name, alone)
  rows.push(
    row(`${what}: ${alone.cycles} reloads alone / by Node`, sides.outlive.ms / sides.native.ms, 'x', goal),
    row(`${what}: the same in processor time`, sides.outlive.cpu / sides.native.cpu, 'x'),
    row(`${what}: resident after them / by Node`, sides.outlive.resident / sides.native.resident, 'x'),
  )
}
report({ bench: 'sizes', rows }, values)
