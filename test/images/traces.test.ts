import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Files, loadImage, loadNative } from '../support/image_harness.ts'

// The frames of the loader itself, which the native one does not show, count too.
Error.stackTraceLimit = 40

/** The frames of the modules themselves, innermost first, as `name file:line:column`. What a method is called on differs: a native namespace is no proxy. */
function framesOf(error: unknown): string[] {
  const lines = String((error as Error).stack).split('\n')
  return lines.flatMap(line => {
    const found = /at (?:(.*?) \()?(?:file:\/\/)?\/[^()]*outlive-images-[^/]*\/\d+\/([^():]+):(\d+):(\d+)\)?$/.exec(
      line,
    )
    if (!found) return []
    const [, name = '', file, at, column] = found
    return [`${name.replace(/^(?:Proxy|Module|Object)\./, '')} ${file}:${at}:${column}`.trim()]
  })
}

async function errorOf(load: () => Promise<Record<string, unknown>>): Promise<unknown> {
  try {
    const namespace = await load()
    const run = namespace.run ?? (namespace.default as Record<string, unknown>).run
    await (run as () => unknown)()
  } catch (error) {
    return error
  }
  assert.fail('nothing was thrown')
}

/** Each throws, as it is loaded or by its export `run`; the frames must be those that Node shows. */
const CASES: Readonly<Record<string, readonly [entry: string, files: Files, nativeEntry?: string]>> = {
  'at the top level': ['main.mjs', { 'main.mjs': '\n\n   throw new Error("x")' }],
  'on the first line': ['main.mjs', { 'main.mjs': 'throw new Error("x")' }],
  'behind imports on the same line': [
    'main.mjs',
    {
      'main.mjs':
        'import { a } from "./a.mjs"; import * as b from "./a.mjs"; const f = () => { throw new Error(a) }; f()',
      'a.mjs': 'export const a = 1',
    },
  ],
  'behind imports over several lines': [
    'main.mjs',
    {
      'main.mjs': 'import {\n  a,\n  a as b,\n}\n  from\n  "./a.mjs"; throw new Error(a + b)',
      'a.mjs': 'export const a = 1',
    },
  ],
  'behind exports of every kind': [
    'main.mjs',
    {
      'main.mjs': `export { a } from './a.mjs'; export * from './a.mjs'; export * as ns from './a.mjs'; const x = 1; export { x, x as y }; export const z = 2, w = () => { throw new Error('w') }
export default function f() { w() } export function g() { f() } export class C { m() { g() } static s = new C() }
export async function run() { await null; C.s.m() }`,
      'a.mjs': 'export const a = 1',
    },
  ],
  'in default exports': [
    'main.mjs',
    {
      'main.mjs': `import a from './a.mjs'; import b from './b.mjs'; import c from './c.mjs'; import D from './d.mjs'; import e from './e.mjs'
export const run = () => a(() => b(() => c(() => new D(e))))`,
      'a.mjs': 'export default function (f) { return f() }',
      'b.mjs': 'export default (f) => f()',
      'c.mjs': 'export default f => { return f() }',
      'd.mjs': 'export default class { constructor(f) { f() } }',
      'e.mjs': 'export default function named() { throw new Error() }',
    },
  ],
  'in an expression of a default export': [
    'main.mjs',
    { 'main.mjs': 'const fail = () => { throw new Error() }\nexport   default   fail(1)' },
  ],
  'in a minified file': [
    'main.mjs',
    {
      'main.mjs':
        'import{a as r}from"./a.mjs";import t,{b as e}from"./a.mjs";const n=()=>{throw new Error("x")};function o(){n()}class s{m(){o()}}export{n as fail,o as other};export default s;export const run=()=>{new s().m(r,t,e)};',
      'a.mjs': 'export const a=1,b=2;export default 3',
    },
  ],
  'in a cycle': [
    'main.mjs',
    {
      'main.mjs': `import { b } from './b.mjs'
export function late() { throw new Error('late') }
export const own = 1
export const run = () => b()`,
      'b.mjs': `import { late, own } from './main.mjs'
export const b = () => {
  if (own) late()
}`,
    },
  ],
  'at the top level of a module in a cycle': [
    'main.mjs',
    {
      'main.mjs': 'import { b } from "./b.mjs"\nexport const own = 1\nthrow new Error(b)',
      'b.mjs': 'import { own } from "./main.mjs"; export const b = () => own',
    },
  ],
  'with assignments to exports': [
    'main.mjs',
    {
      'main.mjs': `export let n = 0
export let m = 0
const fail = x => { throw new Error(x) }
export const run = () => {
  n = 1
  n++; m = 2
  if (n) m = n + 1; else m = 2
  for (n of [1, 2]) m += n
  for (m = 0; m < 2; m++) {
    n = m }
  n = fail(n)
}`,
    },
  ],
  'in generators, getters, static blocks and fields': [
    'main.mjs',
    {
      'main.mjs': `function* g() { yield* h() }
function* h() { class K { static { K.x } static get x() { return new K().y } y = (() => { throw new Error() })() } yield 1 }
export function run() { [...g()] }`,
    },
  ],
  'after an await': [
    'main.mjs',
    {
      'main.mjs': `const inner = async () => { await null; throw new Error('x') }\nconst outer = async () => {\n  await inner()\n}\nexport const run = async () => { await outer() }`,
    },
  ],
  'in code of a promise': [
    'main.mjs',
    { 'main.mjs': `export const run = () => Promise.resolve().then(function step() { throw new Error() })` },
  ],
  'at the top level after an await': [
    'main.mjs',
    {
      'main.mjs': `import './a.mjs'; await null; const f = async () => { await null; throw new Error() }\nawait f()`,
      'a.mjs': '',
    },
  ],
  'in a CommonJS file': [
    'main.cjs',
    {
      'main.cjs': `#!/usr/bin/env node
const a = require('./a.cjs'); exports.run = function run() { a.f(() => { throw new Error('x') }) }`,
      'a.cjs': '\n  module.exports = { f(g) { g() } }',
    },
  ],
  'at the top level of a CommonJS file': [
    'main.mjs',
    { 'main.mjs': 'import "./a.cjs"', 'a.cjs': 'const f = () => { throw new Error() }; f()' },
    // Behind a static import of it Node 20 leaves a rejection that nobody can handle.
    'a.cjs',
  ],
  'with import() in a CommonJS file': [
    'main.cjs',
    {
      'main.cjs': 'exports.run = async () => { const { f } = await import("./a.mjs"); f() }',
      'a.mjs': 'export function f() { throw new Error() }',
    },
  ],
  'in a dynamic import': [
    'main.mjs',
    { 'main.mjs': 'export const run = async () => {\n  await import("./a.mjs")\n}', 'a.mjs': '\n throw new Error()' },
  ],
  'with a byte order mark': ['main.mjs', { 'main.mjs': '\ufeffthrow new Error()' }],
  'with a hashbang': ['main.mjs', { 'main.mjs': '#!/usr/bin/env node\nthrow new Error()' }],
  'with line ends of Windows': [
    'main.mjs',
    {
      'main.mjs': 'import { a } from "./a.mjs"\r\n\r\nexport const b = 1\r\n  throw new Error(a)\r\n',
      'a.mjs': 'export const a = 1',
    },
  ],
  'with a path that a URL has to escape': ['a b/ü%25#.mjs', { 'a b/ü%25#.mjs': 'throw new Error()' }],
  'with import.meta and import() before it': [
    'main.mjs',
    { 'main.mjs': 'const u = import.meta.url, p = () => import("./a.mjs"); throw new Error(u + p)', 'a.mjs': '' },
  ],
  'with tabs': ['main.mjs', { 'main.mjs': '\texport const run = () => {\n\t\tthrow new Error()\n\t}' }],
  'with characters of two units': [
    'main.mjs',
    { 'main.mjs': 'export const smile = "😀"; export const run = () => { throw new Error(smile) }' },
  ],
}

describe("a stack trace shows the author's places", () => {
  for (const [what, [entry, files, nativeEntry = entry]] of Object.entries(CASES))
    it(what, async () => {
      const image = framesOf(await errorOf(async () => (await loadImage(files, entry)).namespace))
      const native = framesOf(await errorOf(() => loadNative(files, nativeEntry)))
      assert.ok(native.length > 0, 'no frames')
      assert.deepEqual(image, native)
    })

  it('and names files by URL for ES modules and by path for CommonJS', async () => {
    const { namespace } = await loadImage({
      'main.mjs': 'import c from "./c.cjs"; export const own = new Error().stack; export const other = c',
      'c.cjs': 'module.exports = new Error().stack',
    })
    assert.match(String(namespace.own), /at file:\/\/\/.*main\.mjs:1:45/)
    assert.match(String(namespace.other), /\(\/.*c\.cjs:1:18\)/)
  })

  it('and nothing of how a file is run stands between its own frames and those of the loader', async () => {
    const error = await errorOf(async () => (await loadImage({ 'main.mjs': 'throw new Error("x")' })).namespace)
    const [, own, next] = String((error as Error).stack).split('\n')
    assert.match(own!, /main\.mjs:1:7/)
    assert.match(next!, /runToEnd/)
  })

  it('and keeps the lines in a minified file whose exports change, and of a cycle', async () => {
    const { namespace } = await loadImage({
      'main.mjs':
        'import{b}from"./b.mjs";export let n=0;export const up=()=>{n++;n+=b();throw new Error("x")};\nexport const run=()=>{up()};',
      'b.mjs': 'import{n}from"./main.mjs";export const b=()=>n',
    })
    const { run } = namespace as { run: () => void }
    const frames = framesOf(await errorOf(() => Promise.resolve({ run })))
    assert.deepEqual(
      frames.map(frame => frame.replace(/:\d+$/, '')),
      ['up main.mjs:1', 'run main.mjs:2'],
    )
  })
})
