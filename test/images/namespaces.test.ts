import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { loadImage, sameAsNative } from '../support/image_harness.ts'

/** Each text looks at the namespace `ns` of `a.mjs` and exports what it finds. */
const LOOKS: Readonly<Record<string, string>> = {
  '10.4.6.1 [[GetPrototypeOf]] is null':
    'export const r = [Object.getPrototypeOf(ns), Reflect.getPrototypeOf(ns), ns.__proto__, ns instanceof Object]',
  '10.4.6.2 [[SetPrototypeOf]] to null alone':
    'export const r = [Reflect.setPrototypeOf(ns, null), Reflect.setPrototypeOf(ns, {}), Reflect.setPrototypeOf(ns, Object.prototype), Object.setPrototypeOf(ns, null) === ns]',
  '10.4.6.3 [[IsExtensible]] is false': 'export const r = [Object.isExtensible(ns), Reflect.isExtensible(ns)]',
  '10.4.6.4 [[PreventExtensions]] succeeds':
    'export const r = [Reflect.preventExtensions(ns), Object.preventExtensions(ns) === ns]',
  '10.4.6.5 [[GetOwnProperty]]':
    'export const r = [Object.getOwnPropertyDescriptors(ns), Object.getOwnPropertyDescriptor(ns, Symbol.toStringTag), Object.getOwnPropertyDescriptor(ns, "missing"), Object.hasOwn(ns, "a"), Object.hasOwn(ns, "default")]',
  '10.4.6.6 [[DefineOwnProperty]] to what is there': `export const r = [
    Reflect.defineProperty(ns, "a", { value: 1 }), Reflect.defineProperty(ns, "a", { value: 2 }), Reflect.defineProperty(ns, "a", {}),
    Reflect.defineProperty(ns, "a", { value: 1, writable: true, enumerable: true, configurable: false }),
    Reflect.defineProperty(ns, "a", { configurable: true }), Reflect.defineProperty(ns, "a", { enumerable: false }),
    Reflect.defineProperty(ns, "a", { writable: false }), Reflect.defineProperty(ns, "a", { get() {} }), Reflect.defineProperty(ns, "a", { get: undefined }), Reflect.defineProperty(ns, "a", { set: undefined }),
    Reflect.defineProperty(ns, "missing", { value: 1 }), Reflect.defineProperty(ns, Symbol.iterator, { value: 1 }),
    Reflect.defineProperty(ns, Symbol.toStringTag, { value: "Module" }), Reflect.defineProperty(ns, Symbol.toStringTag, { value: "x" }),
    Reflect.defineProperty(ns, Symbol.toStringTag, { writable: false, enumerable: false, configurable: false, value: "Module" })]`,
  '10.4.6.7 [[HasProperty]]':
    'export const r = ["a" in ns, "default" in ns, "missing" in ns, Symbol.toStringTag in ns, "toString" in ns, Reflect.has(ns, Symbol.iterator), "later" in ns]',
  '10.4.6.8 [[Get]]':
    'export const r = [ns.a, ns["any name"], ns.missing, ns[Symbol.toStringTag], ns[Symbol.iterator], Reflect.get(ns, "a", {}), Object.create(ns).a, ns.toString]',
  '10.4.6.9 [[Set]] is refused':
    'const t = f => { try { return f() } catch (e) { return e.name } }; export const r = [Reflect.set(ns, "a", 1), Reflect.set(ns, "missing", 1), Reflect.set(ns, Symbol.toStringTag, 1), t(() => { ns.a = 1 }), t(() => { ns.missing = 1 }), t(() => { ns[Symbol.iterator] = 1 })]',
  '10.4.6.10 [[Delete]]':
    'const t = f => { try { return f() } catch (e) { return e.name } }; export const r = [Reflect.deleteProperty(ns, "a"), Reflect.deleteProperty(ns, "missing"), Reflect.deleteProperty(ns, Symbol.toStringTag), Reflect.deleteProperty(ns, Symbol.iterator), t(() => delete ns.a), t(() => delete ns.missing)]',
  '10.4.6.11 [[OwnPropertyKeys]] in code unit order':
    'export const r = [Reflect.ownKeys(ns), Object.keys(ns), Object.getOwnPropertyNames(ns), Object.getOwnPropertySymbols(ns), JSON.stringify(ns), { ...ns }, Object.entries(ns)]; const seen = []; for (const k in ns) seen.push(k); export { seen }',
  '28.3.1 @@toStringTag': 'export const r = [Object.prototype.toString.call(ns)]',
  'it cannot be frozen or sealed like others':
    'const t = f => { try { return f() === ns } catch (e) { return e.name } }; export const r = [t(() => Object.freeze(ns)), t(() => Object.seal(ns)), Object.isFrozen(ns), Object.isSealed(ns)]',
  'it is the same object everywhere':
    'import * as again from "./a.mjs"; export const r = [ns === again, ns === (await import("./a.mjs")), ns === (await import("./a.mjs"))]',
  'it follows its bindings':
    'const before = ns.n; ns.up(); export const r = [before, ns.n, Object.getOwnPropertyDescriptor(ns, "n").value, { ...ns }.n]',
}

const A = `let one = 1; export { one as a, one as "any name", one as "Z", one as "ä", one as "\\u{1F600}", one as "\\uFFFD", one as "__proto__", one as "constructor" }
export default 'd'; export let later = 3; export let n = 0; export const up = () => { n++ }`

describe('a module namespace is that of ECMA-262', () => {
  for (const [what, text] of Object.entries(LOOKS))
    it(what, async () => {
      assert.ok(await sameAsNative({ 'main.mjs': `import * as ns from './a.mjs'; ${text}`, 'a.mjs': A }), 'it failed')
    })

  it('10.4.6.9 [[Set]] is refused of what inherits, which the native loader allows', async () => {
    const { namespace } = await loadImage({
      'main.mjs': `import * as ns from './a.mjs'
        const heir = Object.create(ns)
        let thrown
        try { heir.a = 2 } catch (e) { thrown = e.name }
        export const r = [Reflect.set(heir, 'a', 1), Object.keys(heir), thrown]`,
      'a.mjs': A,
    })
    assert.deepEqual(namespace.r, [false, [], 'TypeError'])
  })

  it('10.4.6.11 [[OwnPropertyKeys]] in code unit order, also of names that are numbers', async () => {
    const { namespace } = await loadImage({ 'main.mjs': 'let a = 1; export { a as "9", a as "10", a as b, a as "B" }' })
    assert.deepEqual(Reflect.ownKeys(namespace), ['10', '9', 'B', 'b', Symbol.toStringTag])
  })

  it('10.4.6 of a module without exports is empty, and can be frozen', async () => {
    await sameAsNative({
      'main.mjs':
        'import * as ns from "./a.mjs"; export const r = [Reflect.ownKeys(ns), Object.isFrozen(ns), Object.freeze(ns) === ns]',
      'a.mjs': '',
    })
  })

  it('10.4.6 throws a ReferenceError for a binding in its temporal dead zone, and not for keys', async () => {
    await sameAsNative({
      'main.mjs': `import * as ns from './main.mjs'
        const t = f => { try { return f() } catch (e) { return e.name } }
        export const r = [t(() => ns.late), t(() => Object.keys(ns)), t(() => Reflect.ownKeys(ns)), t(() => 'late' in ns),
          t(() => Object.hasOwn(ns, 'late')), t(() => Object.getOwnPropertyDescriptor(ns, 'late')), t(() => ns.f()), t(() => ns.v),
          t(() => Reflect.defineProperty(ns, 'late', { value: 1 })), t(() => Reflect.defineProperty(ns, 'late', {})), t(() => Reflect.deleteProperty(ns, 'late')),
          t(() => { for (const k in ns) ; return 'ended' }), t(() => ({ ...ns })), t(() => ns.default), t(() => Reflect.set(ns, 'late', 1)), t(() => ns.K), t(() => typeof ns.late)]
        export let late = 1
        export function f() { return 'hoisted' }
        export var v = 2
        export default 3
        export class K {}
        export const after = [ns.late, ns.v, ns.default, Object.keys(ns).length]`,
    })
  })

  it('10.4.6 throws while a module of a cycle has not run', async () => {
    await sameAsNative({
      'main.mjs': 'import { r } from "./b.mjs"; export { r }; export let a = 1; export function f() { return 1 }',
      'b.mjs': `import * as ns from './main.mjs'
        const t = f => { try { return f() } catch (e) { return e.name } }
        export const r = [t(() => ns.a), t(() => ns.f()), t(() => ns.r), Reflect.ownKeys(ns)]`,
    })
  })

  it('is shown with its values by util.inspect', async () => {
    const { namespace } = await loadImage({ 'main.mjs': 'export let a = 1; export const b = [2]; a = 3' })
    assert.match(inspect(namespace), /\{ a: 3, b: \[ 2 \] \}/)
  })
})
