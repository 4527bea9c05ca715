/**
 * Runs the benches on several lines of Node, one after another, and writes docs/performance.md with its pictures: what was promised and what came out, the peers, all
 * figures, and what is written by hand in bench/performance/notes.md.
 *
 *   npm run bench -- performance [--quick] [--only NAME]... [--node LINE]... [--render]
 *
 * Results are kept in bench/performance/results/, so that `--only` runs a few again and leaves the others as they were, and `--render` runs none. They are
 * under version control: whoever changes the page has what the others found, on whichever machine.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { provideNodes } from '../scripts/nodes.mjs'
import { drawPictures, writeComparison, writePage } from './performance/page.mjs'
import { parseOptions } from './support/options.mjs'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const RESULTS = fileURLToPath(new URL('performance/results/', import.meta.url))
/** These are no benches, or benches of all the others. */
const OTHERS = new Set(['run', 'performance'])
const LIMIT_MS = 1_800_000
/** What goes into the page is the whole of it, and these draw pictures of their own. */
const DRAWN = {
  installer: ['--full', '--svg', fileURLToPath(new URL('../docs/images/installer.svg', import.meta.url))],
  schemes: ['--svg', fileURLToPath(new URL('../docs/images/schemes.svg', import.meta.url))],
}

const { values } = parseOptions({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    node: { type: 'string', multiple: true, default: ['20', '24'] },
    render: { type: 'boolean', default: false },
  },
})
const benches = readdirSync(FOLDER)
  .filter(file => file.endsWith('.mjs'))
  .map(file => file.slice(0, -'.mjs'.length))
  .filter(name => !OTHERS.has(name))
  .sort()

/** What a bench prints with `--json`, or why it did not. */
function run(name, node) {
  const script = `${FOLDER}${name}.mjs`
  // Not every bench is so long that it has a short form.
  const quick = values.quick && readFileSync(script, 'utf8').includes('quick:') ? ['--quick'] : []
  const drawn = values.quick ? [] : (DRAWN[name] ?? [])
  return new Promise(resolve => {
    const child = spawn(node.path, [script, '--json', ...quick, ...drawn], { stdio: ['ignore', 'pipe', 'inherit'] })
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    let output = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text
    })
    child.on('close', () => {
      clearTimeout(limit)
      try {
        const result = JSON.parse(output.trim().split('\n').at(-1))
        resolve(Array.isArray(result.rows) ? result : { failed: 'it does not print rows' })
      } catch {
        resolve({ failed: output.trim().split('\n').at(-1) || 'it printed nothing' })
      }
    })
  })
}

const machine = `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}`

/** A line each for what is long, so that a change of one figure is seen as one. */
function writeResult(file, result) {
  const line = value => JSON.stringify(value)
  const fields = Object.entries(result).map(([name, value]) =>
    Array.isArray(value) ? `${line(name)}: [\n${value.map(line).join(',\n')}\n]` : `${line(name)}: ${line(value)}`,
  )
  writeFileSync(file, `{\n${fields.join(',\n')}\n}\n`)
}

mkdirSync(RESULTS, { recursive: true })
/** One a line of Node, so that its next version takes the place of the last. */
const fileOf = (name, node) => join(RESULTS, `${name}-${node.version.replace(/^v(\d+).*/, '$1')}.json`)
const nodes = await provideNodes(values.node)
const results = []
for (const name of benches) {
  let isOfAllLines = false
  for (const node of nodes) {
    if (isOfAllLines) break
    const file = fileOf(name, node)
    const wanted = !values.render && (values.only === undefined || values.only.includes(name))
    if (wanted) {
      const started = performance.now()
      const result = await run(name, node)
      const seconds = Math.round((performance.now() - started) / 1000)
      console.log(`${name} on ${node.version}: ${result.failed ? `FAILED, ${result.failed}` : `${seconds} s`}`)
      if (!result.failed) writeResult(file, { ...result, date: new Date().toISOString().slice(0, 10), machine })
    }
    if (!existsSync(file)) continue
    const result = JSON.parse(readFileSync(file, 'utf8'))
    results.push(result)
    isOfAllLines = result.rows.some(row => row.node !== undefined)
  }
}
drawPictures(results)
writeComparison(results)
writePage(results, { quick: values.quick })
