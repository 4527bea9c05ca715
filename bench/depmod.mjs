/**
 * Measures depmod over 5000 generated modules: the time for each, and what it takes again when nothing or one of them has changed. The modules have the sizes that
 * most of a kernel package's have, imports of earlier ones, aliases and parameters.
 *
 *   npm run bench -- depmod [--modules 5000] [--quick] [--json]
 */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createKernel } from '../dist/index.js'
import { parseOptions } from './support/options.mjs'
import { report, row } from './support/report.mjs'
import { median } from './support/statistics.mjs'

const { values } = parseOptions({
  options: {
    modules: { type: 'string', default: '5000' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const count = values.quick ? 1000 : Number(values.modules)

function source(i) {
  const imports =
    i % 3 === 0 ? [] : [Math.floor(i / 2), Math.floor(i / 7)].filter((j, at, all) => all.indexOf(j) === at)
  const info = {
    description: `Module ${i}`,
    license: 'MIT',
    params: { size: { type: 'int', default: i } },
    aliases: Array.from({ length: i % 13 }, (_, j) => `bus:v${i}p${j}*`),
  }
  const functions = Array.from(
    { length: 10 + (i % 50) },
    (_, j) =>
      `function work${j}(a, b) { let x = a + ${i * j}; for (let n = 0; n < b; n++) x = x * ${j} + n; return x }`,
  )
  return [
    ...imports.map(j => `import { use${j} } from './m${j}.js'`),
    `export const info = ${JSON.stringify(info)}`,
    ...functions,
    `export function use${i}(a) { return work0(a, 3)${imports.map(j => ` + use${j}(a)`).join('')} }`,
    '',
  ].join('\n')
}

const folder = mkdtempSync(join(tmpdir(), 'outlive-depmod-'))
try {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  for (let i = 0; i < count; i++) writeFileSync(join(folder, `m${i}.js`), source(i))
  // What was written just now might change within the same tick of the file system's clock, and would be looked at twice.
  await setTimeout(50)
  const fresh = () => createKernel({ modules: folder, config: false })
  const first = await fresh().depmod()
  if (first.read !== count || first.problems.length > 0) throw new Error(JSON.stringify(first.problems.slice(0, 3)))
  const times = async work => {
    const all = []
    for (let round = 0; round < 9; round++) all.push(await work())
    return median(all)
  }
  const kernel = fresh()
  await kernel.depmod()
  const again = await times(async () => (await kernel.depmod()).ms)
  const anew = await times(async () => (await fresh().depmod()).ms)
  appendFileSync(join(folder, 'm1.js'), '\nexport const more = 1\n')
  const one = await fresh().depmod()
  if (one.read !== 1) throw new Error(`read ${one.read} for one change`)
  report(
    {
      bench: 'depmod',
      rows: [
        row(`${count} modules read, indexed and written`, first.ms, 'ms'),
        row('a module', (first.ms / count) * 1000, 'us'),
        row('again when nothing changed, in the same kernel', (again / first.ms) * 100, '%', { atMost: 2 }),
        row('again when nothing changed, in a new kernel', (anew / first.ms) * 100, '%', { atMost: 2 }),
        row('again when one changed, in a new kernel', (one.ms / first.ms) * 100, '%'),
      ],
    },
    values,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
