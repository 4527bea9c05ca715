import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Script } from 'node:vm'
import { parse, type Token } from 'acorn'
import { readCode } from '#dist/images/code_reader.js'
import { applyEdits } from '#dist/images/edits.js'
import type { ModuleSource } from '#dist/images/module_source.js'
import { parseModule } from '#dist/images/parse.js'
import { hasModuleSyntax, scanModule } from '#dist/images/scan.js'
import { essenceOf } from '../support/module_essence.ts'
import { shareOf, shareOfRuns } from '../support/share.ts'

const strays = (texts: readonly string[], expected: boolean) => {
  for (const text of texts) it(JSON.stringify(text), () => assert.equal(readCode(text)?.mayStray, expected))
}

describe('a return or yield that may stand outside of functions', () => {
  strays(
    [
      'return',
      'if (a) { return }',
      'for (;;) { return 1 }',
      'try { } catch (e) { return }',
      'class A { static { return } }',
      'a => 1; return',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
      '`${a => 1}`; return',
      'function f() {} return',
      'f()\n{ return }',
      'const a = (b = yield) => b',
      'class A { x = yield }',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
      '`${"}"}${return}`',
    ],
    true,
  )
})

describe('a return or yield that stands in a function, or is none', () => {
  strays(
    [
      'function f() { return }',
      'function f(a = {}) { if (a) { return 1 } }',
      'function f()\n{ return }',
      'async function* f()\n{ yield 1 }',
      'const f = async () => { return }',
      'const o = { f() { return }, get g() { return 1 } }',
      'class A { f() { return } static async *g() { yield 1 } }',
      'a.return',
      'a?.yield',
      '"return"',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
      '`return ${a} yield`',
      '// return\n/* yield */',
      '/return/.test(a)',
      'a = b / 2 / c; // return',
      'if (a) /return/.exec(b)',
      'class A { #return = 1; f() { return this.#return } }',
    ],
    false,
  )
})

describe('what only a parser can tell', () => {
  for (const text of [
    'arguments',
    'const f = () => arguments[0]',
    'class A { x = arguments }',
    'new.target',
    'const f = () => new.target',
    'await (a)',
    'await\na',
    'eval("a")',
    'eval /* so */ ("a")',
    'using a = b',
    'a <!-- b',
    'a --> b',
    '\\u0061',
    'import("a"); export {}',
    'export { a as "\\u0061" }',
    'a ? arguments : b',
    'switch (a) { case b, arguments: }',
    'class A extends (b) { [arguments[0]]() {} }',
    'const a = { arguments }',
    'const a = { arguments /* b */ : c }',
    'const a = {} / 2',
    'function f()\n{ } foo()\n{ arguments }',
    '"a',
    '/* a',
    '(a',
    'a)',
    '`${a',
  ])
    it(JSON.stringify(text), () => assert.equal(readCode(text), undefined))
})

describe('what means nothing where it stands', () => {
  for (const text of [
    'function f() { return arguments.length + new.target }',
    'const o = { f() { arguments } }',
    'a.arguments + a.eval(1) + a.await',
    'async function f() { await (a); await [b] }',
    'for await (const a of b) ;',
    '(0, eval)("a")',
    '"arguments" + `new.target` + /eval(1)/',
    '// await (a)\n/* <!-- */',
    'let using = 1; using += 1',
    'const a = { arguments: 1, b: { c, arguments: 2 } }',
    'if (a) { arguments: for (;;) break }',
    'const { a, arguments: b } = c',
    'const a = 1; export { a as await }',
    'export {}',
    'export {} from "a"',
    '#!/usr/bin/env node arguments',
  ])
    it(JSON.stringify(text), () => assert.notEqual(readCode(text), undefined))
})

describe('names', () => {
  it('are those of the code, not of comments, strings and regular expressions', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
    const text = 'a.b(`c ${d} e`); /f/.g; // h\n"i"; import.meta; ü\u2028[1e5, 0x1f, .5]'
    const asked = Array.from('abcdefghi')
    assert.deepEqual(readCode(text)!.named(asked), ['a', 'b', 'd', 'g'])
    assert.deepEqual(readCode('é1 + ü')!.named(['é1', 'ü', 'é']), ['é1', 'ü'])
  })

  it('are found in a text that is too large to be kept room for', () => {
    const text = `${'// filling\n'.repeat(400_000)}process.exit()`
    assert.deepEqual(readCode(text)!.named(['process', 'fetch']), ['process'])
    assert.deepEqual(readCode('fetch()')!.named(['process', 'fetch']), ['fetch'])
  })
})

it('finds every one of very many assignments', () => {
  const asked = ['a0', 'a19999']
  assert.deepEqual(readCode('b')!.named(asked), [])
  const lines = Array.from({ length: 20_000 }, (_, i) => `a${i} = ${i}; a0 += 1`)
  const code = readCode(lines.join('\n'))!
  for (const name of ['a0', 'a1', 'a9999', 'a19999']) assert.ok(code.assigns([{ localName: name }]), name)
  assert.ok(!code.assigns([{ localName: 'a20000' }]))
  // What is noted of them has made the memory grow meanwhile.
  assert.deepEqual(code.named(asked), asked)
})

/** The ES modules of this project and of what it depends on, with the names in each as a parser finds them. */
function* installed(): Generator<readonly [file: string, text: string, names: readonly string[]]> {
  for (const folder of ['node_modules', 'build/src', 'dist'])
    for (const file of shareOf(scripts(new URL(`../../../${folder}`, import.meta.url).pathname))) {
      const text = readFileSync(file, 'utf8').replace(/^\ufeff/, '')
      const names = text.length < 1_000_000 && hasModuleSyntax(text) && namesIn(text)
      if (names) yield [file, text, [...names]]
    }
}

const scripts = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.m?js$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))

/** Undefined where the text is no module. */
function namesIn(text: string): Set<string> | undefined {
  const names = new Set<string>()
  const onToken = (token: Token): void => {
    if (token.type.label === 'name') names.add((token as Token & { value: string }).value)
  }
  try {
    parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true, onToken })
    return names
  } catch {
    return undefined
  }
}

it('reads what is installed as a parser does', () => {
  const counts = { texts: 0, scanned: 0 }
  for (const [file, text, names] of installed()) {
    counts.texts++
    const source = scanModule(text, names)
    if (!source) continue
    counts.scanned++
    assert.deepEqual(source.unchecked?.names, names, file)
    agree(file, text, source)
  }
  // One in twenty has something that is left to the parser, and a share of them may have more.
  assert.ok(counts.texts > 75 && counts.scanned > 0.85 * counts.texts, JSON.stringify(counts))
})

/** What is compiled is the same too, but for the white space, semicolons and blocks that stand in place of declarations. */
const compiled = (text: string, { edits }: ModuleSource): string => applyEdits(text, edits).replace(/\{\}|[\s;]/g, '')

function agree(file: string, text: string, source: ModuleSource): void {
  const parsed = parseModule(file, text)
  assert.deepEqual(essenceOf(source), essenceOf(parsed), file)
  assert.equal(compiled(text, source), compiled(text, parsed), file)
}

describe('imports and exports that need no parser', () => {
  for (const text of [
    'export {}',
    'export { }\nexport {};',
    'const a = 1\nexport {}',
    'export {} from "a"',
    'export {} from "a"; import b from "a"; export { b as c }',
    'const a = {}; export {}',
    'export default { a: 1 }',
    'const a = 1\nexport default {\n  a,\n  b() {},\n}',
    'export default{}',
    'const a = 1; const b = 2; export { /* in "braces" } */ a, // and {@link b}\n b as await }',
    'const a = 1; export { a as in, a as default, }',
    'const a = { arguments: 1 }; export { a }',
  ])
    it(JSON.stringify(text), () => {
      const source = scanModule(text)
      assert.ok(source)
      agree('/main.mjs', text, source)
      new Script(`function*a(){{${applyEdits(text, source.edits)}\n}}`)
    })
})

/** Texts. A run of a change has always the same ones, and others elsewhere. */
const RUNS = shareOfRuns(
  Number(process.env.FUZZ_RUNS ?? 4000),
  Number(process.env.OUTLIVE_FIRST_SEED ?? Math.floor(Math.random() * 2 ** 30)),
)

it('judges modules that were changed at random as the engine does', async () => {
  const folders = ['build/src', 'node_modules'].map(name => new URL(`../../../${name}`, import.meta.url).pathname)
  const program = new URL('../support/mutated_modules.js', import.meta.url).pathname
  const flags = ['--experimental-vm-modules', '--no-warnings']
  const words = [String(RUNS.numRuns), String(RUNS.seed)]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, ...words, ...folders])
  const { read, modules } = JSON.parse(stdout) as { read: number; modules: number }
  assert.ok(modules > RUNS.numRuns / 10 && read > 1.2 * modules, stdout)
})
