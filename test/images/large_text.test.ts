import { equal, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { decode, joinText, readContents } from '#dist/images/large_text.js'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

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

describe('a module', () => {
  // With less of a stack, on which fewer things have room.
  it('may export, import and assign more names than the stack has room for', t => {
    const names = Array.from({ length: 25_000 }, (_, index) => `f${index}`)
    const folder = new Folder({
      'exports.js': names.map(name => `export function ${name}() {}`).join('\n'),
      'imports.js': `import { ${names.map(name => `sep as ${name}`).join()} } from 'node:path'`,
      'parsed.js': `await 0; export const own = 1; () => [${names.map(() => 'arguments').join()}]`,
    })
    t.after(() => folder.remove())
    const script = `
      import { createKernel } from 'outlive'
      const kernel = createKernel()
      for (const name of ['exports', 'imports', 'parsed']) await kernel.insmod(process.argv[1] + '/' + name + '.js')
      console.log(kernel.lsmod().map(({ name }) => name).join())
      await kernel.close()`
    const args = ['--stack-size=160', '--input-type=module', '--eval', script, folder.path]
    equal(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }), 'exports,imports,parsed\n')
  })
})
