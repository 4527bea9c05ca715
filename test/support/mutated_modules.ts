/**
 * Changes real modules at random, a token or two in each, and holds what becomes of them here against what the engine says of them as modules. Run with `--experimental-vm-modules`:
 *
 *   mutated_modules.js RUNS SEED FOLDER...
 *
 * prints how many texts were read without a parser, and how many of them were modules; or fails with the smallest text that was judged differently.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import vm from 'node:vm'
import fc from 'fast-check'
import type { FileOwner } from '#dist/images/file_owner.js'
import { NO_GLOBALS } from '#dist/images/image.js'
import { SyntheticModule } from '#dist/images/module_record.js'
import type { ModuleSource } from '#dist/images/module_source.js'
import { parseModule } from '#dist/images/parse.js'
import { scanModule } from '#dist/images/scan.js'
import { SourceModule } from '#dist/images/source_module.js'
import { essenceOf } from './module_essence.ts'

const [runs, seed, ...folders] = process.argv.slice(2)

/** What may mean something else than where it stood, or end something too early. */
const INSERTED = [
  ...[
    'return',
    'yield',
    'arguments',
    'new.target',
    'await x',
    'await (x)',
    'eval(x)',
    'using x = 1',
    '\\u0061',
    'throw',
  ],
  ...['/', '/x/', '/[/]/', '`', '`${', '}', '{', '(', ')', '[', ']', '"', "'", '/*', '*/', '//', '<!--', '-->', '#!'],
  ...['\n', '\u00a0', '\u0301', 'é', '=>', ';', '=', '= 1', '++', '--', '...', '?.', '#x', ',', '.5', '1..'],
  ...['async', 'async\n', 'function', 'function f(){', 'class A {', 'static {', 'get x() {', 'if (x)', 'for (x of y)'],
  ...[
    'for await (x of y)',
    '=> {',
    'a => b',
    'do',
    'else',
    'case',
    'default',
    'of',
    'in',
    'typeof',
    'delete',
    'let x',
    'var',
  ],
  ...[
    'export',
    'export {}',
    'export { x }',
    'export default',
    'import',
    'import "x"',
    'import(x)',
    'import.meta',
    'from',
  ],
]

const scripts = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.m?js$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))

/** Names and words, white space, and single characters of all else. */
const TOKEN = /[\w$]+|\s+|[^\w\s]/g
const modules = folders
  .flatMap(scripts)
  .map(file => readFileSync(file, 'utf8'))
  .filter(text => text.length < 6000 && /^(?:import|export)\b/m.test(text))
  .map(text => text.match(TOKEN)!)

const mutation = fc.tuple(fc.nat(), fc.oneof(fc.constant('remove'), fc.nat(), fc.constantFrom(...INSERTED)))
const mutated = fc
  .tuple(fc.nat({ max: modules.length - 1 }), fc.array(mutation, { minLength: 1, maxLength: 2 }))
  .map(([index, mutations]) => {
    const tokens = [...modules[index]!]
    for (const [place, change] of mutations) {
      const at = place % tokens.length
      if (change === 'remove') tokens.splice(at, 1)
      else tokens.splice(at, 0, typeof change === 'number' ? tokens[change % tokens.length]! : ` ${change} `)
    }
    return tokens.join('')
  })

const owner: FileOwner = {
  globals: NO_GLOBALS,
  owns: () => false,
  dynamicImport: () => Promise.resolve({}),
  importSource: () => Promise.resolve({}),
  importMeta: () => ({}),
}

/** Node 20 and 22 end with an assertion of their own where what is wrong goes over several lines: there only what a parser reads is compared. */
const ASKS_ENGINE = Number.parseInt(process.versions.node, 10) > 22

/** Why the text is no module, to the engine. */
function refusalOf(text: string): string | undefined {
  try {
    ;new (vm as unknown as { SourceTextModule: new (text: string) => object }).SourceTextModule(text)
    return undefined
  } catch (error) {
    return String(error)
  }
}

/** The same, to what was made of it here. */
function refusalHere(text: string, source: ModuleSource): string | undefined {
  try {
    const module = new SourceModule('/main.mjs', 'file:///main.mjs', text, source, owner)
    const names = [...source.imports, ...source.indirectExports].flatMap(({ importName }) => importName ?? [])
    const dependency = new SyntheticModule('/dep.mjs', ['default', ...names], name => name)
    module.requested = source.requests.map(() => dependency)
    module.imports.resolve()
    module.instantiate(new Set(), 'never')
    return undefined
  } catch (error) {
    return String(error)
  }
}

const counts = { read: 0, modules: 0 }
const judge = (text: string): void => {
  const source = scanModule(text)
  if (!source) return
  counts.read++
  const here = refusalHere(text, source)
  const refusal = ASKS_ENGINE ? refusalOf(text) : here
  // The parser, which is asked for the place, is stricter with a call that is assigned to.
  if (here?.includes('Assigning to rvalue')) return
  if ((refusal === undefined) !== (here === undefined)) throw new Error(`the engine: ${refusal}; here: ${here}`)
  if (refusal !== undefined) return
  counts.modules++
  let parsed: ModuleSource
  try {
    parsed = parseModule('/main.mjs', text)
  } catch {
    return
  }
  if (essenceOf(parsed) !== essenceOf(source))
    throw new Error(`the parser: ${essenceOf(parsed)}; here: ${essenceOf(source)}`)
}
fc.assert(fc.property(mutated, judge), { numRuns: Number(runs), seed: Number(seed) })
console.log(JSON.stringify(counts))
