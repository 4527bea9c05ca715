import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { errorOf, type Files, folderOf, loadImage, outcomeOf, sameAsNative } from '../support/image_harness.ts'
import { loadNativeApart } from '../support/native_process.ts'

/** Read by both loaders: paths are cut down to what follows the folder. */
const path =
  'const rel = p => typeof p === "string" ? p.slice(p.lastIndexOf("outlive-images-")).split("/").slice(2).join("/") : p;'
const caught = 'const t = f => { try { return f() } catch (e) { return [e.name, e.code] } };'

const CASES: Readonly<Record<string, Files>> = {
  'exports and module.exports': {
    'main.cjs':
      'exports.a = 1; exports.b = require("./b.cjs"); exports.c = require("./c.cjs"); exports.same = module.exports === exports && this === exports',
    'b.cjs': 'module.exports = function b() {}; module.exports.x = 1',
    'c.cjs': 'exports = { lost: true }; this.kept = true',
  },
  'the variables of a file': {
    'main.cjs': `${path} exports.r = [rel(__filename), rel(__dirname), arguments.length, typeof require, arguments[0] === exports, arguments[2] === module, this === exports, new.target]
      exports.shadow = (() => { var process = 1, setTimeout = 2; return [process, setTimeout] })(); var require_ = require; function f() { return typeof module } exports.f = f()
      exports.sloppy = (function () { return this === globalThis })(); implicit = 1; exports.implicit = delete globalThis.implicit; exports.octal = 010`,
  },
  'a file that declares its variables anew': {
    'main.cjs': 'var exports = { lost: 1 }; var require = 1; module.exports = { kept: [typeof exports, require] }',
  },
  'use strict at the top of a file': {
    'main.cjs':
      '"use strict"; exports.r = (function () { return this })(); try { implicit = 1 } catch (e) { exports.e = e.name }',
  },
  'return at the top level': { 'main.cjs': 'exports.a = 1; if (true) return; exports.b = 2' },
  'the module object': {
    'main.cjs': `${path} const child = require('./child.cjs'); exports.r = [rel(module.id), rel(module.filename), rel(module.path), module.loaded, module.children.length, rel(module.children[0].id), module.children[0].loaded, Array.isArray(module.paths), rel(module.paths[0]),
      module instanceof require('module'), typeof module.require, module.require('./child.cjs') === child, child.loaded, rel(child.parent), module.isPreloading, Object.keys(module)]`,
    'child.cjs': 'module.exports = { loaded: module.loaded, parent: module.parent && module.parent.id }',
  },
  'a file runs once, and its exports are one object': {
    'main.cjs': `globalThis.count = 0; exports.r = [require('./a.cjs') === require('./a'), require('./a.cjs') === require('././a.cjs'), globalThis.count]`,
    'a.cjs': 'globalThis.count++',
    'a.js': 'module.exports = "a.js"',
  },
  'a cycle shows what is there so far': {
    'main.cjs': `exports.early = 1; const b = require('./b.cjs'); exports.late = 2; exports.b = b; exports.seen = b.see()`,
    'b.cjs': `const main = require('./main.cjs'); exports.atFirst = { ...main }; exports.see = () => [main.early, main.late]`,
  },
  'a file that throws runs again': {
    'main.cjs': `globalThis.tries = 0; const see = () => { try { return require('./a.cjs') } catch (e) { return e.message } }; exports.r = [see(), see(), see(), module.children.length]`,
    'a.cjs': 'if (++globalThis.tries < 3) throw new Error("try " + tries); module.exports = "at last"',
  },
  'the file extensions that need not be written': {
    'main.cjs': `exports.r = [require('./a'), require('./b'), require('./folder'), require('./pack'), require('.'), require('./folder/'), require('./c.txt'), require('./d'), require('./folder2')]`,
    'a.js': 'module.exports = "a.js"',
    'a.json': '"a.json"',
    'b.json': '"b.json"',
    'c.txt': 'module.exports = "text"',
    d: 'module.exports = "no extension"',
    'index.js': 'module.exports = "."',
    'folder/index.js': 'module.exports = "index"',
    'folder2/index.json': '"index.json"',
    'pack/package.json': '{"main": "./lib/entry"}',
    'pack/lib/entry.js': 'module.exports = "entry"',
  },
  JSON: {
    'main.cjs': `exports.r = [require('./a.json'), require('./a.json') === require('./a'), require('./bom.json')]; try { require('./bad.json') } catch (e) { exports.e = e.name }`,
    'a.json': '{"a": [1, 2], "__proto__": 3}',
    'bom.json': '\ufeff{"bom": true}',
    'bad.json': '{"a":}',
  },
  'builtins with and without node:': {
    'main.cjs': `exports.r = [require('fs') === require('node:fs'), typeof require('path').join, require.resolve('fs'), require.resolve('node:fs'), typeof require('node:test')]; try { require('test') } catch (e) { exports.e = e.code }`,
  },
  'with a slash behind it the name of a builtin is that of a package': {
    'main.cjs': `exports.r = [require('events/').mine, typeof require('events').once]`,
    'node_modules/events/index.js': 'exports.mine = true',
  },
  'what cannot be found, with all who required the file that asked': {
    'main.cjs': `${path} try { require('./lib/middle.cjs') } catch (e) { exports.r = [e.code, e.requireStack.map(rel), e.message.split('\\n').map(rel), e.stack.split('\\n').slice(0, 5).map(rel)] }`,
    'lib/middle.cjs': `require('../deep.cjs')`,
    'deep.cjs': `require('no-such-package')`,
  },
  'what cannot be found': {
    'main.cjs': `${caught} exports.r = [t(() => require('./missing')), t(() => require('no-such-package')), t(() => require('')), t(() => require(1)), t(() => require()), t(() => require.resolve('./missing')), t(() => require.resolve('')), t(() => require('node:nothing')), t(() => require('pkg/hidden')), t(() => require('pkg/missing')), t(() => require('#unknown'))]`,
    'node_modules/pkg/package.json': '{"exports": {".": "./index.js", "./missing": "./missing.js"}}',
    'node_modules/pkg/index.js': '',
    'node_modules/pkg/hidden.js': '',
  },
  'require.resolve, and where it looks': {
    'main.cjs': `${path} exports.r = [rel(require.resolve('./a')), rel(require.resolve('pkg')), rel(require.resolve('pkg/sub.js')), require.resolve.paths('pkg').map(rel)[0], require.resolve.paths('fs'), rel(require.resolve('./x.cjs', { paths: [__dirname + '/deep'] })), require.resolve.paths('./x').length]`,
    'a.js': '',
    'deep/x.cjs': '',
    'node_modules/pkg/package.json': '{"main": "main.js"}',
    'node_modules/pkg/main.js': '',
    'node_modules/pkg/sub.js': '',
  },
  'require.cache shows, forgets, and takes what is put in': {
    'main.cjs': `${path} const a = require('./a.cjs'); const key = require.resolve('./a.cjs'); const cached = require.cache[key]; delete require.cache[key]; const again = require('./a.cjs')
      require.cache[require.resolve('./b.cjs')] = { id: 'x', exports: 'put in', loaded: true, children: [], filename: 'b' }
      exports.r = [cached.exports === a, a === again, require('./b.cjs'), key in require.cache, rel(cached.id), 'main' in require, Object.keys(require), Object.keys(require.extensions), typeof require.extensions['.js']]`,
    'a.cjs': 'module.exports = {}',
    'b.cjs': 'module.exports = "of the file"',
  },
  'import() from CommonJS': {
    'main.cjs': `exports.r = import('./a.mjs').then(ns => [ns.a, ns.default]); const n = 'b'; exports.s = import(/* a comment */ './' + n + '.cjs').then(ns => ns.default); exports.t = "import('./not-code.mjs')" // import('./nor-this')
      exports.v = (() => { const p = import("./a.mjs")
{ } return p })().then(ns => ns.a)
      exports.u = (async () => { return (await import("./a.mjs")).a })()`,
    'a.mjs': 'export const a = 1; export default 2',
    'b.cjs': 'module.exports = 3',
  },
  'words that are names in CommonJS': {
    'main.cjs':
      'var await = 1, yield = 2, let = 3, static = 4, package = 5, async = 6, of = 7; exports.r = await + yield + let + static + package + async + of; with ({ x: 8 }) { exports.x = x } <!-- a comment\n--> another\n',
  },
  'a hashbang and a byte order mark': {
    'main.cjs': '#!/usr/bin/env node\nexports.r = require("./b.cjs")',
    'b.cjs': '\ufeffmodule.exports = 1',
  },
  'module.paths, as code changes it': {
    'main.cjs': `${path} module.paths.push(__dirname + '/other'); exports.r = [require('far'), rel(require.resolve('far')), require('./sub/s.cjs')]`,
    'other/far/index.js': 'module.exports = "far"',
    'sub/s.cjs': 'try { module.exports = require("far") } catch (e) { module.exports = e.code }',
  },
  'require.extensions of files of another kind, and of JavaScript': {
    'main.cjs': `const { readFileSync } = require('fs'); require.extensions['.shout'] = (m, file) => { m.exports = readFileSync(file, 'utf8').toUpperCase() }
      const js = require.extensions['.js']; require.extensions['.js'] = (m, file) => { const run = m._compile; m._compile = (text, name) => run.call(m, text.replace('one', 'two'), name); js(m, file) }
      exports.r = [require('./a.shout'), require('./a.shout') === require.cache[require.resolve('./a.shout')].exports, require('./b.js'), require('./c.json')]; delete require.extensions['.shout']; require.extensions['.js'] = js`,
    'a.shout': 'a text that is no JavaScript',
    'b.js': 'exports.b = "one"; exports.file = __filename.endsWith("b.js")',
    'c.json': '"one"',
  },
  'require.extensions of a kind that need not be written': {
    'main.cjs': `require.extensions['.shout'] = (m, file) => { m.exports = 'shout' }; exports.r = [require('./a'), require('./b'), require.resolve('./a').endsWith('a.shout')]; delete require.extensions['.shout']`,
    'a.shout': '',
    'b.js': 'module.exports = "b.js"',
    'b.shout': '',
  },
  'what packages look up in require("module")': {
    'main.cjs': `const m = require('module'); exports.r = [m._cache === require.cache, m._extensions === require.extensions, m.Module._cache === require.cache]`,
  },
  'require.resolve of nothing in a package with an entry': {
    'package.json': '{"main":"main.cjs"}',
    'main.cjs': `${caught} exports.r = [t(() => require.resolve('')), t(() => require.resolve('node:nothing'))]`,
  },
  'an ES module in the cache': {
    'main.cjs': `const e = require('./e.mjs'); const key = require.resolve('./e.mjs'); exports.r = [require.cache[key].exports === e, require.cache[key].loaded, module.children.length, delete require.cache[key], require('./e.mjs') === e]`,
    'e.mjs': 'export const a = 1',
  },
  'an ES module with a default export that is forgotten': {
    'main.cjs': `const e = require('./e.mjs'); const same = require('./e.mjs') === e; delete require.cache[require.resolve('./e.mjs')]; const again = require('./e.mjs'); exports.r = [same, again === e, again.f === e.f, again.__esModule]`,
    'e.mjs': 'export default 1; export function f() {}',
  },
  'an ES module that exports all of a CommonJS file': {
    'main.cjs': `const e = require('./e.mjs'); exports.r = [e === require('./c.cjs'), Object.keys(e).includes('module.exports'), e.a]`,
    'e.mjs': 'export * from "./c.cjs"',
    'c.cjs': 'exports.a = 1',
  },
  'module._compile': {
    'main.cjs': `${path} const m = { ...module, exports: {} }; exports.r = [module._compile.call(module, 'exports.made = [__filename, typeof require, require("./a.cjs").a]', __dirname + '/made.cjs'), rel(exports.made[0]), exports.made[1], exports.made[2], delete exports.made]`,
    'a.cjs': 'exports.a = 1',
  },
  'a specifier of require is no URL': {
    'main.cjs': `${caught} exports.r = [require('./a?b#c.cjs').a, t(() => require('./d.cjs?x')), t(() => require('file://' + __dirname + '/d.cjs')), t(() => require(1)), t(() => require({})), t(() => require.resolve({})), t(() => require.resolve('./d.cjs', { paths: 'x' }))]`,
    'a?b#c.cjs': 'exports.a = 1',
    'd.cjs': '',
  },
  'line ends of all kinds': { 'main.cjs': 'exports.a = 1\r\nexports.b = 2\rexports.c = `x\r\ny`\u2028exports.d = 4\n' },
}

/** What Node's own loader refuses: some of its lines twice. */
const REFUSED: Readonly<Record<string, Files>> = {
  'a variable of the file that is declared by let': { 'main.cjs': 'let require = 1; exports.a = require' },
  'a syntax error': { 'main.cjs': 'exports.a = 1; exports.b = ;' },
  'a syntax error in a file that is required': { 'main.cjs': 'exports.a = require("./a.cjs")', 'a.cjs': 'if (' },
  'an import declaration': { 'main.cjs': 'import "./a.cjs"; exports.a = 1', 'a.cjs': '' },
  'an error at the top level': { 'main.cjs': 'exports.a = 1; throw new RangeError()' },
}

/** ES modules that lead back to a file that is being run: Node then makes nothing more of them in the process, so each stands alone. */
const CIRCLES: Readonly<Record<string, Files>> = {
  'a file that is imported': {
    'main.cjs': `${caught} exports.r = t(() => require('./a.mjs')); exports.ran = globalThis.ran`,
    'a.mjs': 'import "./b.mjs"; globalThis.ran = true',
    'b.mjs': 'import "./main.cjs"',
  },
  'a file that is required': {
    'main.cjs': 'module.exports = require("./c.cjs"); exports.ran = globalThis.ran',
    'c.cjs': `${caught} exports.r = t(() => require('./a.mjs'))`,
    'a.mjs': 'import "./c.cjs"; globalThis.ran = true',
  },
}

/** Looks into promises among the exports. */
const ENTRY = `import cjs from './main.cjs'; const r = {}; for (const [name, value] of Object.entries(cjs)) r[name] = await value; export { r }`

describe('CommonJS gives what Node gives', () => {
  for (const [what, files] of Object.entries(CASES))
    it(what, async () => {
      await sameAsNative({ ...files, 'entry.mjs': ENTRY }, 'entry.mjs')
    })

  for (const [what, files] of Object.entries(CIRCLES))
    it(`and refuses to require an ES module that imports ${what} and has not run to its end`, async () => {
      await sameAsNative({ ...files, 'entry.mjs': ENTRY }, 'entry.mjs')
      const { r } = (await loadImage({ ...files, 'entry.mjs': ENTRY }, 'entry.mjs')).namespace as { r: { r: unknown } }
      assert.deepEqual(r.r, ['Error', 'ERR_REQUIRE_CYCLE_MODULE'])
    })

  for (const [what, files] of Object.entries(REFUSED))
    it(`and refuses ${what}`, async () => {
      const { outcome } = loadNativeApart({ ...files, 'entry.mjs': ENTRY }, 'entry.mjs')
      assert.match(outcome, /^throws/)
      assert.equal(
        await outcomeOf(async () => (await loadImage({ ...files, 'entry.mjs': ENTRY }, 'entry.mjs')).namespace),
        outcome,
      )
    })

  it('and what it gives is right', async () => {
    for (const files of Object.values(CASES))
      assert.match(await outcomeOf(async () => (await loadImage(files, 'main.cjs')).namespace), /^exports/)
  })
})

const NAMED: Readonly<Record<string, Files>> = {
  'names assigned, defined, listed and exported again': {
    'c.cjs':
      'exports.a = 1; module.exports.b = 2; Object.defineProperty(exports, "c", { enumerable: true, value: 3 }); exports["d"] = 4; const e = 5; Object.defineProperty(exports, "__esModule", { value: true }); Object.defineProperty(exports, "g", { enumerable: true, get: function () { return require("./d.cjs").g } })',
    'd.cjs': 'exports.g = 7',
  },
  'an object literal': {
    'c.cjs': 'const a = 1, b = 2; module.exports = { a, b, "c": 3, ...require("./d.cjs") }',
    'd.cjs': 'exports.d = 4',
  },
  'a re-export of a whole': { 'c.cjs': 'module.exports = require("./d.cjs")', 'd.cjs': 'exports.d = 4; exports.e = 5' },
  'a re-export of a package': {
    'c.cjs': 'module.exports = require("pkg")',
    'node_modules/pkg/index.js': 'exports.p = 1',
  },
  'what TypeScript and Babel write': {
    'c.cjs':
      `"use strict"; var __createBinding = function () {}; var __exportStar = function (m, e) { for (var p in m) if (p !== "default") e[p] = m[p] }; Object.defineProperty(exports, "__esModule", { value: true }); exports.a = exports.b = void 0; exports.a = 1; exports.b = 2; exports.default = 3; __exportStar(require("./d.cjs"), exports);
      Object.keys(_d).forEach(function (k) { if (k === "default" || k === "__esModule") return; exports[k] = _d[k] }); var _d; function f() {}`.replace(
        'Object.keys(_d)',
        'var _d = require("./d.cjs"); Object.keys(_d)',
      ),
    'd.cjs': 'exports.star = 4',
  },
  'a name that is not there in the end, and one that throws': {
    'c.cjs':
      'exports.a = 1; if (false) exports.b = 2; Object.defineProperty(exports, "c", { enumerable: true, get: function () { return d.c } }); var d = { get c() { throw new Error() } }; delete exports.a',
  },
  'names assigned and then given a getter that may throw, as TypeScript writes what it exports again by another name': {
    'c.cjs': `"use strict"; var __importDefault = m => (m && m.__esModule ? m : { default: m }); Object.defineProperty(exports, "__esModule", { value: true }); exports.a = exports.b = void 0; var d_1 = require("./d.cjs"); Object.defineProperty(exports, "a", { enumerable: true, get: function () { return __importDefault(d_1).default; } }); Object.defineProperty(exports, 'b', { enumerable: true, get: () => d_1.default.length }); Object.defineProperty(exports, "never", { enumerable: true, get: () => d_1.default });`,
    'd.cjs': 'exports.__esModule = true; exports.default = "d"',
  },
  'a function with names': {
    'c.cjs': 'module.exports = function f() {}; module.exports.a = 1; module.exports.default = 2',
  },
  'no object at all': { 'c.cjs': 'module.exports = 5; exports.a = 1' },
}

describe('an ES module imports CommonJS as in Node', () => {
  for (const [what, files] of Object.entries(NAMED))
    it(what, async () => {
      // Later lines of Node add one name more, and "module.exports" is not the same on all.
      const main = `import * as ns from './c.cjs'; import d from './c.cjs'; export const names = Object.keys(ns).filter(n => n !== 'module.exports'); export const values = names.map(n => ns[n]); export const same = d === ns.default; export { d }`
      assert.ok(await sameAsNative({ ...files, 'main.mjs': main }), 'it failed')
    })

  it('by names that the text shows, and refuses others when it is linked', async () => {
    assert.equal(
      (await errorOf({ 'main.mjs': 'import { b } from "./c.cjs"', 'c.cjs': 'exports.a = 1; exports["b" + ""] = 2' }))
        .name,
      'SyntaxError',
    )
  })

  it('with the values of the end of its run', async () => {
    await sameAsNative({
      'main.mjs': `import c, { a } from './c.cjs'; c.change(); const ns = await import('./c.cjs'); export const r = [a, ns.a, c.a]`,
      'c.cjs': 'exports.a = 1; exports.change = () => { exports.a = 2 }',
    })
    await sameAsNative({
      'main.mjs': `import c, { a } from './c.cjs'; import * as ns from './c.cjs'; export const r = [a, ns.a, c.a]; c.change(); r.push(a, ns.a, c.a)`,
      'c.cjs': 'exports.a = 1; exports.change = () => { exports.a = 2 }; exports.a = 3',
    })
  })

  it('and remembers what it threw', async () => {
    await sameAsNative({
      'main.mjs': `const get = () => import('./c.cjs').catch(e => e.message); export const r = [await get(), await get()]`,
      'c.cjs': 'globalThis.cjsTries = (globalThis.cjsTries ?? 0) + 1; throw new Error("only once")',
    })
  })

  it('in the order of evaluation', async () => {
    await sameAsNative({
      'main.mjs': `import './a.mjs'; import './c.cjs'; import './b.mjs'; export const r = globalThis.order.splice(0)`,
      'a.mjs': '(globalThis.order ??= []).push("a")',
      'b.mjs': 'globalThis.order.push("b")',
      'c.cjs': 'globalThis.order.push("c"); require("./d.cjs")',
      'd.cjs': 'globalThis.order.push("d")',
    })
  })

  it('also where it exports null, which Node refuses', async () => {
    const { namespace } = await loadImage({
      'main.mjs': 'export { default } from "./c.cjs"',
      'c.cjs': 'module.exports = null; exports.a = 1',
    })
    assert.equal(namespace.default, null)
  })

  it('and shares one instance with require, JSON too', async () => {
    await sameAsNative({
      'main.mjs': `import c from './c.cjs'; import { createRequire } from 'node:module'; import j from './j.json' with { type: 'json' }; const require = createRequire(import.meta.url)
        export const r = [require('./c.cjs') === c, require('./c.cjs').j === j, require('./j.json') === j, c.sub === require('./sub/s.cjs')]`,
      'c.cjs': 'exports.j = require("./j.json"); exports.sub = require("./sub/s.cjs")',
      'sub/s.cjs': 'module.exports = {}',
      'j.json': '{}',
    })
  })
})

describe('CommonJS requires ES modules as in Node', () => {
  const REQUIRED: Readonly<Record<string, Files>> = {
    'a namespace': {
      'main.cjs': 'const ns = require("./a.mjs"); exports.r = [Object.keys(ns), ns.a, ns.b(), ns[Symbol.toStringTag]]',
      'a.mjs': 'export const a = 1; export function b() { return 2 }',
    },
    'a default beside others': {
      'main.cjs':
        'const ns = require("./a.mjs"); exports.r = [ns.default, ns.a, ns.__esModule, require("./a.mjs") === ns]',
      'a.mjs': 'export default 1; export const a = 2',
    },
    'live bindings': {
      'main.cjs': 'const ns = require("./a.mjs"); ns.up(); exports.r = [ns.n]',
      'a.mjs': 'export let n = 0; export const up = () => n++; export default 1',
    },
    'with an error': {
      'main.cjs':
        'exports.r = []; for (let i = 0; i < 2; i++) try { require("./a.mjs") } catch (e) { exports.r.push(e.message) }',
      'a.mjs': 'throw new Error("from the module")',
    },
    'with top-level await is refused before it runs': {
      'main.cjs': 'try { require("./a.mjs") } catch (e) { exports.r = [e.code, globalThis.ranAsync] }',
      'a.mjs': 'globalThis.ranAsync = true; await null',
    },
    'with top-level await below is refused before it runs': {
      'main.cjs': 'try { require("./a.mjs") } catch (e) { exports.r = [e.code, globalThis.ranBelow] }',
      'a.mjs': 'import "./c.mjs"; import "./b.mjs"',
      'b.mjs': 'await null',
      'c.mjs': 'globalThis.ranBelow = true',
    },
    'in a cycle is refused': {
      'main.cjs': 'try { require("./a.mjs") } catch (e) { exports.r = e.code }',
      'a.mjs': 'import "./b.cjs"',
      'b.cjs': 'require("./a.mjs")',
    },
    'a .js file of a package of type module': {
      'main.cjs': 'exports.r = require("./sub/a.js").a',
      'sub/package.json': '{"type":"module"}',
      'sub/a.js': 'export const a = 1',
    },
    'with CommonJS below': {
      'main.cjs': 'exports.r = [require("./a.mjs").c === require("./c.cjs")]',
      'a.mjs': 'import c from "./c.cjs"; export { c }',
      'c.cjs': 'module.exports = {}',
    },
  }
  for (const [what, files] of Object.entries(REQUIRED))
    it(what, async t => {
      // Node 20 has it too, but tells of some cases in its own way.
      if (process.versions.node.startsWith('20.')) t.diagnostic('compared with recorded results only')
      else await sameAsNative({ ...files, 'entry.mjs': ENTRY }, 'entry.mjs')
      assert.match(await outcomeOf(async () => (await loadImage(files, 'main.cjs')).namespace), /^exports/)
    })

  it('by the export "module.exports", where there is one', async () => {
    const { namespace } = await loadImage(
      {
        'main.cjs': 'exports.r = require("./a.mjs")',
        'a.mjs': 'const x = { whole: 1 }; export { x as "module.exports" }; export default 2',
      },
      'main.cjs',
    )
    assert.deepEqual(namespace.r, { whole: 1 })
  })
})

/** A package with everything in its package.json, and code that asks for it in both ways. */
describe('what Node is told when it starts', () => {
  it('conditions and NODE_PATH', () => {
    const folder = folderOf({
      'main.cjs': 'exports.r = [require("pkg"), require("by-path")]',
      'node_modules/pkg/package.json': '{"exports": {"special": "./s.js", "default": "./d.js"}}',
      'node_modules/pkg/s.js': 'module.exports = "special"',
      'node_modules/pkg/d.js': 'module.exports = "default"',
      'host/by-path/index.js': 'module.exports = "by path"',
    })
    const harness = new URL('../support/image_harness.js', import.meta.url).href
    const program = `import { loadFolder } from ${JSON.stringify(harness)}; console.log(JSON.stringify((await loadFolder(${JSON.stringify(folder)}, 'main.cjs')).namespace.r))`
    const words = ['--conditions', 'special', '--input-type=module', '-e', program]
    const env = { ...process.env, NODE_PATH: join(folder, 'host') }
    assert.deepEqual(JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8', env })), [
      'special',
      'by path',
    ])
  })
})

describe('createRequire of an ES module', () => {
  it('gives the image its own files, and the host what is not its own', async () => {
    const { namespace, folder } = await loadImage({
      'main.mjs': `import { createRequire } from 'node:module'; import Module from 'module'; const require = createRequire(import.meta.url)
        export const r = [require('./a.cjs').a, require('./b.json').b, require('fs') === require('node:fs'), require('./sub/').s, createRequire(import.meta.filename)('./a.cjs') === require('./a.cjs'), createRequire(new URL('./sub/x.js', import.meta.url))('./index.js').s, Module.createRequire(import.meta.dirname + '/')('./a.cjs') === require('./a.cjs'), typeof createRequire('/')]
        export const cache = Object.keys(require.cache)`,
      'a.cjs': 'exports.a = 1',
      'b.json': '{"b": 2}',
      'sub/index.js': 'exports.s = 3',
    })
    assert.deepEqual(namespace.r, [1, 2, true, 3, true, 3, true, 'function'])
    assert.deepEqual(
      (namespace.cache as string[]).map(file => file.slice(folder.length + 1)),
      ['a.cjs', 'b.json', 'sub/index.js'],
    )
  })

  it('keeps each image to itself', async () => {
    const files = {
      'main.cjs': 'exports.own = require("./a.cjs"); exports.cache = Object.keys(require.cache).length',
      'a.cjs': 'module.exports = {}',
    }
    const [one, two] = [await loadImage(files, 'main.cjs'), await loadImage(files, 'main.cjs')]
    assert.notEqual(one.namespace.own, two.namespace.own)
    assert.equal(one.namespace.cache, 2)
  })
})

describe('a native addon', () => {
  it('is told of when it cannot be loaded', async () => {
    const { folder, image } = await loadImage({ 'main.cjs': 'exports.load = () => require("./x.node")' }, 'main.cjs')
    writeFileSync(join(folder, 'x.node'), 'no library')
    const { load } = image.entryRecord.namespace as { load: () => unknown }
    assert.throws(load, { code: 'ERR_DLOPEN_FAILED' })
  })
})
