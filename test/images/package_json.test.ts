import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorOf, type Files, loadImage, loadNative, sameAsNative } from '../support/image_harness.ts'

/** Looks into promises among the exports. */
const ENTRY = `import cjs from './main.cjs'; const r = {}; for (const [name, value] of Object.entries(cjs)) r[name] = await value; export { r }`

const PACKAGE: Files = {
  'package.json': JSON.stringify({
    name: 'self',
    imports: {
      '#internal': './internal.mjs',
      '#dir/*': './dir/*.mjs',
      '#cond': { import: './import.mjs', require: './require.cjs' },
      '#builtin': 'path',
      '#dep': 'dual',
    },
    exports: { '.': './main.mjs', './sub': './dir/x.mjs', './deep/*': './dir/*.mjs', './deep/hidden': null },
  }),
  'internal.mjs': 'export default "internal"',
  'import.mjs': 'export default "import"',
  'require.cjs': 'module.exports = "require"',
  'dir/x.mjs': 'export default "x"',
  'dir/hidden.mjs': 'export default "hidden"',
  'node_modules/dual/package.json': JSON.stringify({
    exports: {
      '.': { import: './i.mjs', require: './r.cjs' },
      './node': { browser: './missing.js', node: './n.cjs', default: './missing.js' },
      './nested': { node: { import: './i.mjs', require: './r.cjs' } },
      './array': ['./r.cjs', './missing.js'],
      './default': { unknown: './missing.js', default: './r.cjs' },
      './features/*.js': './f/*.js',
      './package.json': './package.json',
    },
  }),
  'node_modules/dual/i.mjs': 'export default "esm"',
  'node_modules/dual/r.cjs': 'module.exports = "cjs"',
  'node_modules/dual/n.cjs': 'module.exports = "node"',
  'node_modules/dual/f/a/b.js': 'module.exports = "pattern"',
  'node_modules/old/package.json': '{"main": "./lib", "module": "./esm.js", "version": "1.0.0"}',
  'node_modules/old/lib/index.js': 'exports.version = require("../package.json").version',
  'node_modules/@scope/pkg/package.json': '{"exports": "./x.js"}',
  'node_modules/@scope/pkg/x.js': 'module.exports = "scoped " + require("inner")',
  'node_modules/@scope/pkg/node_modules/inner/index.js': 'module.exports = "inner"',
}

describe('package.json', () => {
  const asked = [
    '#internal',
    '#dir/x',
    '#cond',
    '#dep',
    'self/sub',
    'self/deep/x',
    'dual',
    'dual/nested',
    'dual/array',
    'dual/default',
    'dual/node',
    'dual/features/a/b.js',
    'old',
    'old/lib/index.js',
    '@scope/pkg',
  ]
  const refused = [
    'self/deep/hidden',
    'self/nothing',
    '#nothing',
    '#',
    'dual/i.mjs',
    'dual/features/missing.js',
    '@scope',
    'dual/',
    'none',
    '@scope/none',
    'old/lib',
    'old/lib/index',
    'old/package.json/x',
  ]

  it('exports, imports, self-reference, conditions and patterns by import', async () => {
    const main = `export const r = {}; for (const s of ${JSON.stringify([...asked, ...refused])}) r[s] = await import(s).then(ns => ns.default, e => [e.code === undefined]); import path from '#builtin'; export const sep = path.sep`
    // Which error it is, the native loader tells more finely.
    const results = (await loadImage({ ...PACKAGE, 'main.mjs': main })).namespace.r as Record<string, unknown>
    const native = (await loadNative({ ...PACKAGE, 'main.mjs': main })).r as Record<string, unknown>
    assert.deepEqual(results, native)
    assert.equal(results.dual, 'esm')
  })

  it('exports, imports, self-reference, conditions and patterns by require', async () => {
    const main = `exports.r = {}; for (const s of ${JSON.stringify([...asked, ...refused])}) try { const found = require(s); exports.r[s] = found.default ?? found } catch (e) { exports.r[s] = e.code }`
    assert.ok(await sameAsNative({ ...PACKAGE, 'main.cjs': main, 'entry.mjs': ENTRY }, 'entry.mjs'), 'it failed')
  })

  it('type tells what a .js file is, the nearest one', async () => {
    await sameAsNative({
      'package.json': '{"type": "module"}',
      'main.mjs':
        'export { default as a } from "./a.js"; export { default as b } from "./sub/b.js"; export { default as c } from "./sub/deep/c.js"; export { default as d } from "./d.cjs"',
      'a.js': 'export default typeof require',
      'sub/package.json': '{"type": "commonjs"}',
      'sub/b.js': 'module.exports = typeof require',
      'sub/deep/package.json': '{}',
      'sub/deep/c.js': 'module.exports = typeof require',
      'd.cjs': 'module.exports = typeof require',
    })
  })

  it('without a type, the syntax tells', async t => {
    if (process.versions.node.startsWith('20.')) t.diagnostic('Node 20.19 has it as well')
    await sameAsNative({
      'main.mjs':
        'export { default as a } from "./a.js"; export { default as b } from "./b.js"; export { default as c } from "./c.js"; export { default as d } from "./d.js"; export { default as e } from "./e.js"; export { default as f } from "./f.js"',
      'a.js': 'export default typeof require',
      'b.js': 'module.exports = typeof require',
      'c.js': 'import "./b.js"; export { default } from "./b.js"',
      'd.js': 'module.exports = "import x from y; export default 1" // export default 2',
      'e.js': 'const x = await Promise.resolve("top-level await"); export { x as default }',
      'f.js': 'module.exports = import("./b.js") instanceof Promise',
    })
  })

  it('without a type, await at the top level or import.meta makes an ES module', async () => {
    await loadImage({
      'main.mjs': 'import "./a.js"; import "./b.js"; import "./c.js"',
      'a.js': 'globalThis.sawAwait = await 1',
      'b.js': 'globalThis.sawMeta = import.meta.url',
      'c.js': 'const require = 1; const exports = 2; globalThis.sawConst = await 3',
    })
    assert.equal((globalThis as { sawAwait?: number }).sawAwait, 1)
  })

  it('without a type, so does declaring what a CommonJS file is given, unless the text is wrong anyway', async () => {
    const main = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
      .map(
        name =>
          `await import('./${name}.js').then(() => seen.push('${name} runs'), e => seen.push('${name}: ' + e.name))`,
      )
      .join('\n')
    const { seen } = (await sameAsNative({
      'main.mjs': `export const seen = globalThis.seen = []\n${main}`,
      'a.js': 'const module = 1; seen.push(typeof require)',
      'b.js': 'let [exports] = [1]; seen.push(this)',
      'c.js': 'const { a, __dirname } = { a: 1 }, b = 1; seen.push(typeof require)',
      'd.js': 'class __filename {} seen.push(typeof require)',
      'e.js': 'var require = 1; seen.push(typeof module)',
      'f.js': '{ const require = 1 } seen.push(typeof module)',
      'g.js':
        'const require = module => { const exports = 1; return exports + module }; seen.push(require(1), typeof module)',
      'h.js':
        'const notModule = "const module", inside = () => { const module = 1; return module }; seen.push(inside(), typeof module)',
    })) as { seen: unknown[] }
    assert.ok(seen.includes('a runs'))
    const wrong = {
      'a.js': 'const module = 1; with ({}) {}',
      'b/a.js': 'const module = 1',
      'b/package.json': '{"type":"commonjs"}',
    }
    for (const file of ['a', 'b/a'])
      assert.match(
        (await errorOf({ ...wrong, 'main.mjs': `import './${file}.js'` })).message,
        /'module' has already been declared/,
      )
  })
})
