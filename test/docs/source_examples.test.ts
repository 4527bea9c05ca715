import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import { runHostCode } from '#dist/kernel/host_code.js'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

const MODULES = {
  'modules/hello.js': `
    export const info = { params: { greeting: { type: 'string', default: 'Hello' } }, aliases: ['greeting:*'] }
    export const init = k => k.register('greeter', function greet(name) { return k.params.greeting + ' ' + name })`,
  'modules/db.js': 'export const rows = []',
  'modules/api.js': `
    import { rows } from './db.js'
    export const info = { description: 'Counts rows' }
    export const count = () => rows.length`,
  'modules/mouse.js': 'export const probe = () => false',
}

/** What examples name without an import. */
const NAMED = {
  createKernel: 'index',
  ModuleError: 'index',
  codeFrame: 'images/code_frame',
  parseParams: 'kernel/moduleparam',
}
const packages = new Map(
  Object.values(NAMED).map(name => [`outlive/${name}`, fileURLToPath(import.meta.resolve(`#dist/${name}.js`))]),
)

interface Example {
  /** `kernel/kernel.ts:182` */
  readonly place: string
  readonly text: string
  /** What it says that it prints: comments behind \`console.log\` and on the lines after it, and behind an \`await\` that prints. */
  readonly prints: string
}

function readExamples(file: string): Example[] {
  const source = readFileSync(join(root, 'src', file), 'utf8')
  return [...source.matchAll(/^ *\* @example\n((?: *\* .*\n)+)/gm)].map(({ index, 1: lines = '' }) => {
    const text = lines.replaceAll(/^ *\* /gm, '').replaceAll(/^ *\*\/$/gm, '')
    const printed = text.split('\n').flatMap(line => {
      const [, before, comment] = /^(.*?)\/\/ ?(.*)$/.exec(line) ?? []
      const says = before !== undefined && (before === '' || /console\.log|rmmod/.test(before))
      return says && comment !== undefined ? [comment] : []
    })
    return {
      place: `${file}:${source.slice(0, index).split('\n').length}`,
      text,
      prints: text.includes('console.log') ? printed.join('\n') : '',
    }
  })
}

const examples = readdirSync(join(root, 'src'), { recursive: true })
  .map(String)
  .filter(file => file.endsWith('.ts'))
  .sort()
  .flatMap(readExamples)

describe('the examples in the sources', () => {
  const folder = new Folder(MODULES)
  const cwd = process.cwd()
  before(() => process.chdir(folder.path))
  after(() => {
    process.chdir(cwd)
    folder.remove()
  })

  it('are of the kernel above all', () => {
    assert.ok(examples.filter(({ place }) => place.startsWith('kernel/kernel.ts')).length >= 10)
  })

  for (const { place, text, prints } of examples)
    it(`run: ${place}`, async () => {
      const printed: string[] = []
      Object.assign(globalThis, { print: (...what: unknown[]) => printed.push(format(...what)) })
      const imports = Object.entries(NAMED).map(([name, file]) => `import { ${name} } from 'outlive/${file}'\n`)
      const own = text.includes('const kernel') ? '' : `const kernel = createKernel({ modules: './modules' })\n`
      const program = `${imports.join('')}const console = { log: globalThis.print }\n${own}${text}\nawait kernel.close()\n`
      folder.write({ 'example.ts': program })
      await runHostCode('example', folder.file('example.ts'), packages)
      if (prints !== '') assert.equal(printed.join('\n'), prints)
    })
})
