import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { root } from '../support/paths.ts'
import { searchInProcess } from './in_process.ts'
import { MUTANTS, type Mutant } from './mutants.ts'
import type { Found } from './search.ts'

/** Each mistake must show within so many schedules. */
const SCHEDULES = 20_000
const SEED = 20_030_115
const MINUTES = 8

/** The project as it is built, in a folder of its own, with one mistake made in it. */
function mutate(folder: string, { file, changes }: Mutant): void {
  for (const part of [join('build', 'src'), join('build', 'test', 'schedules'), 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir')
  const path = join(folder, 'build', 'src', 'kernel', file)
  let text = readFileSync(path, 'utf8')
  for (const [from, to] of changes) {
    assert.equal(
      text.split(from).length,
      2,
      `build/src/kernel/${file} must hold once, for this mistake to be made:\n${from}`,
    )
    text = text.replace(from, () => to)
  }
  writeFileSync(path, text)
}

it('the documentation lists each of them', () => {
  const text = readFileSync(join(root, 'docs', 'schedules.md'), 'utf8')
  const table = text.slice(text.indexOf('| mistake |')).split('\n\n')[0]!.split('\n').slice(2)
  const listed = table.filter(line => line.startsWith('|')).map(line => line.split('|')[1]!.trim())
  assert.deepEqual(
    listed,
    MUTANTS.map(({ mistake }) => mistake),
  )
})

/** Two dozen searches: a minute or two, which is CI's to spend. */
const skip = process.env.OUTLIVE_MUTANTS === undefined && 'OUTLIVE_MUTANTS=1 runs it'

describe('deliberate mistakes', { concurrency: availableParallelism(), skip }, () => {
  const rows: { readonly mistake: string; readonly rule: string; readonly schedules: number }[] = []
  let scratch = ''

  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'outlive-mutants-'))
  })

  after(() => {
    rmSync(scratch, { recursive: true, force: true })
    const order = (mistake: string): number => MUTANTS.findIndex(mutant => mutant.mistake === mistake)
    for (const { mistake, rule, schedules } of rows.sort((a, b) => order(a.mistake) - order(b.mistake)))
      console.log(`| ${mistake} | ${rule} | ${schedules} |`)
  })

  for (const [index, mutant] of MUTANTS.entries())
    it(`schedules catch: ${mutant.mistake}`, async () => {
      const folder = join(scratch, String(index))
      mutate(folder, mutant)
      const main = join(folder, 'build', 'test', 'schedules', 'search_main.js')
      const order = { schedules: SCHEDULES, seed: mutant.seed ?? SEED, carrier: 'memory', shrinks: false } as const
      const found: Found = await searchInProcess(order, MINUTES, main)
      assert.ok(found.broken, `not caught in ${found.schedules} schedules`)
      rows.push({ mistake: mutant.mistake, rule: found.broken.rule, schedules: found.schedules })
    })
})
