import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { fixture, root } from '../support/paths.ts'

interface End {
  readonly end?: true
  readonly tried: number
  readonly out?: { readonly name: string; readonly at: number }
  readonly left: number
  readonly lingering: number
  readonly taints: string
}

const scratch = mkdtempSync(join(tmpdir(), 'outlive-walk-'))
after(() => rmSync(scratch, { recursive: true }))
const modules = join(scratch, 'modules')
const run = (...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout
}
run('bench/installer/generate.mjs', fixture('catalogue'), modules, '--limit', '120')

/** Walks through 120 modules of a kernel package with room for few of them. */
function walk(...words: string[]): End {
  const limit = String(12 * 1024 * 1024)
  const lines = run('--max-old-space-size=64', 'bench/installer/walk.mjs', modules, words[0]!, limit, ...words.slice(1))
  return JSON.parse(lines.trimEnd().split('\n').at(-1)!) as End
}

it('refcount and collect try every module in little memory, untainted', () => {
  for (const scheme of ['refcount', 'collect']) {
    const { tried, out, left, taints } = walk(scheme)
    assert.deepEqual([tried, out, left, taints], [120, undefined, 0, ''], scheme)
  }
})

it('retain runs out of memory with ENOMEM, and the process lives', () => {
  const { tried, out, taints, lingering } = walk('retain')
  assert.ok(out !== undefined && tried < 120, JSON.stringify(out))
  assert.ok(lingering > 20)
  assert.equal(taints, '')
})

it('retain that reclaims under pressure tries every module, and is tainted', () => {
  const { tried, out, taints } = walk('retain', 'reclaim')
  assert.deepEqual([tried, out, taints], [120, undefined, 'R'])
})

it('draws the picture and prints the table with one command', () => {
  const svg = join(scratch, 'installer.svg')
  const table = run('bench/installer.mjs', '--limit', '6', '--parallel', '--svg', svg)
  assert.match(table, /^scheme .*\nrefcount .*\nretain .*\nretain, reclaiming .*\ncollect .*$/m)
  assert.match(readFileSync(svg, 'utf8'), /^<svg[\s\S]*<\/svg>\n$/)
})
