import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import ts from 'typescript'
import { assertCollected, errorOf, type Files, loadImage, loadNative, outcomeOf } from '../support/image_harness.ts'

/** Decorators that log what they are given, and ones that put something else in place. */
const LOG = `export const log: unknown[] = []
const seen = (c: any) => [c.kind, String(c.name), c.static, c.private, c.access && Object.keys(c.access).sort()]
export const d = (tag: string) => {
  log.push('evaluated ' + tag)
  return (value: any, c: any): any => { log.push([tag, typeof value, seen(c)]); c.addInitializer(function (this: any) { log.push('initializer ' + tag + ' ' + typeof this) }) }
}
export const wrap = (tag: string) => (value: any, c: any): any => {
  log.push(['wrap', tag, c.kind])
  if (c.kind === 'field') return (v: any) => [tag, v]
  if (c.kind === 'accessor') return { get(this: any) { return [tag, value.get.call(this)] }, set(this: any, v: any) { value.set.call(this, v + '!') }, init: (v: any) => v + '?' }
  if (c.kind === 'class') return class extends value { extra = tag }
  return function (this: any, ...a: any[]) { return [tag, value.apply(this, a)] }
}
`

const CASES: Readonly<Record<string, string>> = {
  'of everything, evaluated and applied in order': `@d('c1') @d('c2') class C { @d('m') method(x: number) { return x } @d('s') static sm() { return 1 } @d('f') field = 1; @d('sf') static sfield = log.push('static'); @d('g') get y() { return 2 } @d('st') set y(v) {} @d('a') accessor acc = 3; @d('sa') static accessor sacc = 4; @d('comp') ['com' + 'puted']() {} @d('n') 5() {} @d('str') 'a b' = 6; @d('nov') novalue; }
    log.push('made'); const c = new C(); export const r = [C.name, Object.getOwnPropertyNames(C.prototype), Object.keys(c), c.acc, C.sacc, C.sfield, c.method(7), C.sm()]`,
  'that put something else in the place': `@wrap('c') class C { @wrap('1') @wrap('2') m(x: number) { return x } @wrap('f1') @wrap('f2') f = 'v'; @wrap('a1') @wrap('a2') accessor a = 'x'; @wrap('g') get g() { return 'g' } static s = 'st'; static self = () => C; @wrap('sf') static q = 1; @wrap('sm') static sm() { return this === C } }
    const c = new C() as any; c.a = 'y'; export const r = [c.m(1), c.f, c.a, c.g, c.extra, C.s, C.self() === C, C.name, (C as any).q, C.sm()]`,
  'of exported classes, before and behind the word': `@d('a') export class A {} export @d('b') class B {} class Plain { @d('m') m() {} } export { Plain }; export class Q { @d('qm') m() {} }; export const r = [A.name, B.name, Plain.name, Q.name, new A() instanceof A]`,
  'of a default class with a name': `export default @d('x') class Named { static n = this.name }; export const r = [Named.name, Named.n]`,
  'of class expressions, made more than once': `const make = (n: number) => class { @d('m' + n) m() { return n } @d('f') f = n; }; const A = make(1), B = make(2); const D = @wrap('e') class E { static me = () => E }; export const r = [new A().m(), new B().f, new A().f, D.me() === D, D.name]`,
  'with inheritance and parameter properties': `class Base { @d('bm') m() { return 'base' } constructor() { log.push('base') } } class Sub extends Base { @d('sf') f = 1; @d('sm') m() { return 'sub ' + super.m() } constructor(private readonly p: string) { log.push('before'); super(); log.push('after ' + this.p) } } const s = new Sub('p'); export const r = [s.m(), s.f]`,
  'and accessors without any': `class A { accessor x = 1; static accessor y = 'y'; accessor z; accessor ['k' + 1] = 2 } const a = new A() as any; a.x = 5; A.y += '!'; export const r = [a.x, A.y, a.z, a.k1, Object.keys(a), Object.getOwnPropertyNames(A.prototype)]`,
  'that are wrong': `const t = (f: () => unknown) => { try { return f() } catch (e: any) { return e.name } }; export const r = [t(() => { @(1 as any) class A {} return A }), t(() => { class A { @(() => 1 as any) m() {} } return A }), t(() => { let add: any; class A { @((_: any, c: any) => { add = c.addInitializer }) m() {} } add(() => {}); return A }), t(() => { @((() => 5) as any) class A {} return A })]`,
  'of methods of every kind, by expressions of every kind': `namespace decs { export const deep = { d } } class A { @decs.deep.d('ns') @(d)('paren') m() {} @d('async') async am() { return 1 } @d('gen') *gm() { yield 1 } @d('ag') async *agm() { yield 1 } @d('sag') static async *sagm() { yield 1 } @d('sym') [Symbol.iterator]() { return [][Symbol.iterator]() } } const a = new A(); export const r = [await a.am(), [...a.gm()], [...(a as any)]]`,
  'over several lines': `@d('one')\n// a comment\n@d(\n  'two'\n)\nexport class C {\n  @d('f')\n  private readonly f: string = 'x'\n\n  @d('m')\n  // comment\n  public async m(): Promise<string> { return this.f }\n}\nexport const r = [await new C().m()]`,
  'of classes in classes': `class Outer { @d('outer') m() { @d('inner') class Inner { @d('im') m() {} } return new Inner() } static K = class { @d('k') k = 1 } } new Outer().m(); new Outer.K(); export const r = []`,
}

const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  useDefineForClassFields: true,
  verbatimModuleSyntax: true,
}
const compiled = (text: string): string =>
  ts.transpileModule(text, { compilerOptions }).outputText.replaceAll('log.ts', 'log.mjs')

describe('decorators are those of TypeScript', () => {
  for (const [what, text] of Object.entries(CASES))
    it(what, async () => {
      const main = `import { d, wrap, log } from './log.ts'; export { log, d as used, wrap as too }; ${text}`
      const told = (namespace: Record<string, unknown>) => ({ r: namespace.r, log: namespace.log })
      const files: Files = { 'log.ts': LOG, 'main.ts': main }
      const image = await outcomeOf(async () => told((await loadImage(files, 'main.ts')).namespace))
      const native = { 'log.mjs': compiled(LOG), 'main.mjs': compiled(main) }
      assert.match(image, /^exports/)
      assert.equal(image, await outcomeOf(async () => told(await loadNative(native))))
    })

  it('and a default class without a name is called default', async () => {
    const one = '@d export default class { static n = this.name }'
    const two = 'export default class { @d m() {} }'
    for (const text of [one, two])
      assert.equal(
        (
          (await loadImage({ 'main.ts': `const d = (): void => {}; ${text}` }, 'main.ts')).namespace
            .default as object as { name: string }
        ).name,
        'default',
      )
  })

  it('and lines stay where they were', async () => {
    const text = `const d = (): void => {}\n@d\nexport class A {\n  @d accessor x: number = 1\n  @d\n  fail(): never {\n    throw new Error()\n  }\n}`
    const { namespace } = await loadImage({ 'main.ts': text }, 'main.ts')
    const { A } = namespace as { A: new () => { fail(): never } }
    assert.throws(
      () => new A().fail(),
      (error: Error) => /main\.ts:7:11/.test(error.stack!),
    )
  })

  it('and hold nothing of their image', async () => {
    const text = 'const d = (): void => {}\n@d export class A { @d accessor x: number = 1; @d m() {} }'
    await assertCollected({ 'main.ts': text }, 'main.ts', namespace => new (namespace.A as new () => object)())
  })

  it('but what cannot be compiled has a clear error with its place', async () => {
    for (const [member, reason] of [
      ['@d #x = 1', /A decorator of a private member cannot be compiled/],
      ['m(@d x: number) {}', /A decorator of a parameter cannot be compiled/],
      ['@d m() {} constructor(@d x: number, y?: 1) {}', /A decorator of a parameter cannot be compiled/],
    ] as const) {
      const error = await errorOf({ 'main.ts': `const d = (): void => {}\nexport class A {\n  ${member} }` }, 'main.ts')
      assert.equal(error.name, 'SyntaxError')
      assert.match(error.message, reason)
      const { place } = (error as Error & { fault: { place: { line: number; column: number } } }).fault
      assert.deepEqual([place.line, place.column], [3, 3 + Math.max(0, member.indexOf('(@') + 1)])
    }
  })
})
