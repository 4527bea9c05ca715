import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { TAINTS } from '#dist/kernel/taint.js'
import { root } from '../support/paths.ts'
import { runProgram } from './child.ts'

const text = readFileSync(join(root, 'docs', 'schemes.md'), 'utf8')

describe('docs/schemes.md', () => {
  const examples = [...text.matchAll(/```js run\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g)]
  it('has examples', () => assert.ok(examples.length >= 2))
  for (const [index, [, program, printed]] of examples.entries())
    it(`prints what example ${index + 1} prints`, async t => {
      assert.equal(await runProgram(t, {}, program!, [], ''), printed)
    })

  it('lists the taints that there are', () => {
    const rows = Object.values(TAINTS).map(({ letter, bit, meaning }) => `| ${letter} | ${bit} | ${meaning} |`)
    const [, table = ''] = /<!-- taints -->\n([\s\S]*?)<!-- \/taints -->/.exec(text)!
    assert.equal(table.trim(), ['| letter | bit | meaning |', '| --- | --- | --- |', ...rows].join('\n'))
  })
})
