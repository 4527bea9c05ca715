/**
 * What an installation brings: how many packages of which size, what of it is Outlive's own, and how long `import 'outlive'` takes beside `import 'fastify'`, both
 * installed into an empty project. An import's time is that of a process that does nothing else, less that of a process that does nothing.
 *
 *   node bench/install.mjs [--runs 15] [--quick] [--json]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseOptions } from './support/options.mjs'
import { installPacked } from './support/packed.mjs'
import { TELL, timeProcesses } from './support/processes.mjs'
import { report, row } from './support/report.mjs'

const { values } = parseOptions({
  options: {
    runs: { type: 'string', default: '15' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const MB = 1e6

/** Bytes of all files, as they are and not in blocks of the disk. */
const sizeOf = folder =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)

/** Direct or not, each once. */
const packagesIn = project =>
  Object.keys(JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')).packages).filter(path => path !== '')

const folder = mkdtempSync(join(tmpdir(), 'outlive-install-'))
try {
  const project = installPacked(folder)
  const packages = packagesIn(project)
  const [all, own] = ['node_modules', 'node_modules/outlive'].map(part => sizeOf(join(project, part)))
  // The same again with fastify beside it, which must not count.
  rmSync(project, { recursive: true })
  const beside = installPacked(folder, 'fastify@5')
  const programs = { nothing: '', outlive: `import 'outlive'`, fastify: `import 'fastify'` }
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(beside, `${name}.mjs`), `${text}\n${TELL}\n`)
  const files = Object.fromEntries(Object.keys(programs).map(name => [name, [join(beside, `${name}.mjs`)]]))
  const times = timeProcesses(files, { runs: values.quick ? 5 : Number(values.runs), cwd: beside })
  const above = (name, field) => times[name][field] - times.nothing[field]
  const rows = [
    row('packages installed', packages.length, 'packages', { below: 25 }),
    row('size installed', all / MB, 'MB', { below: 15 }),
    row('of that, Outlive itself', own / MB, 'MB'),
    row(`import 'outlive'`, above('outlive', 'ms'), 'ms'),
    row(`import 'fastify'`, above('fastify', 'ms'), 'ms'),
    row(`import 'outlive' / import 'fastify'`, above('outlive', 'ms') / above('fastify', 'ms'), 'x', { atMost: 0.5 }),
    row(`... in processor time`, above('outlive', 'cpu') / above('fastify', 'cpu'), 'x', { atMost: 0.5 }),
  ]
  report({ bench: 'install', rows, packages }, values)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
