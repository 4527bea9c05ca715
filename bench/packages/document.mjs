import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { median } from '../support/statistics.mjs'
import { missed } from './goals.mjs'

const HEAD = `# Whole packages

Well-known npm packages, each in the node_modules of a module folder of its own. All of a package is loaded into the module's image, used, and given back by \`rmmod\`. Written by \`node bench/packages.mjs --write\`, which takes its time; what each
package is used for stands in [cases.mjs](../bench/packages/cases.mjs).
`

const COLUMNS = `
## The columns

- **answer**: what the package says is the same as under Node's own loader.
- **collected**: images that the collector took, of all that were made; one that stays is [explained below](#what-stays-and-why).
- **heap**: what \`gc()\` leaves after so many cycles more of load, use and unload, against before them. A process is warmed up by 25 cycles first.
- **left**: leftovers that the unload report names.

Times are against Node's own loader:

- **first**: \`insmod\` of the module in a fresh process against \`import()\` of the same code in another, the first time of all.
- **cold**: the same when the [cache of loads](design.md#loads-are-remembered) knows the package.
- **reload**: \`insmod\` in a process that has loaded it before, against \`import()\` of the same files under a folder name that Node has not seen: nothing else makes Node load a package anew.`

const TAIL = `
Where the heap has grown by more than 2 % although every image went, what has grown is the engine's: a place of 8 bytes in its list of scripts for each text that was ever compiled, which only a last-resort collection takes back, and code that got
hot meanwhile. Packages of many small files show it most.

## Where the time goes

A load resolves, reads, scans, compiles and runs.

- **From first to cold**: the [cache of loads](design.md#loads-are-remembered) spares resolving, scanning and most of compiling. With \`--no-cache\` the bench shows all without.
- **Of a first load** the resolver, which a process loads once, and the parser, where the lexer cannot be sure, take the largest part: each is loaded when it is first needed.
- **Of a reload** what is left is running the code, V8's restoring of what it had compiled, asking the disk whether anything has changed, and the collector.
- **A package of one small file** is loaded in about the time that looking up the record and opening the views of an image takes, so that its ratios are above those of large packages. In a fresh process that code of Outlive runs for the first time,
  too.
- **webpack**, and to a lesser degree kafkajs, require most of their files when these are first used. Node has not read those files yet when the package is there; an image has read all that can be named without running it, so that a call that still
  runs in it after a replace finds its own version of each. Its load is that of the whole package.
`

const percent = figure => `${figure >= 0 ? '+' : ''}${(figure * 100).toFixed(1)} %`
const ratio = ({ outlive, native }) => (outlive / native).toFixed(2)
const cell = text => text.replaceAll('|', '\\|')

function line(result) {
  const { name, version, failed } = result
  if (failed) return `| ${name} ${version} | fails | | | | | | | |`
  const { right, size, collected, images, growth, leftovers, first, cold, reload } = result
  const misses = missed(result)
  const judged = (goal, text) => (misses.has(goal) ? `**${text}**` : text)
  const cells = [
    `${name} ${version}`,
    judged('answer', right ? 'same' : 'differs'),
    Math.round(size / 1024),
    judged('collected', `${collected} of ${images}`),
    judged('heap', percent(growth)),
    leftovers.length,
    ratio(first),
    judged('cold', ratio(cold)),
    judged('reload', ratio(reload)),
  ]
  return `| ${cells.join(' | ')} |`
}

const middle = (results, of) =>
  median(results.flatMap(result => (result[of] ? [result[of].outlive / result[of].native] : []))).toFixed(2)

/** What stays in memory, fails or is left behind, and why. */
function remarks(results) {
  return results.flatMap(({ name, failed, lingering = [], leftovers = [] }) => [
    ...(failed ? [`- **${name}** fails: ${cell(failed.split('\n').at(-1))}`] : []),
    ...(lingering.length > 0
      ? [
          `- **${name}** keeps ${lingering.length === 1 ? 'one image' : `${lingering.length} images`}, as \`why\` says:\n${holdersOf(lingering)}`,
        ]
      : []),
    ...(leftovers.length > 0 ? [`- **${name}** leaves behind: ${leftovers.join(', ')}`] : []),
  ])
}

const TOLD = 2

function holdersOf(lingering) {
  const texts = [...new Set(lingering.flatMap(({ holders }) => holders))].map(text => `  - \`${text}\``)
  const more = texts.length - TOLD
  return [...texts.slice(0, TOLD), ...(more > 0 ? [`  - and ${more} more`] : [])].join('\n')
}

/** The text of docs/packages.md. */
export function describePackages(results, { cycles }) {
  const kinds = [...new Set(results.map(({ kind }) => kind))]
  const tables = kinds.map(kind =>
    [
      `\n## ${kind}\n`,
      '| package | answer | KB | collected | heap | left | first | cold | reload |',
      '| --- | --- | --: | --: | --: | --: | --: | --: | --: |',
      ...results.filter(result => result.kind === kind).map(line),
    ].join('\n'),
  )
  const keepers = results.filter(({ failed }) => !failed).map(missed)
  const whole = keepers.filter(misses => !['answer', 'collected', 'heap'].some(goal => misses.has(goal)))
  const fast = whole.filter(misses => misses.size === 0)
  const found = remarks(results)
  return [
    HEAD,
    `- **${whole.length} of ${results.length}** packages: right answer, every image collected, heap within 2 % after ${cycles} cycles.`,
    `- **${fast.length}** of them also load in at most 1.3 times the time of Node's own loader cold, and in less on a reload.`,
    `- Medians of all, Node's own loader being 1: first ${middle(results, 'first')}, cold ${middle(results, 'cold')}, reload ${middle(results, 'reload')}.`,
    '',
    'What misses one of these is in bold.',
    `Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0].model.trim()}, commit ${commit()}.`,
    COLUMNS,
    ...tables,
    ...(found.length > 0 ? ['\n## What stays, and why\n', ...found] : []),
    TAIL,
  ].join('\n')
}

const commit = () => execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
