import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { LEFTOVER_KINDS, ONE_SHOT } from '#dist/kernel/leftovers/kinds.js'
import { matches, readBlocks } from '../docs/blocks.ts'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

const text = readFileSync(join(root, 'docs', 'leftovers.md'), 'utf8')

describe('docs/leftovers.md', () => {
  it('shows what really happens', t => {
    const folder = new Folder()
    t.after(() => folder.remove())
    mkdirSync(folder.file('node_modules'))
    symlinkSync(root, folder.file('node_modules/outlive'), 'dir')
    for (const block of readBlocks(text)) {
      if (block.kind === 'file') folder.write({ [block.name]: block.text })
      else
        for (const { command, output } of block.steps) {
          const [, ...args] = command.split(' ')
          const printed = execFileSync(process.execPath, args, { cwd: folder.path, encoding: 'utf8' })
          if (!matches(printed.trimEnd(), output.trimEnd())) assert.equal(printed, output)
        }
    }
  })

  it('tells of every kind that there is', () => {
    const kinds = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind)
    assert.deepEqual(kinds.sort(), [...LEFTOVER_KINDS].sort())
  })

  it('names the kinds that calls in flight keep', () => {
    const [, list = ''] = /what serves one purpose \(([^)]*)\)/.exec(text)!
    assert.deepEqual([...list.matchAll(/`(\w+)`/g)].map(([, kind]) => kind).sort(), [...ONE_SHOT].sort())
  })
})
