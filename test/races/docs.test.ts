import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  createModel,
  type Exploration,
  explore,
  isModelName,
  MODEL_NAMES,
  schemeTable,
  timeline,
} from '#dist/races/index.js'

const file = new URL('../../../docs/races.md', import.meta.url)
const MARKED = /<!-- races: (?<what>[^>]+) -->\n[\s\S]*?<!-- \/races -->/g

const explorations = new Map<string, Exploration>(MODEL_NAMES.map(name => [name, explore(createModel(name))]))

/** What belongs between the markers: the table, or the shortest schedule of the race of a model at a point. */
function generate(what: string): string {
  if (what === 'example') return runExample()
  if (what === 'table') return schemeTable([...explorations.values()], { times: false })
  const [name, point] = what.split(', ')
  assert.ok(name !== undefined && isModelName(name), `no model for the marker '${what}'`)
  const { model, races } = explorations.get(name)!
  const race = races.find(each => each.point === point)
  assert.ok(race?.shortest, `no race for the marker '${what}'`)
  return `${timeline(model, race.seed)}\n\noutlive races --replay ${race.seed}`
}

/** Runs the page's program as a reader would, from a file inside the package, where its own name resolves. */
function runExample(): string {
  const program = /```js\n([\s\S]*?)```/.exec(readFileSync(file, 'utf8'))![1]!
  const folder = mkdtempSync(fileURLToPath(new URL('example-', import.meta.url)))
  try {
    writeFileSync(join(folder, 'example.mjs'), program)
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, 'example.mjs')], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return stdout.trimEnd()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('docs/races.md', () => {
  it('shows what the explorer finds (OUTLIVE_UPDATE_DOCS=1 writes it anew)', () => {
    const text = readFileSync(file, 'utf8')
    const marked = [...text.matchAll(MARKED)]
    assert.ok(marked.length >= 6)
    const expected = text.replace(MARKED, (_, what: string) =>
      [`<!-- races: ${what} -->`, '```text', generate(what), '```', '<!-- /races -->'].join('\n'),
    )
    if (process.env.OUTLIVE_UPDATE_DOCS === '1') writeFileSync(file, expected)
    else assert.equal(text, expected)
  })

  it('names seeds that are schedules of races', () => {
    const seeds = [...readFileSync(file, 'utf8').matchAll(/--replay ([a-z0-9.-]+)/g)].map(([, seed]) => seed!)
    const known = new Set([...explorations.values()].flatMap(({ races }) => races.map(({ seed }) => seed)))
    assert.ok(seeds.length > 0)
    for (const seed of seeds) assert.ok(known.has(seed), seed)
  })
})
