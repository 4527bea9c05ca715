import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { applyEdits } from '#dist/images/edits.js'
import type { FileOwner } from '#dist/images/file_owner.js'
import { NO_GLOBALS } from '#dist/images/image.js'
import { SyntheticModule } from '#dist/images/module_record.js'
import { DEFAULT, type ModuleSource } from '#dist/images/module_source.js'
import { parseModule } from '#dist/images/parse.js'
import { scanModule } from '#dist/images/scan.js'
import { SourceModule } from '#dist/images/source_module.js'
import { shareOfRuns } from '../support/share.ts'

const RUNS = shareOfRuns(
  Number(process.env.FUZZ_RUNS ?? 1500),
  Number(process.env.OUTLIVE_FIRST_SEED ?? Math.floor(Math.random() * 2 ** 30)),
)

/** Pieces of a module. `#` stands for a number of its own, so that names are unique unless a piece wants otherwise. */
const PIECES = [
  'import d# from "./dep.mjs"',
  'import d#, { x as x# } from "./dep.mjs"',
  'import d#, * as n# from "./dep.mjs"',
  'import * as n# from "./dep.mjs"',
  "import { x as x#, default as y#, } from './dep.mjs'",
  'import {\n  x as x#,\n  y as y#\n} from "./dep.mjs"',
  'import "./dep.mjs"',
  'import {} from "./dep.mjs"',
  'import{x as x#}from"./dep.mjs"',
  'import /* a */ { x as /* b */ x# } from "./dep.mjs"',
  'import { x as x# } // tail\n from "./dep.mjs"',
  'import j# from "./dep.mjs" with { type: "json" }',
  'import { "x" as x# } from "./dep.mjs"',
  'import { y as x# } from "./dep.mjs"; export { x# }',
  'import * as n# from "./dep.mjs"; export { n#, n# as "n #" }',
  'export const v# = #',
  'export let v# = [#, "}"]',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
  'export var v# = `${#}{`, w# = /[{/]}/',
  'export let v#',
  'export const { a: a#, b: [b#] = [#], ...c# } = { a: #, d: 1 }',
  'export function f#(a, b = { c: 1 }) { if (a) { return b } return { d: # } }',
  'export async function f#() { await null; return # }',
  'export function* g#() { yield # }',
  'export async function* g#() { for await (const x of []) yield x }',
  'export class C# { m() { return # } static s = # }',
  'export class D# extends Object { get x() { return # } }',
  'let v# = #; export { v# as w# }',
  'const v# = #; export { v#, v# as "s #", }',
  'function h#() { return # } export { h# as default }',
  'var v# = #\nexport { v# }',
  'export { late# }; const late# = #',
  'export default #',
  'export default { a: #, b() { return 1 } }',
  'export default [#]',
  'export default function () { return # }',
  'export default function named#() { return # }',
  'export default class { m() { return # } }',
  'export default class Named# {}',
  'export default class extends Object {}',
  'export default async () => #',
  'export default (a => a)(#)',
  'export default /re#/g',
  'export * from "./dep.mjs"',
  'export * as ns# from "./dep.mjs"',
  'export { x as r# } from "./dep.mjs"',
  'export { default as q#, y as "t #" } from "./dep.mjs"',
  'export { default } from "./dep.mjs"',
  'export {}',
  'const s# = "import x from \'y\'; export { z }"',
  "const s# = 'export default 1; return yield'",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
  'const t# = `import "a" ${`${1}` + "}"} export {`',
  'const r# = /export {x} from "y"/.test("")',
  'const r# = 4 / 2 / 1; // export default 2',
  '/* import x from "y" */',
  '// export { a }',
  'const o# = { import: 1, export: 2, default: 3, return: 4, get: 5 }',
  'const m# = import.meta.url',
  'const i# = () => import("./dep.mjs")',
  'const i# = () => import("./dep.mjs").then(ns => ns.x)',
  'if (#) { let local = 1; local++ } else { }',
  'for (const x of [#]) { if (x) continue; break }',
  'const q# = (a => { return a })(#)',
  'const k# = function () { return this }',
  '{ function inner() { return # } inner() }',
  'label#: for (;;) { break label# }',
  'const p# = Math.max(#, 1)',
  'const p# = String((a => a)(#)).at(0)',
  'String(")")',
  'String(\n  #)',
  'if(#) String(#)',
  'try { throw # } catch (e) { } finally { }',
  'let a# = 1; a# = #',
  'let a# = 1; a#++; [a#] = [#]',
  'export let z# = 1; z# = #',
  'export let z# = 1; const up# = () => { z# += 1 }; up#()',
  'export let z# = 1; (z#) = 2',
  'let z#; export { z# }; ({ z# } = { z#: # })',
  'const shadow# = (v0, v1) => { v0 = 1; v1++; return v0 }',
  'switch (#) { case 1: { break } default: }',
  'var e# = typeof arguments',
  'const n# = new (class { constructor() { this.t = new.target } })()',
  'const w# = (x# => x# --> 0)(1)',
  'import { // first\n x as x#, /* } from */ y as y# // last }\n } from "./dep.mjs"',
  'import d# /* , { z } */ from "./dep.mjs"',
  'const c# = #; export { // one }\n c#, /* two, */ c# as "a.b #" }',
  'const c# = #; export { c# as "} #" }',
  'const c# = #; export { c#, /* , */, }',
  'const c# = #; export { c# /* } */, c# as d# }',
  "const c# = #; export { c# as 'module.exports#' }",
  'export { /* x */ x as x#, y as "y //#" } from "./dep.mjs"',
  // Words that mean something else in a function, and where they mean nothing.
  'export const u# = function () { return arguments.length }',
  'export const u# = { m() { return arguments[#] } }.m(#)',
  'export const u# = (() => typeof arguments)()',
  'export const u# = (() => { return typeof arguments })()',
  'export const u# = (function () { return (() => typeof arguments)() })()',
  'export const u# = /* a */function() { return typeof arguments }()',
  'export const u# = Object.keys(class { static [typeof arguments] = 1 })',
  'export const u# = Object.keys(class extends Object { static [typeof arguments] = 1 })',
  'export const u# = Object.keys(class extends String(Object).constructor.constructor("return Object")() { static [typeof arguments] = 1 })',
  'const base# = () => Object; export const u# = Object.keys(class extends base#() { static [typeof arguments] = 1 })',
  'export const u# = ((a = typeof arguments) => a)()',
  'export const u# = (function (a = typeof arguments) { return a })()',
  'export const u# = { arguments: # }.arguments',
  'export const u# = function () { return [...arguments] }(#)',
  'export const u# = typeof [...typeof arguments]',
  'const u# = { *g() { return arguments }, get arguments() { return # } }',
  'class U# { #p() { return arguments } async m() { return await (this.#p()) } }',
  'export async function f#(a) { if (a) { return [await (#), ...await [#]] } }',
  'const f# = async a => { for (const b of await (a)) await (b) }',
  'const f# = async (a, b = {}) => { return { c: await /* x */ a } }',
  'const f# = { async m() { return await (#) }, async *g() { yield await (#) } }',
  'async function f#() { return [1].map(x => await (x)) }',
  'async function f#() { return [1].map(x => { return await (x) }) }',
  'async function f#() { function g(a = await (1)) { } }',
  'async function f#() { return (a = await (1)) => { } }',
  'async function f#() { return async (a) => await (a) }',
  'async function f#() { class A { x = await (1) } }',
  'async function f#() { class A { static { await (1) } } }',
  'async function f#() { return { get a() { return await (1) } } }',
  'async function f#() { return function ()\n{ await (1) } }',
  'async function f#() { if (#) { await (1) } else { await [#] } }',
  'function f#() { { await (1) } }',
  'class A# { async\n m() { await (1) } }',
  'class A# { async() { await (1) } }',
  'class A# { static async *#m() { await (1) } }',
  'export const f# = async () => await (#)',
  `class A# { async "m#"() { const f = x => x; await (#) } async '#'(x) { return x => await (x) } }`,
  'async function f#() { const g = x => class { a = 1; static [await (#)] = 2 } }',
  'async function f#() { for (const g = x => x; await (#); ) break }',
  'class A# { "async"() { await (1) } }',
  'async function f#() { return [1].map(async ([x]) => [x, await /* x */ g(x)]) }',
  'const f# = () => [async x => await (x), await (#)]',
  'async function f#() { return async x => y => await (x) }',
  'async function f#(async) { return async => await (async) }',
  'const o# = { async: 1, "m"() { await (1) } }',
  '// using arguments, await (x) and eval(y)',
  '/* new.target --> <!-- using x */',
  'const u# = "arguments await (x) eval(y)" + /arguments|await (x)|using [/] x/.source',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
  'const u# = `using ${"x"} arguments ${`await (${#})`}`',
  'if (#) /arguments[)] "/.test("")',
  'let i# = 1; i#++ / 2; "a/b arguments"',
  'const using = #, u# = using',
  'export async function f#() { return await (#) }',
  'async function f#() { for await (const x of []) x }',
  'function f#() { return new.target }',
  'const u# = () => new.target',
  'export const u# = "\\u0041\\u{61}"',
  'export const \\u0061b# = #',
  'await (#)',
  'if (#) { let l = #; while (l-->0) ; }',
  // Not a module, or only in some company.
  'return #',
  'if (#) return',
  'if (false) { return # }',
  'yield',
  'let v0 = 1',
  'function v0() {}',
  'export { missing# }',
  'export let v0',
  'if (#) import "./dep.mjs"',
  'if(#)',
  'if (String(#))',
  'while(\nfalse)',
  'with(#)',
  'switch(#)',
  'function f#()',
  'function\nf#()',
  'async function * f#()',
  '{ }',
  'if (#) export var v#',
  '{ export let v# }',
  'const await# = await',
  'let await',
  'x# = {} import "./dep.mjs"',
  'const u# = 1 export { u# }',
  'import { x } from "./dep.mjs" 1',
  '})(); (() => {',
  '}',
  '{',
  '`',
  'import.meta = 1',
  'new import("./dep.mjs")',
  'import()',
]

const SEPARATORS = ['\n', ';', '; ', ';\n', '\r\n', '\n\n', ' ', '', '; /* c */ ', ' // c\n']

const moduleText = fc
  .array(fc.tuple(fc.constantFrom(...PIECES), fc.constantFrom(...SEPARATORS)), { minLength: 1, maxLength: 8 })
  .map(parts => parts.map(([piece, separator], index) => piece.replaceAll('#', String(index)) + separator).join(''))

/** What a text is, whoever reads it; the order of lists that have none is made alike. */
function recordOf(source: ModuleSource): unknown {
  const sorted = <T>(list: readonly T[]): T[] =>
    list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  return {
    requests: source.requests.map(({ specifier, attributes }) => ({ specifier, attributes })),
    imports: source.imports.map(({ request, importName, localName }) => ({ request, importName, localName })),
    localExports: sorted(source.localExports.map(({ exportName, localName }) => ({ exportName, localName }))),
    indirectExports: sorted(
      source.indirectExports.map(({ exportName, request, importName }) => ({ exportName, request, importName })),
    ),
    starExports: source.starExports,
    hasTopLevelAwait: source.hasTopLevelAwait,
    mutableExports: source.mutableExports,
    namesDefault: source.namesDefault,
  }
}

const owner: FileOwner = {
  globals: NO_GLOBALS,
  owns: () => false,
  dynamicImport: () => Promise.resolve({}),
  importSource: () => Promise.resolve({}),
  importMeta: () => ({ url: 'file:///main.mjs' }),
}

/** Links and runs a text as it was read. @returns its exports in words, or the name of what it threw */
function outcomeOf(text: string, source: ModuleSource): string {
  try {
    const module = new SourceModule('/main.mjs', 'file:///main.mjs', text, source, owner)
    const dep = new SyntheticModule('/dep.mjs', ['default', 'x', 'y'], name => `dep ${name}`)
    module.requested = source.requests.map(() => dep)
    module.imports.resolve()
    module.instantiate(new Set(), 'never')
    if (module.source.hasTopLevelAwait) return 'awaits'
    module.execute()
    const { namespace } = module as { namespace: Record<string, unknown> }
    return Object.keys(namespace)
      .map(name => `${name}=${show(namespace[name])}`)
      .join('\n')
  } catch (error) {
    return (error as Error).name
  }
}

/** Functions and classes are told by their names: their texts differ by what is blanked. */
const show = (value: unknown): string =>
  typeof value === 'function' ? `function ${value.name}` : (JSON.stringify(value) ?? String(value))

const linesOf = (text: string): number[] => [...text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)].map(match => match.index)

describe('the lexer reads what the parser reads', () => {
  it('wherever it does not give up', () => {
    let read = 0
    fc.assert(
      fc.property(moduleText, text => {
        const scanned = scanModule(text)
        if (!scanned) return
        read++
        let parsed: ModuleSource
        try {
          parsed = parseModule('/main.mjs', text)
        } catch {
          // The engine is then the judge of what the lexer let pass, before anything runs.
          assert.equal(outcomeOf(text, scanned), 'SyntaxError')
          return
        }
        // Only the engine tells a lexer that a text awaits.
        assert.deepEqual(recordOf(scanned), recordOf({ ...parsed, hasTopLevelAwait: false }))
      }),
      RUNS,
    )
    assert.ok(read > RUNS.numRuns / 50, `it gave up on all but ${read} of ${RUNS.numRuns}`)
  })

  it('and what it makes of them runs alike', () => {
    fc.assert(
      fc.property(moduleText, text => {
        const scanned = scanModule(text)
        if (!scanned) return
        let parsed: ModuleSource
        try {
          parsed = parseModule('/main.mjs', text)
        } catch {
          return
        }
        assert.equal(outcomeOf(text, scanned), outcomeOf(text, parsed))
      }),
      RUNS,
    )
  })
})

describe('edits', () => {
  it('of the lexer keep the length, and every line end in its place', () => {
    fc.assert(
      fc.property(moduleText, text => {
        const scanned = scanModule(text)
        if (!scanned) return
        const edited = applyEdits(text, scanned.edits)
        assert.equal(edited.length, text.length)
        assert.deepEqual(linesOf(edited), linesOf(text))
      }),
      RUNS,
    )
  })

  it('of the parser keep every line, are in order, and do not overlap', () => {
    fc.assert(
      fc.property(moduleText, fc.boolean(), (text, cyclic) => {
        let parsed: ModuleSource
        try {
          parsed = parseModule('/main.mjs', text, cyclic)
        } catch {
          return
        }
        let at = 0
        for (const { start, end } of parsed.edits) {
          assert.ok(start >= at && end >= start, 'out of order')
          at = end
        }
        assert.equal(linesOf(applyEdits(text, parsed.edits)).length, linesOf(text).length)
        if (!text.includes(DEFAULT)) assert.notEqual(outcomeOf(text, parsed), 'SyntaxError')
      }),
      RUNS,
    )
  })
})
