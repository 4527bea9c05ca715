import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Files, loadImage, sameAsNative } from '../support/image_harness.ts'

const thrown = 'const t = f => { try { return f() } catch (e) { return e.name } };'

/** Run by both loaders; what they export must be alike. */
const CASES: Readonly<Record<string, Files>> = {
  '9.1.1.5.1 an import follows assignments of every kind': {
    'main.mjs': `import { n, up, m, set, each } from './a.mjs'
      export const r = [n]
      for (const f of up) { f(); r.push(n) }
      set({ n: 50, rest: 1 }); r.push(n, m)
      each([7, 8]); r.push(n, m)`,
    'a.mjs': `export let n = 0, m = 'm'
      export const up = [() => { n++ }, () => { ++n }, () => { n += 2 }, () => { n **= 2 }, () => { n = -n }, () => { n ||= 9 }, () => { n &&= 3 },
        () => { n = null; n ??= 4 }, () => { [n] = [11] }, () => { ({ n } = { n: 12 }) }, () => { ({ x: n = 13 } = {}) }, () => { [, ...n] = [1, 2] }, () => { n--; }, () => { --n },
        () => { (n) = 20 }, () => { ({ a: [n] } = { a: [21] }) }, () => { n = n = 22 }, () => { if (n) n = 23; else n = 24 }, () => { for (n = 0; n < 5; n++) ; },
        () => { n = function () {}.name }, () => { n = class { static x = 1 }.x }, () => eval('n = 25'), () => { (() => { n = 26 })() }]
      export function set(o) { ({ n, ...m } = o) }
      export function each(list) { for (n of list) ; for (m in { k: 1 }) ; for ([n] of [[n + 1]]) { } }`,
  },
  '9.1.1.5.1 an import follows assignments through re-exports of every kind': {
    'main.mjs': `import { a, b, c, ns, all } from './b.mjs'; import { up } from './a.mjs'; import * as star from './b.mjs'
      export const r = [[a, b, c, ns.n, star.a, star.all.n]]; up(); r.push([a, b, c, ns.n, star.a, star.all.n])`,
    'b.mjs': `export { n as a } from './a.mjs'; import { n } from './a.mjs'; export { n as b }; export * from './c.mjs'; export * as ns from './a.mjs'; import * as all from './a.mjs'; export { all }`,
    'c.mjs': `export { n as c } from './a.mjs'`,
    'a.mjs': 'export let n = 0; export const up = () => n++',
  },
  '9.1.1.5.1 an import follows changes after an await': {
    'main.mjs': `import { n, later } from './a.mjs'; export const r = [n]; await later; r.push(n); await null; r.push(n)`,
    'a.mjs':
      'export let n = 0; export const later = (async () => { await null; n = 1; queueMicrotask(() => { n = 2 }) })()',
  },
  '9.1.1.5.1 an import follows a function or class that is assigned': {
    'main.mjs': `import { f, C, change } from './a.mjs'; import d from './a.mjs'; export const r = [f(), new C().x, d()]; change(); r.push(f(), new C().x, d())`,
    'a.mjs': `export function f() { return 1 } export class C { x = 1 } export default function d() { return 1 }
      export const change = () => { f = () => 2; C = class { x = 2 }; d = () => 2 }`,
  },
  '16.2.3.7 a default expression does not follow, a list does': {
    'main.mjs': `import d, { e, change } from './a.mjs'; export const r = [d, e]; change(); r.push(d, e)`,
    'a.mjs': 'let x = 1; export default x; export { x as e }; export const change = () => { x = 2 }',
  },
  '9.1.1.5.1 one local binding under several names': {
    'main.mjs': `import { a, b, default as c, up } from './a.mjs'; export const r = [a, b, c]; up(); r.push(a, b, c)`,
    'a.mjs': 'let n = 0; const up = () => n++; export { n as a, n as b, n as default, up }',
  },
  '9.1.1.5.1 inner variables of the same name are others': {
    'main.mjs': `import { n, touch } from './a.mjs'; touch(1); export const r = [n]`,
    'a.mjs': `export let n = 0
      export function touch(n) { n = 5; { let n = 6; n++ } for (let n = 0; n < 2; n++) ; try { throw 1 } catch (n) { n = 2 } (function n() { })(); class K { n = 1; m() { let n; n = 3 } } ;((n) => { n = 9 })(); { function n() {} n = 1 } }`,
  },
  '13.15.1 an assignment to an import is a TypeError': {
    'main.mjs': `import d, { n } from './a.mjs'; import * as ns from './a.mjs'; ${thrown}
      export const r = [t(() => { n = 1 }), t(() => { n++ }), t(() => { --n }), t(() => { n += 1 }), t(() => { [n] = [1] }), t(() => { ({ n } = { n: 1 }) }), t(() => { for (n of [1]) ; }), t(() => { for (n in { a: 1 }) ; }),
        t(() => { d = 1 }), t(() => { ns = 1 }), t(() => { n ||= 1 }), t(() => { n &&= 1 }), t(() => { n ??= 1 }), t(() => { ns.n = 1 }), t(() => { ({ ...n } = {}) }), t(() => { [[n]] = [[1]] }), n, d]`,
    'a.mjs': 'export const n = 7; export default 8',
  },
  '13.15.1 an assignment to an import runs its right side first': {
    'main.mjs': `import { n } from './a.mjs'; ${thrown} export const r = []; r.push(t(() => { n = r.push('ran') }), t(() => { n = (() => { throw new RangeError() })() }))`,
    'a.mjs': 'export let n = 7',
  },
  '13.15.1 an assignment to a const, also an exported one, is a TypeError': {
    'main.mjs': `export const a = 1; const b = 2; ${thrown} class C { static m() { C = 1 } } export default class D { static m() { D = 1; return D } }
      export const r = [t(() => { a = 2 }), t(() => { b = 2 }), t(() => { a++ }), t(C.m), t(D.m), a]`,
  },
  '16.2.1.7.3.1 functions are hoisted, the rest is in its temporal dead zone': {
    'main.mjs': `${thrown} export const r = [f(), t(() => l), t(() => c), t(() => K), v, t(() => typeof l), t(() => { l = 1 }), typeof g, typeof h]
      export function f() { return 'f' } export let l = 1; export const c = 2; export class K {} export var v = 3; export function* g() {} async function h() {}`,
  },
  '16.2.1.7.3.1 functions of a cycle can be called before their file has run': {
    'main.mjs': `import { r } from './b.mjs'; export { r }; export function f() { return 'f' + g() } function g() { return 'g' } export async function h() {} export function* i() {} export default function () { return 'd' }`,
    'b.mjs': `import d, { f, h, i } from './main.mjs'; export const r = [f(), typeof h, typeof i, d(), d.name]`,
  },
  '16.2.1.7.3.1 other bindings of a cycle are in their temporal dead zone': {
    'main.mjs': `import { r, later } from './b.mjs'; export { r }; export let l = 1; export const c = 2; export class K { static x = 3 } export var v = 4; export default 5; export const after = later()`,
    'b.mjs': `import d, { l, c, K, v } from './main.mjs'; ${thrown}
      export const later = () => [l, c, K.x, v, d]; export const r = [t(() => l), t(() => c), t(() => K), v, t(() => d), t(() => typeof l), t(() => { l = 1 }), t(later)]`,
  },
  '16.2.1.7.3.1 in a cycle of three, whatever has run is there': {
    'main.mjs': `import { b, seeB } from './b.mjs'; export let m = 'm'; export const r = [b, ...seeB()]; export function set(x) { m = x } set('n'); r.push(...seeB())`,
    'b.mjs': `import { c, seeC } from './c.mjs'; import { m } from './main.mjs'; export const b = 'b' + c; export const seeB = () => [m, c, ...seeC()]`,
    'c.mjs': `import { m, set } from './main.mjs'; import { b } from './b.mjs'; export const c = 'c'; export const seeC = () => [m, b, typeof set]`,
  },
  '16.2.1.7.3.1 a module may import itself': {
    'main.mjs': `import * as self from './main.mjs'; import { a as b, f as g, default as d } from './main.mjs'; ${thrown}
      export const r = [t(() => b), g(), t(() => d), t(() => self.a)]; export let a = 1; r.push(b, self.a, self.r === r); a = 2; r.push(b); export function f() { return 'f' } export default 3; r.push(d)`,
  },
  '16.2.1.7.3.1 a cycle of re-exports follows': {
    'main.mjs': `export { x as y } from './b.mjs'; import { y, up } from './b.mjs'; export let z = 1; export const r = [y]; up(); r.push(y)`,
    'b.mjs': `import { z } from './main.mjs'; export let x = 'x'; export { x as y }; export const up = () => { x = 'up' + z }`,
  },
  '16.2.1.7.3.1 namespaces of a cycle are there from the start': {
    'main.mjs': `import * as b from './b.mjs'; export const r = [typeof b, b.seen]; export let m = 1; export { b }`,
    'b.mjs': `import * as main from './main.mjs'; ${thrown} export const seen = [typeof main, t(() => main.m), Object.prototype.toString.call(main)]`,
  },
  '16.2.1.7.3.1 what lies below a cycle can be read by way of it before it has run': {
    'main.mjs': `import { r, later } from './b.mjs'; export { f, l, v, K, up, g as h } from './c.mjs'; export * as ns from './c.mjs'; export * from './d.mjs'; export { default as dd } from './d.mjs'; export { r }; import { up } from './c.mjs'; export const after = [later()]; up(); after.push(later())`,
    'b.mjs': `import { f, l, v, K, h, ns, s, dd } from './main.mjs'; import * as all from './main.mjs'; ${thrown}
      export const later = () => [f(), l, v, K.name, h(), ns.l, all.l, s, dd()]; export const r = [f(), t(() => l), v, t(() => K), typeof h, t(() => ns.l), ns.f(), t(() => all.l), all.f(), all.v, t(() => s), dd(), t(later)]`,
    'c.mjs': `export function f() { return 'f' } export let l = 1; export var v = 2; export class K {} export function g() { return l } export const up = () => { l++; v++ }`,
    'd.mjs': `export const s = await 's'; export default () => 'd'`
      .replace('() =>', 'function () { return')
      .concat('}'),
  },
  '16.2.1.7.3.1 functions of a cycle that are called before their file has run see what it imports by then': {
    'main.mjs': `import { r } from './b.mjs'; import * as b from './b.mjs'; import { l, g, v } from './leaf.mjs'; import * as leaf from './leaf.mjs'; import c, { x } from './c.cjs'; import json from './d.json' with { type: 'json' }; import { sep } from 'node:path'; function t(f) { try { return f() } catch (e) { return e.name } };
      export function f() { return [typeof b, t(() => b.r), t(() => l), g(), v, t(() => leaf.l), c, x, json, sep.length] } export { r }; export const after = f()`,
    'b.mjs': `import { f } from './main.mjs'; export const r = f()`,
    'leaf.mjs': `export const l = 1; export function g() { return 'g' } export var v = 2`,
    'c.cjs': 'exports.x = 1',
    'd.json': '{}',
  },
  '16.2.1.7.3.1 also functions below a cycle': {
    'main.mjs': `import { r } from './b.mjs'; export { f } from './c.mjs'; export { r }; import { f } from './c.mjs'; export const after = f()`,
    'b.mjs': `import { f } from './main.mjs'; export const r = f()`,
    'c.mjs': `import { l, g } from './leaf.mjs'; import * as leaf from './leaf.mjs'; function t(f) { try { return f() } catch (e) { return e.name } }; export function f() { return [t(() => l), g(), typeof leaf] }`,
    'leaf.mjs': `export const l = 1; export function g() { return 'g' }`,
  },
  '16.2.1.7.3.1 a namespace that is imported and exported by a list is there before its file runs': {
    'main.mjs': `import { r } from './b.mjs'; import * as leaf from './leaf.mjs'; export { leaf, r }`,
    'b.mjs': `import { leaf } from './main.mjs'; import * as main from './main.mjs'; export const r = [typeof leaf, typeof main.leaf, leaf === main.leaf]`,
    'leaf.mjs': 'export const l = 1',
  },
  '16.2.1.7.3.1 CommonJS below a cycle is undefined until it has run': {
    'main.mjs': `import { r, later } from './b.mjs'; export { x, default as d } from './c.cjs'; export { sep } from 'node:path'; export { r }; export const after = later()`,
    'b.mjs': `import { x, d, sep } from './main.mjs'; import * as all from './main.mjs'; export const later = () => [x, d, sep.length, all.x]; export const r = [x, d, sep.length, all.x]`,
    'c.cjs': 'exports.x = 1',
  },
  '16.2.1.7.3.1 a cycle may lead to what has run before it was linked': {
    'main.mjs': `import { up } from './c.mjs'; const a = await import('./a.mjs'); export const r = a.see(); up(); r.push(...a.see())`,
    'a.mjs': `import { see } from './b.mjs'; export { n, f } from './c.mjs'; export { see }`,
    'b.mjs': `import { n, f } from './a.mjs'; const first = [n, f()]; export const see = () => [...first, n, f()]`,
    'c.mjs': 'export let n = 1; export const f = () => n; export const up = () => n++',
  },
  '16.2.1.9 an export is there for who is called between its declaration and the end of its file': {
    'main.mjs': `import { r } from './b.mjs'; export { n, m } from './c.mjs'; export { r }`,
    'b.mjs': `import { n, m } from './main.mjs'; ${thrown} export const r = []; globalThis.seeThem = () => r.push(t(() => n), t(() => m)); seeThem()`,
    'c.mjs':
      'seeThem(); export let n = 1; seeThem(); n = 2; seeThem(); export const m = await 3; seeThem(); n = await 4; seeThem()',
  },
  '16.2.3.7 names of default exports': {
    'main.mjs': `import * as all from './all.mjs'; export const r = Object.entries(all).map(([k, v]) => [k, v.name])`,
    'all.mjs': `export { default as f } from './f.mjs'; export { default as g } from './g.mjs'; export { default as a } from './a.mjs'; export { default as ag } from './ag.mjs'; export { default as c } from './c.mjs'
      export { default as arrow } from './arrow.mjs'; export { default as fe } from './fe.mjs'; export { default as ce } from './ce.mjs'; export { default as named } from './named.mjs'; export { default as cs } from './cs.mjs'; export { default as csm } from './csm.mjs'; export { default as x } from './x.mjs'; export { default as aa } from './aa.mjs'; export { default as pa } from './pa.mjs'; export { default as comma } from './comma.mjs'`,
    'f.mjs': 'export default function () {}',
    'g.mjs': 'export default function* () {}',
    'a.mjs': 'export default async function () {}',
    'ag.mjs': 'export default async function* () {}',
    'c.mjs': 'export default class {}',
    'arrow.mjs': 'export default () => {}',
    'aa.mjs': 'export default async x => {}',
    'pa.mjs': 'export default (() => {})',
    'fe.mjs': 'export default (function () {})',
    'ce.mjs': 'export default (class {})',
    'comma.mjs': 'export default (0, () => {})',
    'named.mjs': 'export default function named() {}',
    'cs.mjs': 'export default class { static name = "own" }',
    'csm.mjs': 'export default class { static name() {} }',
    'x.mjs': 'const x = () => {}; export default x',
  },
  '16.2.3.7 a default class has its name while it is defined': {
    'main.mjs': `import a from './a.mjs'; import b from './b.mjs'; import c from './c.mjs'; export const r = [a.seen, a.block, b.seen, c.seen, a.name, Object.getOwnPropertyDescriptor(a, 'name')]`,
    'a.mjs': 'export default class { static seen = this.name; static block; static { this.block = this.name } }',
    'b.mjs': 'export default (class { static seen = this.name })',
    'c.mjs': 'export default class C { static seen = C.name }',
  },
  '16.2.3.7 a default function is hoisted without a name of its own': {
    'main.mjs': `import f, { r } from './b.mjs'; export { r }; export const own = [f.name, Object.getOwnPropertyDescriptor(f, 'name').configurable, delete f.name, f.name]`,
    'b.mjs': `import f from './b.mjs'; export const r = [f(), f.name]; export default function () { return 1 }`,
  },
  '16.2.1.7.3.2 this is undefined': {
    'main.mjs':
      'export const r = [this, (() => this)(), typeof this, (function () { return this })(), ((x = this) => x)(), { x: this }, eval("this")]',
  },
  '19.2.1.1 direct eval sees and changes the module, and declares nothing in it': {
    'main.mjs': `import { n } from './a.mjs'; ${thrown} let own = 1; export let out = 1
      export const r = [eval('own'), eval('n'), eval('own = 2'), own, t(() => eval('var made = 1; made')), t(() => made), t(() => eval('import.meta')), t(() => eval('export default 1')), t(() => eval('with({}){}')), eval('(() => this)()'), t(() => eval('await'))]
      eval('out = 5')`,
    'a.mjs': 'export const n = 7',
  },
  '19.2.1.1 direct eval cannot assign an import': {
    'main.mjs': `import d, { n, up } from './a.mjs'; import * as ns from './a.mjs'; ${thrown}
      export const r = [t(() => eval('n = 1')), n, t(() => eval('d = 1')), d, t(() => eval('ns = 1')), ns.n, t(() => eval('up(); n')), n, eval('n + 1')]`,
    'a.mjs': 'export let n = 7; export default 8; export const up = () => { n = 9 }',
  },
  '19.2.1 import() in code that is made while it runs': {
    'main.mjs': `const path = 'import("node:path")'; const of = async p => (await p).sep.length; export const r = [await of(eval(path)), await of((0, eval)(path)), await of(new Function('return ' + path)()), await of(Function('x', 'return import(x)')('node:path'))]`,
  },
  '19.2.1.1 direct eval is refused where it assigns, and goes on from there': {
    'main.mjs': `${thrown} import { n, up } from './dep.mjs'; import * as me from './main.mjs'; export let e = 1; export default 0
      const later = eval('() => { e = 10 }')
      export const r = [eval('try { n = 1; "went on" } catch (error) { error.name }'), n, eval('e++; e'), later(), me.e, eval('[e] = [20]; for (e of [e + 1]) ; e'), me.e, eval('eval("e = 30")'), me.e, t(() => eval('eval("n = 1")')),
        t(() => eval('let n = 5; n = 6; n')), t(() => { let n = 1; eval('n = 8'); return n }), t(() => eval('(n => { n = 7; return n })(1)')), t(() => eval('"n = 1"')), t(() => eval('\\u0065 = 40')), me.e, t(() => eval('e = ')), t(() => eval(5)), t(() => eval())]`,
    'dep.mjs': 'export let n = 0; export const up = () => { n++ }',
  },
  '19.2.1.1 direct eval at the top level has neither arguments nor new.target, in a function it has both': {
    'main.mjs': `${thrown} function F() { return [eval('new.target === F'), eval('(() => arguments.length)()')] }
      class K { f = eval('new.target'); static s = eval('new.target'); m() { return eval('super.toString') === Object.prototype.toString } }
      export const r = [t(() => eval('new.target')), t(() => eval('() => new.target')), t(() => eval('(function () { return new.target })()')), t(() => eval('arguments')), t(() => eval('() => arguments')()), t(() => eval('(function () { return arguments.length })(1)')), F(1, 2), Reflect.construct(F, [1]), new K().f, K.s, new K().m()]`,
  },
  '19.2.1.1 import() of direct eval is that of the module': {
    'main.mjs': `import * as ns from './dep.mjs'; export const r = [(await eval('import("./dep.mjs")')) === ns, await eval('(async () => (await import("./dep.mjs")).n)()')]`,
    'dep.mjs': 'export let n = 0',
  },
  '19.2.1 indirect eval sees the global scope alone': {
    'main.mjs': `${thrown} let own = 1; export const r = [t(() => (0, eval)('own')), (0, eval)('typeof globalThis'), t(() => new Function('return own')()), t(() => globalThis.own)]`,
  },
  '13.1 an unknown name is a ReferenceError, and assigning it makes no global': {
    'main.mjs': `${thrown} export const r = [t(() => { unknown_ = 1 }), t(() => unknown_), typeof unknown_, t(() => exports), t(() => require), t(() => module), t(() => __filename)]`,
  },
  'a module has its own variables, not those of the global object': {
    'main.mjs': `var v = 1; function f() {} let setTimeout = 2, process = 3; export const r = ['v' in globalThis, 'f' in globalThis, setTimeout, process]`,
  },
  'generators, classes and closures over changing bindings': {
    'main.mjs': `import { it, n, K } from './a.mjs'; export const r = [n]; for (const x of it()) r.push(x, n); r.push(new K().bump(), n, K.count, K.s)`,
    'a.mjs': `export let n = 0; export function* it() { n = 10; yield n; n = yield 1; yield 2 }
      export class K { static count = ++n; static s; static { K.s = n += 5 } #p = n; bump() { return this.#p = n = 99 } }`,
  },
  'destructuring exports with defaults that look at each other': {
    'main.mjs': `export const { a = 1, b = a + 1, ...rest } = { c: 3 }, [d, [e] = [a], ...f] = [4]; export var { g } = { g: 5 }; export let h = g; export { a as "again" }`,
  },
  'statements without semicolons keep apart': {
    'main.mjs': `import { n } from './a.mjs'
export let x = 1
x = n
;[x] = [x + 1]
const y = x
x++
export { y }
let z = y
export default z
`,
    'a.mjs': 'export let n = 5\nconst f = () => { n = 6 }\nf()\nn = n + 1',
  },
}

describe('bindings behave as by the native loader', () => {
  for (const [what, files] of Object.entries(CASES))
    it(what, async () => {
      assert.ok(await sameAsNative(files), 'it failed')
    })
})

describe('the message of an error', () => {
  const messageOf = async (files: Files): Promise<unknown> => (await loadImage(files)).namespace.message
  const caught = (code: string) => `export let message; try { ${code} } catch (e) { message = e.message }`

  it('names an import that was assigned as the engine does', async () => {
    assert.equal(
      await messageOf({ 'main.mjs': `import { n } from './a.mjs'; ${caught('n = 1')}`, 'a.mjs': 'export let n' }),
      'Assignment to constant variable.',
    )
  })

  it('names a binding in its temporal dead zone as the engine does', async () => {
    assert.equal(
      await messageOf({
        'main.mjs': `import * as ns from './main.mjs'; ${caught('ns.late')}; export let late`,
      }),
      "Cannot access 'late' before initialization",
    )
    assert.equal(
      await messageOf({
        'main.mjs': `export { message } from './b.mjs'; export let late`,
        'b.mjs': `import { late } from './main.mjs'; ${caught('late')}`,
      }),
      "Cannot access 'late' before initialization",
    )
  })
})
