/**
 * Well-known npm packages, each in the node_modules of a module folder of its own: loaded, used, unloaded, again and again. Compared with Node's own loader in a
 * process of its own: the answer, and the time to load. The packages are installed below .cache/ when they are not there.
 *
 *   node bench/packages.mjs [--only NAME] [--cycles 20] [--json] [--progress]
 */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { CASES } from './packages/cases.mjs'
import { median } from './support/statistics.mjs'
import { formatTable } from './support/table.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    cycles: { type: 'string', default: '20' },
    json: { type: 'boolean' },
    progress: { type: 'boolean' },
  },
})
const HERE = fileURLToPath(new URL('packages/', import.meta.url))
const CACHE = fileURLToPath(new URL('../.cache/packages/', import.meta.url))
const NATIVE_RUNS = 3
const run = promisify(execFile)

/** A module folder with the package in its node_modules. */
function prepare({ name, use }) {
  const folder = join(CACHE, name.replace(/[@/]/g, '_'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'use.mjs'), use)
  writeFileSync(
    join(folder, 'index.mjs'),
    `import { use } from './use.mjs'\nexport const init = k => void k.register('use', use)\n`,
  )
  if (!existsSync(join(folder, 'node_modules', name))) {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, exports: './index.mjs' }))
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', name], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  return folder
}

async function measure(example) {
  const folder = prepare(example)
  const parse = ({ stdout }) => JSON.parse(stdout.trim().split('\n').at(-1))
  try {
    const natives = []
    const colds = []
    let outlive
    for (let i = 0; i < NATIVE_RUNS; i++) {
      natives.push(parse(await run(process.execPath, [join(HERE, 'native.mjs'), join(folder, 'use.mjs')])))
      const measured = parse(
        await run(process.execPath, ['--expose-gc', join(HERE, 'measure.mjs'), folder, i === 0 ? values.cycles : '0']),
      )
      colds.push(measured.cold)
      outlive ??= measured
    }
    const native = median(natives.map(({ loaded }) => loaded))
    return {
      ...outlive,
      name: example.name,
      right: outlive.answer === natives[0].answer,
      coldRatio: median(colds) / native,
      againRatio: outlive.again / native,
    }
  } catch (error) {
    return {
      name: example.name,
      failed: String(error.stderr ?? error.message)
        .trim()
        .split('\n')
        .slice(-8)
        .join('\n'),
    }
  }
}

const wanted = CASES.filter(({ name }) => values.only === undefined || values.only === name)
const rows = []
for (const example of wanted) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${rows.length}/${wanted.length} ${example.name}`)
  const row = await measure(example)
  rows.push(row)
  if (values.progress)
    console.error(
      row.failed
        ? `${row.name}: FAILED\n${row.failed}`
        : `${row.name}: ${JSON.stringify({ ...row, answer: undefined })}`,
    )
}
if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')

if (values.json) console.log(JSON.stringify(rows))
else {
  const cells = rows.map(row =>
    row.failed
      ? [row.name, 'FAILED', '', '', '', '', '', '']
      : [
          row.name,
          row.right ? 'yes' : 'NO',
          `${Math.round(row.size / 1024)}`,
          `${row.collected}/${values.cycles}`,
          `${(row.growth * 100).toFixed(1)} %`,
          row.coldRatio.toFixed(2),
          row.againRatio.toFixed(2),
          String(row.leftovers.length),
        ],
  )
  console.log(`Node ${process.version}\n`)
  console.log(
    formatTable([
      ['package', 'answer right', 'KB', 'collected', 'heap', 'cold / native', 'reload / native', 'leftovers'],
      ...cells,
    ]),
  )
  for (const { name, failed } of rows) if (failed) console.log(`\n${name}:\n${failed}`)
}
