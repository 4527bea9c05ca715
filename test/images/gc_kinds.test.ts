import { describe, it } from 'node:test'
import { assertCollected, type Files } from '../support/image_harness.ts'

/** Images of every kind of file, used before they are dropped. */
const KINDS: Readonly<Record<string, readonly [entry: string, files: Files]>> = {
  'one file': ['main.mjs', { 'main.mjs': 'export const a = 1; export function f() {}' }],
  'files that import each other': [
    'main.mjs',
    {
      'main.mjs': 'import { b } from "./b.mjs"; export { b }; export * from "./c.mjs"',
      'b.mjs': 'export const b = () => 1',
      'c.mjs': 'export * as ns from "./b.mjs"',
    },
  ],
  'a cycle': [
    'main.mjs',
    {
      'main.mjs': 'import { b } from "./b.mjs"; export const a = () => b; export default class { static x = b() }',
      'b.mjs': 'import { a } from "./main.mjs"; export function b() { return () => a }',
    },
  ],
  'exports that change': [
    'main.mjs',
    {
      'main.mjs':
        'import { n, up } from "./b.mjs"; up(); export let m = n; export const set = () => { m = n; up() }; set()',
      'b.mjs': 'export let n = 0; export const up = () => { n++ }',
    },
  ],
  'CommonJS files': [
    'main.cjs',
    {
      'main.cjs': 'const b = require("./b.cjs"); exports.f = () => b; module.children.forEach(c => c.id)',
      'b.cjs': 'const main = require("./main.cjs"); module.exports = class { static m = main }',
    },
  ],
  'CommonJS and ES modules': [
    'main.mjs',
    {
      'main.mjs': 'import c, { x } from "./c.cjs"; export const f = () => [c, x]',
      'c.cjs': 'exports.x = () => 1; exports.ns = require("./d.mjs")',
      'd.mjs': 'export default () => import.meta.url',
    },
  ],
  'a require of its own making': [
    'main.mjs',
    {
      'main.mjs':
        'import { createRequire } from "node:module"; export const c = createRequire(import.meta.url)("./c.cjs")',
      'c.cjs': 'module.exports = () => require',
    },
  ],
  JSON: [
    'main.mjs',
    { 'main.mjs': 'import j from "./j.json" with { type: "json" }; export { j }', 'j.json': '{"a":[1]}' },
  ],
  'dynamic imports': [
    'main.mjs',
    {
      'main.mjs': 'export const a = await import("./a.mjs"); export const f = () => import("./b.mjs"); await f()',
      'a.mjs': 'export const x = () => 1',
      'b.mjs': 'export default 1',
    },
  ],
  'top-level await': [
    'main.mjs',
    {
      'main.mjs': 'import "./a.mjs"; export const x = await Promise.resolve(() => 1); for await (const y of [1]) ;',
      'a.mjs': 'await null; export const f = async () => { await null }',
    },
  ],
  'top-level await in a cycle': [
    'main.mjs',
    {
      'main.mjs': 'import { a } from "./a.mjs"; await null; export const m = () => a',
      'a.mjs': 'import { m } from "./main.mjs"; await null; export const a = () => m',
    },
  ],
  'direct eval': [
    'main.mjs',
    { 'main.mjs': 'export let a = 1; export const f = code => eval(code); f("a = 2"); export const g = f("() => a")' },
  ],
  'import.meta and namespaces': [
    'main.mjs',
    {
      'main.mjs':
        'import * as self from "./main.mjs"; import * as fs from "node:fs"; export const m = import.meta, ns = self, r = import.meta.resolve("./main.mjs"); Object.keys(fs)',
    },
  ],
  TypeScript: [
    'main.ts',
    {
      'main.ts':
        'enum E { A } namespace N { export const x = E.A } class P { constructor(private y: number) {} f = () => this.y } export const p = new P(N.x) ',
    },
  ],
  JSX: [
    'main.jsx',
    { 'main.jsx': '/** @jsx h */ const h = (...all) => all; export const f = x => <a b={() => x}>{f}</a>; f(1)' },
  ],
  'generators and suspended async functions': [
    'main.mjs',
    {
      'main.mjs':
        'export function* g() { yield 1; yield 2 } export const it = g(); it.next(); export const p = (async () => { await new Promise(() => {}) })()',
    },
  ],
  'a stack trace that was looked at': [
    'main.mjs',
    {
      'main.mjs':
        'export const f = () => { throw new Error("x") }; try { f() } catch (e) { e.stack } export const s = new Error().stack',
    },
  ],
  'a package of its own': [
    'main.mjs',
    {
      'main.mjs': 'export { default } from "pkg"',
      'node_modules/pkg/index.js': 'module.exports = () => require("inner")',
      'node_modules/pkg/node_modules/inner/index.js': 'exports.x = 1',
    },
  ],
}

describe('a dropped image is collected', () => {
  for (const [what, [entry, files]] of Object.entries(KINDS)) it(`with ${what}`, () => assertCollected(files, entry))
})
