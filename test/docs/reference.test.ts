import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createKernel, ModuleError } from 'outlive'
import { ERROR_CODES } from '#dist/kernel/errno.js'
import { outlive, socketFolder } from '../support/command.ts'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

const page = readFileSync(join(root, 'docs', 'reference.md'), 'utf8')

/** Down to the next heading of this or a higher rank: of a section with `##`, its subsections too. */
function section(heading: string): string {
  const end = heading.startsWith('###') ? '^##' : '^## '
  return new RegExp(`^${heading}\n([\\s\\S]*?)(?=${end})`, 'm').exec(page)![1]!
}

/** Of the tables in a section, what stands as code in the first column. */
const named = (heading: string): string[] =>
  [...section(heading).matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!),
  )

describe('docs/reference.md', () => {
  it('has a row for each error that there is', () => {
    assert.deepEqual(named('## Errors').sort(), [...ERROR_CODES].sort())
  })

  it('has a row for each option of createKernel', () => {
    const refusal = (() => {
      try {
        createKernel({ nothing: 1 } as object)
      } catch (error) {
        return error instanceof ModuleError ? error.message : ''
      }
    })()
    const [, known = ''] = /it has (.*)$/.exec(refusal ?? '')!
    assert.deepEqual(named('## Options of `createKernel`').sort(), known.split(', ').sort())
  })

  it('names methods and properties that there are', () => {
    const kernel = createKernel()
    const points = named('### Extension points').filter(code => /^\w+(?:\(|$)/.test(code))
    for (const code of points) assert.ok(/^\w+/.exec(code)![0] in kernel.point('p'), code)
    const reports = named('### Unload reports')
    const others = named('## The kernel').filter(code => !reports.includes(code) && !points.includes(code))
    const members = others.flatMap(code => /^(\w+)(?:\(|$)/.exec(code)?.[1] ?? [])
    assert.ok(members.length > 20)
    for (const member of members) assert.ok(member in kernel, member)
  })

  it('has a row for each field of an unload report', async t => {
    const folder = new Folder({ 'a.js': '' })
    t.after(() => folder.remove())
    const kernel = createKernel({ modules: folder.path })
    await kernel.modprobe('a')
    const report = await kernel.rmmod('a', { reclaim: true })
    assert.deepEqual(named('### Unload reports').sort(), Object.keys(report).sort())
  })

  it('has a row for each command', async t => {
    const { stdout } = await outlive(['--help'], socketFolder(t))
    const listed = [...stdout.matchAll(/^ {2}(\w+) {2,}\w/gm)].map(([, name]) => name!)
    const told = named('## Commands').flatMap(code => /^([a-z]+)/.exec(code)?.[1] ?? [])
    assert.ok(listed.length > 15)
    assert.deepEqual([...new Set(told)].sort(), listed.sort())
  })
})
