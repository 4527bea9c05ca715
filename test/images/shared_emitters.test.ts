import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { wrapSharedEmitters } from '#dist/images/shared_emitters.js'

const wrap = (code: string, own: readonly string[] = []): string => wrapSharedEmitters(code, 'module', new Set(own))

/** What a line comes to; the same line again means that it is left alone. */
const LINES: readonly (readonly [what: string, line: string, wrapped: string])[] = [
  ['a global', `    bus.on('tick', f)`, ` í(bus).on('tick', f)`],
  ['a property of one', `    app.bus.once('tick', f)`, ` í(app.bus).once('tick', f)`],
  ['little room', `  bus.on('tick', f)`, `î(bus).on('tick',f)`],
  ['no room', `bus.on('tick', f)`, `í(bus,5).on('tick',f)`],
  ['room that parts words', `return bus.on('tick', f)`, `return í(bus,5).on('tick',f)`],
  ['an optional call', `    bus?.addListener('tick', f)`, ` í(bus)?.addListener('tick', f)`],
  [
    'a variable that begins with one',
    `{ const b = app.bus;    b.on('x', f) }`,
    `{ const b = app.bus; í(b).on('x', f) }`,
  ],
  ['a part of one', `{ const { b } = app?.parts;    b.on('x', f) }`, `{ const { b } = app?.parts; í(b).on('x', f) }`],
  [
    'what is stored in one',
    `{ const b = app.b ??= make();    b.on('x') }`,
    `{ const b = app.b ??= make(); í(b).on('x') }`,
  ],
  ['two in a line', `    a.on('x');    b.on('y')`, ` í(a).on('x'); í(b).on('y')`],
  ['one in another', `    a.on('x', () => {    b.on('y') })`, ` í(a).on('x', () => { í(b).on('y') })`],
  ['an EventTarget', `    target.addEventListener('x', f)`, ` í(target).addEventListener('x', f)`],
  ...[
    'process.on("x", f)',
    'globalThis.process.on("x", f)',
    'own.on("x", f)',
    'a?.b.on("x", f)',
    'make().on("x", f)',
    'new Bus().on("x", f)',
    'bus[method]("x", f)',
    'bus.off("x", f)',
    'bus.on',
    'const s = "bus.on(1)", t = `bus.on(1)`, r = /bus.on(1)/ // bus.on(1)',
    'class A extends B { m() { super.on("x"); this.on("y") } }',
    'function f(bus) { bus.on("x") }',
    'for (const bus of all) bus.on("x")',
    'try {} catch (bus) { bus.on("x") }',
    'const a = b, b = a; a.on("x")',
    'let b = new Bus; b.on("x")',
    '{ var v = make() } v.on("x")',
    'syntax error bus.on("x")',
  ].map(line => [`not ${line}`, line, line] as const),
]

describe('the receiver of a call that adds a listener is put through the view', () => {
  for (const [what, line, wrapped] of LINES) it(what, () => assert.equal(wrap(line, ['own']), wrapped))

  it('also in CommonJS, but not what such a file is given', () => {
    const code = `module.on('x'); require.on('x'); return 1\n    bus.on('x')`
    const wrapped = `module.on('x'); require.on('x'); return 1\n í(bus).on('x')`
    assert.equal(wrapSharedEmitters(code, 'script', new Set()), wrapped)
  })
})
