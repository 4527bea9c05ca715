import { ok } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { decode, joinText, readContents } from '#dist/images/large_text.js'
import { Folder } from '../support/folder.ts'

const LINES = {
  'ASCII alone': 'export const a = 1\n',
  'Latin letters': 'const café = 1\n',
  'other letters': '// größer ≥ 漢字 😀\n',
}
const MEGABYTE = 1 << 20

const readText = (file: string): string => decode(readContents(file).bytes)

describe('readContents', () => {
  const folder = new Folder()
  const file = folder.file('text.js')
  after(() => folder.remove())
  for (const [what, line] of Object.entries(LINES))
    for (const bytes of [0, 1, 1 << 16, (1 << 16) + 1, 2 * MEGABYTE, 5 * MEGABYTE])
      it(`reads ${bytes} bytes of ${what} as readFileSync does`, () => {
        writeFileSync(file, Buffer.from(line.repeat(Math.ceil(bytes / line.length))).subarray(0, bytes))
        ok(readText(file) === readFileSync(file, 'utf8'))
      })

  it('gives texts that later ones do not change', () => {
    writeFileSync(file, LINES['ASCII alone'].repeat(100_000))
    const first = readText(file)
    writeFileSync(file, 'x'.repeat(first.length))
    readText(file)
    ok(first === LINES['ASCII alone'].repeat(100_000))
  })
})

describe('joinText', () => {
  for (const [what, line] of Object.entries(LINES))
    for (const count of [0, 3, Math.ceil((2 * MEGABYTE) / line.length)])
      it(`joins ${count} pieces of ${what}`, () => {
        const pieces = Array.from({ length: count }, () => line)
        ok(joinText(pieces) === line.repeat(count))
      })
})
