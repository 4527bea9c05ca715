/**
 * Cold start: from the start of a process to the first module LIVE, and to the last of 1000, in a folder of modules that import nothing, against native imports of the
 * same files. JavaScript everywhere; TypeScript where Node runs it itself.
 *
 *   node bench/cold.mjs [--modules 1000] [--runs 7] [--quick] [--json]
 *
 * Outlive is as it is installed: packed, into an empty project. It remembers what TypeScript became from one start to the next; that is timed with nothing remembered, too. Times are
 * of whole processes, medians of runs in turns.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseOptions } from './support/options.mjs'
import { installPacked } from './support/packed.mjs'
import { TELL, timeProcesses } from './support/processes.mjs'
import { report, row } from './support/report.mjs'

const { values } = parseOptions({
  options: {
    modules: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '7' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const MANY = Number(values.modules)
const runs = values.quick ? 3 : Number(values.runs)

/** A module such as a plugin is: a parameter, a registration, ten functions. */
const source = (i, typed) => {
  const number = typed ? ': number' : ''
  const functions = Array.from(
    { length: 10 },
    (_, j) => `function work${j}(a${number}, b${number}) {
  let x = a + ${i * j}
  for (let n = 0; n < b; n++) x = x * ${j} + n
  return x
}`,
  )
  return `${functions.join('\n')}
export const name = 'm${i}'
export const handler = (a${number}) => work0(a, 3) + work9(a, 2)
export function init(k${typed ? ': { register(point: string, ops: unknown): void }' : ''}) {
  k.register('bench', handler)
}
`
}

const HOST = `
import { createKernel } from 'outlive'
const [folder, extension, count, cache] = process.argv.slice(2)
const kernel = createKernel({ cache: cache === 'none' ? false : { folder: cache } })
const point = kernel.point('bench')
for (let i = 0; i < Number(count); i++) await kernel.insmod(folder + '/m' + i + extension)
if (point.size !== Number(count)) throw new Error(point.size + ' are there')
${TELL}
// What was loaded is written down in the next turn of the event loop, which a host that stays has.
setImmediate(() => process.exit())
`
/** What a host writes that has no kernel: it imports each and calls its init. */
const NATIVE = `
import { pathToFileURL } from 'node:url'
const [folder, extension, count] = process.argv.slice(2)
const point = []
const k = { register: (name, ops) => point.push(ops) }
for (let i = 0; i < Number(count); i++) (await import(pathToFileURL(folder + '/m' + i + extension).href)).init(k)
if (point.length !== Number(count)) throw new Error(point.length + ' are there')
${TELL}
process.exit()
`

/** Node strips types by itself from 22.18 and 24 on. */
const extensions = process.features.typescript ? ['.js', '.ts'] : ['.js']

const scratch = mkdtempSync(join(tmpdir(), 'outlive-cold-'))
try {
  const project = installPacked(scratch)
  const folder = join(project, 'modules')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  writeFileSync(join(project, 'host.mjs'), HOST)
  writeFileSync(join(project, 'native.mjs'), NATIVE)
  for (const extension of extensions)
    for (let i = 0; i < MANY; i++) writeFileSync(join(folder, `m${i}${extension}`), source(i, extension === '.ts'))
  measure(project, folder)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function measure(project, folder) {
  const rows = []
  for (const extension of extensions)
    for (const [count, goal] of [
      [1, { atMost: 1.15 }],
      [MANY, { atMost: 1 }],
    ]) {
      const isTyped = extension === '.ts'
      const program = (name, ...words) => [
        '--no-warnings',
        join(project, name),
        folder,
        extension,
        String(count),
        ...words,
      ]
      const times = timeProcesses(
        {
          outlive: program('host.mjs', join(project, 'cache')),
          native: program('native.mjs'),
          ...(isTyped && { forgetful: program('host.mjs', 'none') }),
        },
        { runs, cwd: project },
      )
      const what = `${count} ${isTyped ? 'TypeScript' : 'JavaScript'} module${count === 1 ? '' : 's'}`
      rows.push(
        row(`${what}: outlive`, times.outlive.ms, 'ms'),
        row(`${what}: native imports`, times.native.ms, 'ms'),
        row(`${what}: outlive / native`, times.outlive.ms / times.native.ms, 'x', goal),
        row(`${what}: outlive / native in processor time`, times.outlive.cpu / times.native.cpu, 'x', goal),
      )
      if (isTyped) rows.push(row(`${what}: nothing remembered / native`, times.forgetful.ms / times.native.ms, 'x'))
    }
  report({ bench: 'cold', rows }, values)
}
