import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorOf, type Files, loadImage, loadNative, sameAsNative } from '../support/image_harness.ts'

/** Graphs that cannot be linked: a SyntaxError before anything runs. */
const UNLINKABLE: Readonly<Record<string, Files>> = {
  'an import of a missing export': { 'main.mjs': 'import { missing } from "./a.mjs"', 'a.mjs': 'export const a = 1' },
  'an import of a missing default': { 'main.mjs': 'import missing from "./a.mjs"', 'a.mjs': 'export const a = 1' },
  'a re-export of a missing export': { 'main.mjs': 'export { missing } from "./a.mjs"', 'a.mjs': '' },
  'a re-export of a missing export further down': {
    'main.mjs': 'import "./a.mjs"',
    'a.mjs': 'export { x as y } from "./b.mjs"',
    'b.mjs': 'export let y',
  },
  'an import through a star of a default': {
    'main.mjs': 'import d from "./a.mjs"',
    'a.mjs': 'export * from "./b.mjs"',
    'b.mjs': 'export default 1',
  },
  'a re-export of a default through a star': {
    'main.mjs': 'export { default } from "./a.mjs"',
    'a.mjs': 'export * from "./b.mjs"',
    'b.mjs': 'export default 1',
  },
  'an import of a name that two stars give': {
    'main.mjs': 'import { x } from "./a.mjs"',
    'a.mjs': 'export * from "./b.mjs"; export * from "./c.mjs"',
    'b.mjs': 'export const x = 1',
    'c.mjs': 'export const x = 2',
  },
  'a re-export of a name that two stars give': {
    'main.mjs': 'export { x } from "./a.mjs"',
    'a.mjs': 'export * from "./b.mjs"; export * from "./c.mjs"',
    'b.mjs': 'export const x = 1',
    'c.mjs': 'export const x = 2',
  },
  'a circle of re-exports': {
    'main.mjs': 'export { a } from "./b.mjs"',
    'b.mjs': 'export { a } from "./main.mjs"',
  },
  'a circle of re-exports of itself': { 'main.mjs': 'export { a } from "./main.mjs"' },
  'a circle of renamed re-exports': {
    'main.mjs': 'export { a as b, b as a } from "./main.mjs"',
  },
  'a circle of stars without the name': {
    'main.mjs': 'import { x } from "./a.mjs"',
    'a.mjs': 'export * from "./b.mjs"',
    'b.mjs': 'export * from "./a.mjs"',
  },
  'an import of an imported name that was not exported': {
    'main.mjs': 'import { x } from "./a.mjs"',
    'a.mjs': 'import { x } from "./b.mjs"',
    'b.mjs': 'export let x',
  },
  'a missing name of itself': { 'main.mjs': 'import { x } from "./main.mjs"' },
  'a missing export of a builtin': { 'main.mjs': 'import { notThere } from "node:fs"' },
  'a name of JSON': {
    'main.mjs': 'import { a } from "./a.json" with { type: "json" }',
    'a.json': '{"a":1}',
  },
}

describe('16.2.1.7.3.1 InitializeEnvironment refuses', () => {
  for (const [what, files] of Object.entries(UNLINKABLE))
    it(what, async () => {
      const marks: string[] = []
      Object.assign(globalThis, { linkMarks: marks })
      const marked = {
        ...files,
        'main.mjs': `import './first.mjs'; ${files['main.mjs']}`,
        'first.mjs': 'linkMarks.push(1)',
      }
      await assert.rejects(loadNative(marked), { name: 'SyntaxError' }, 'the native loader takes it')
      assert.equal((await errorOf(marked)).name, 'SyntaxError')
      assert.deepEqual(marks, [])
    })

  it('and tells the place of the import and the name', async () => {
    const error = await errorOf({ 'main.mjs': '\n  import { missing } from "./a.mjs"', 'a.mjs': '' })
    assert.equal(error.message, `The requested module './a.mjs' does not provide an export named 'missing'`)
    const { place } = (error as Error & { fault: { place: { line: number; column: number } } }).fault
    assert.deepEqual([place.line, place.column], [2, 12])
  })

  it('and tells of a syntax error rather than of what is missing by it', async () => {
    const error = await errorOf({
      'main.mjs': 'import { a } from "./a.mjs"; import { b } from "./b.mjs"',
      'a.mjs': 'export const b = 1',
      'b.mjs': 'const x = () => {\n  return (1\n}\nexport const b = x',
    })
    assert.match((error as Error & { fault: { kind: string; place: { file: string } } }).fault.place.file, /b\.mjs$/)
    assert.equal((error as Error & { fault: { kind: string } }).fault.kind, 'syntax')
  })

  it('and says that a name is ambiguous', async () => {
    const error = await errorOf(UNLINKABLE['an import of a name that two stars give']!)
    assert.match(error.message, /conflicting star exports for name 'x'/)
  })
})

/** Graphs that link, with what they export. */
const LINKABLE: Readonly<Record<string, Files>> = {
  'GetExportedNames: a star gives all names but default': {
    'main.mjs': 'export * from "./a.mjs"; export const own = 0',
    'a.mjs': 'export const a = 1, b = 2; export default 3',
  },
  'GetExportedNames: an own name hides that of a star': {
    'main.mjs': 'export * from "./a.mjs"; export const a = "own"',
    'a.mjs': 'export const a = 1, b = 2',
  },
  'GetExportedNames: a re-export hides that of a star': {
    'main.mjs': 'export * from "./a.mjs"; export { b as a } from "./b.mjs"',
    'a.mjs': 'export const a = 1',
    'b.mjs': 'export const b = 2',
  },
  'ResolveExport: the same binding by two stars is not ambiguous': {
    'main.mjs': 'import { x } from "./a.mjs"; export { x }',
    'a.mjs': 'export * from "./b.mjs"; export * from "./c.mjs"',
    'b.mjs': 'export { x } from "./d.mjs"',
    'c.mjs': 'export * from "./d.mjs"',
    'd.mjs': 'export const x = 1',
  },
  'ResolveExport: an imported and exported name is the binding of its origin': {
    'main.mjs': 'import { x } from "./a.mjs"; export { x }',
    'a.mjs': 'export * from "./b.mjs"; export * from "./c.mjs"',
    'b.mjs': 'import { x } from "./d.mjs"; export { x }',
    'c.mjs': 'export { x } from "./d.mjs"',
    'd.mjs': 'export const x = 1',
  },
  'ResolveExport: an ambiguous name is missing from a namespace': {
    'main.mjs': 'import * as ns from "./a.mjs"; export { ns }; export const has = "x" in ns',
    'a.mjs': 'export * from "./b.mjs"; export * from "./c.mjs"',
    'b.mjs': 'export const x = 1, y = 1',
    'c.mjs': 'export const x = 2, z = 2',
  },
  'ResolveExport: stars in a circle end': {
    'main.mjs': 'export * from "./a.mjs"; export const own = 1',
    'a.mjs': 'export * from "./main.mjs"; export const a = 2',
  },
  'ResolveExport: a star of itself ends': { 'main.mjs': 'export * from "./main.mjs"; export const a = 1' },
  'ResolveExport: a name is found past a circle of stars': {
    'main.mjs': 'import { x } from "./a.mjs"; export { x }',
    'a.mjs': 'export * from "./b.mjs"',
    'b.mjs': 'export * from "./a.mjs"; export * from "./c.mjs"',
    'c.mjs': 'export const x = 1',
  },
  'ResolveExport: a circle between two modules by other names': {
    'main.mjs': 'export { b as a } from "./b.mjs"; export const x = 1',
    'b.mjs': 'export { x as b } from "./main.mjs"',
  },
  '16.2.3 export * as a namespace, and by any name': {
    'main.mjs':
      'export * as ns from "./a.mjs"; export * as "a name" from "./a.mjs"; export * as default from "./a.mjs"',
    'a.mjs': 'export const a = 1',
  },
  '16.2.3 names that are strings': {
    'main.mjs':
      'import { "a b" as x, "☃" as y, default as z } from "./a.mjs"; export { x as "x y", y as "", z as "\\u{1F600}" }',
    'a.mjs': 'let a = 1, b = 2; export { a as "a b", b as "☃", a as "default" }',
  },
  '12.7.1 escapes in names are what they stand for': {
    'main.mjs':
      'import { \\u03bc as x, d\\u0061ta } from "./a.mjs"; export { x as \\u03bb, d\\u0061ta as __, data }; export { \\u03bc as y, z as \\u{61}z } from "./a.mjs"; export let l\\u0065t_ = 1; let q; export { \\u0071 as r }',
    'a.mjs': 'let x = 1, z = 2; export { x as \\u03bc, z as y, z }; export const data = 3',
  },
  '16.2.3 strings in re-exports': {
    'main.mjs': 'export { "a b" as "c d", "a b" } from "./a.mjs"; export * from "./a.mjs"',
    'a.mjs': 'let a = 1; export { a as "a b", a as "e f" }',
  },
  '16.2.3 names that are words': {
    'main.mjs': 'import { if as x, class as y } from "./a.mjs"; export { x as while, y as null }',
    'a.mjs': 'let a = 1, b = 2; export { a as if, b as class, a as default }',
  },
  '16.2.1.7.1 an imported namespace that is exported is a binding of its own': {
    'main.mjs': 'import * as ns from "./a.mjs"; export { ns, ns as other }',
    'a.mjs': 'export const a = 1',
  },
  '16.2.2 one module is one, however often it is imported': {
    'main.mjs':
      'import * as a from "./a.mjs"; import * as b from "././a.mjs"; import * as c from "./c.mjs"; export const same = a === b && a === c.a',
    'a.mjs': 'export const x = {}',
    'c.mjs': 'import * as a from "./a.mjs"; export { a }',
  },
  '16.2.2 imports stand anywhere at the top level': {
    'main.mjs': 'export const a = x; import { x } from "./a.mjs"; export { y }; import { y } from "./a.mjs"',
    'a.mjs': 'export const x = 1, y = 2',
  },
  'an import of a builtin by its names and as a whole': {
    'main.mjs':
      'import fs, { readFileSync, promises } from "node:fs"; import * as ns from "fs"; export const ok = [fs.readFileSync === readFileSync, ns.default === fs, ns.promises === promises]',
  },
  'an import of JSON': {
    'main.mjs':
      'import a from "./a.json" with { type: "json" }; import * as ns from "./a.json" with { "type": "json" }; export { a, ns }; export { default as again } from "./a.json" with { type: "json" }',
    'a.json': '{"a": [1, null, {"__proto__": 2}]}',
  },
  'an import of a data: URL': {
    'main.mjs': 'import { a } from "data:text/javascript,export const a = 1"; export { a }',
  },
}

describe('16.2.1.7.2 linking gives what the native loader gives', () => {
  for (const [what, files] of Object.entries(LINKABLE))
    it(what, async () => {
      assert.ok(await sameAsNative(files), 'it was refused')
    })

  it('ResolveExport: the same namespace by two stars is not ambiguous, which the native loader says it is', async () => {
    const { namespace } = await loadImage({
      'main.mjs': 'import { ns } from "./a.mjs"; export { ns }',
      'a.mjs': 'export * from "./b.mjs"; export * from "./c.mjs"',
      'b.mjs': 'export * as ns from "./d.mjs"',
      'c.mjs': 'export * as ns from "./d.mjs"',
      'd.mjs': 'export const x = 1',
    })
    assert.equal((namespace.ns as { x: number }).x, 1)
  })
})

describe('16.2.1.7.1 an imported namespace that is exported is the same as export * as, or another binding', () => {
  // The specification was changed, and engines with it.
  const a = 'import * as ns from "./d.mjs"; export { ns }'
  const b = 'import * as other from "./d.mjs"; export { other as ns }'
  const c = 'export * as ns from "./d.mjs"'
  for (const [what, [one, two]] of Object.entries({ 'twice that': [a, b], 'each once': [b, c] }))
    it(`as by the native loader: ${what}`, async () => {
      const files = { 'b.mjs': one!, 'c.mjs': two!, 'd.mjs': 'export const x = 1' }
      const stars = 'export * from "./b.mjs"; export * from "./c.mjs"'
      await sameAsNative({
        ...files,
        'main.mjs': 'import { ns } from "./a.mjs"; export const { x } = ns',
        'a.mjs': stars,
      })
      await sameAsNative({
        ...files,
        'main.mjs': `${stars}; import * as self from "./main.mjs"; export const has = "ns" in self`,
      })
    })
})

describe('16.2.2 import attributes', () => {
  const json = { 'a.json': '{"a":1}', 'b.mjs': 'export default 1' }
  const refused: Readonly<Record<string, string>> = {
    'JSON without a type': 'import a from "./a.json"',
    'JSON of another type': 'import a from "./a.json" with { type: "css" }',
    'a module with type json': 'import a from "./b.mjs" with { type: "json" }',
    'an unknown attribute': 'import a from "./b.mjs" with { colour: "red" }',
    'a builtin with type json': 'import fs from "node:fs" with { type: "json" }',
    'a re-export of JSON without a type': 'export { default } from "./a.json"',
    'a star of JSON without a type': 'export * from "./a.json"',
    'a broken JSON': 'import a from "./broken.json" with { type: "json" }',
  }
  for (const [what, text] of Object.entries(refused))
    it(`refuse ${what}`, async () => {
      const files = { ...json, 'main.mjs': text, 'broken.json': '{"a":}' }
      await assert.rejects(loadNative(files))
      await assert.rejects(loadImage(files))
    })
})

describe('specifiers', () => {
  it('may be a file: URL, and may be written with percent escapes', async () => {
    const { namespace } = await loadImage({
      'main.mjs':
        'export { a } from "./a%20b.mjs"; export const b = (await import(new URL("./a%20b.mjs", import.meta.url).href)).a',
      'a b.mjs': 'export const a = 1',
    })
    assert.deepEqual({ ...namespace }, { a: 1, b: 1 })
  })

  it('that lead nowhere are told with their place', async () => {
    const error = await errorOf({ 'main.mjs': '\nimport "./missing.mjs"' })
    assert.match(error.message, /missing\.mjs/)
    assert.equal((error as Error & { fault: { place: { line: number } } }).fault.place.line, 2)
  })

  it('without extension lead nowhere in an ES module', async () => {
    await sameAsNativeFails({ 'main.mjs': 'import "./a"', 'a.js': '' })
    await sameAsNativeFails({ 'main.mjs': 'import "./folder"', 'folder/index.js': '' })
  })
})

async function sameAsNativeFails(files: Files): Promise<void> {
  await assert.rejects(loadNative(files))
  await assert.rejects(loadImage(files))
}
