import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type Files, isCollected, keptOf, loadWeakly, type Namespace } from '../support/image_harness.ts'

const FILES: Files = {
  'main.mjs': `import c from './c.cjs'; import { fromCycle } from './cycle_a.mjs'; import { leaf } from './leaf.mjs'; import { fromAwait } from './await.mjs'
    export { c, fromCycle, leaf, fromAwait }; export function declared() {} export const arrow = () => {}; export const bound = declared.bind(null)
    export class K { method() {} static s() {} get x() { return 1 } #p = () => {}; p() { return this.#p } static { K.fromBlock = () => {} } }
    export default function () {} export function* generator() { yield 1 } export async function asynchronous() { await 1 }
    export const nested = () => () => () => {}; export const object = { method() {} }; export const lazy = () => import('./lazy.mjs'); export const made = new Function('return 1')
    export let changing = 1; export const change = () => { changing++ }; export const evaluated = eval('() => 1'); export const keeper = { timer: undefined }`,
  'c.cjs':
    'exports.f = function () {}; exports.g = () => {}; exports.K = class { m() {} }; exports.module = module; exports.require = require; exports.deep = require("./d.cjs")',
  'd.cjs': 'module.exports = () => 1',
  'cycle_a.mjs': 'import { inCycle } from "./cycle_b.mjs"; export const fromCycle = () => {}; export { inCycle }',
  'cycle_b.mjs': 'import { fromCycle } from "./cycle_a.mjs"; export const inCycle = () => fromCycle',
  'leaf.mjs': 'export const leaf = () => 1',
  'await.mjs': 'await null; export const fromAwait = () => 1',
  'lazy.mjs': 'export const fromLazy = () => 1',
}

const of = (name: string) => (namespace: Namespace) => namespace[name]
interface Members {
  readonly [name: string]: Members
}
const members = (namespace: Namespace) => namespace as unknown as Members

type Class = (new () => { p(): unknown }) & { readonly fromBlock: unknown; readonly prototype: object }
const classOf = (namespace: Namespace) => namespace.K as Class

/** Each holds one function, or something with one, of one of the files. */
const HELD: Readonly<Record<string, (namespace: Namespace) => unknown>> = {
  'a function': of('declared'),
  'an arrow function': of('arrow'),
  'a bound function': of('bound'),
  'a class': of('K'),
  'a method of a class': namespace => Reflect.get(classOf(namespace).prototype, 'method'),
  'a private function': namespace => new (classOf(namespace))().p(),
  'a function of a static block': namespace => classOf(namespace).fromBlock,
  'an instance': namespace => new (classOf(namespace))(),
  'the default export': of('default'),
  'a generator function': of('generator'),
  'a generator': namespace => (namespace.generator as () => unknown)(),
  'an async function': of('asynchronous'),
  'an inner function': namespace => (namespace.nested as () => () => unknown)()(),
  'an object with a method': of('object'),
  'a function that imports': of('lazy'),
  'a function that changes an export': of('change'),
  'a function of direct eval': of('evaluated'),
  'a function of another file': of('leaf'),
  'a function of a cycle': of('fromCycle'),
  'a function of a file that awaited': of('fromAwait'),
  'a function of a file imported later': async namespace =>
    ((await (namespace.lazy as () => Promise<Namespace>)()) as Namespace).fromLazy,
  'a function of a CommonJS file': namespace => members(namespace).c!.f,
  'a method of a class of a CommonJS file': namespace => members(namespace).c!.K!.prototype!.m,
  'a function of a CommonJS file below': namespace => members(namespace).c!.deep,
  'the module object of a CommonJS file': namespace => members(namespace).c!.module,
  'its require': namespace => members(namespace).c!.require,
  'the namespace': namespace => namespace,
}

/** An image for each, so that the many collections which none of them may go in are the same ones; then they are let go one by one. */
describe('an image is kept as long as anybody can call a function of any of its files, and not longer', () => {
  const loaded = new Map<string, Awaited<ReturnType<typeof loadWeakly>>>()
  const kept = new Map<string, boolean>()

  before(async () => {
    for (const [what, hold] of Object.entries(HELD)) loaded.set(what, await loadWeakly(FILES, 'main.mjs', hold))
    const stayed = await keptOf([...loaded.values()].map(({ image }) => image))
    for (const [index, what] of [...loaded.keys()].entries()) kept.set(what, stayed[index]!)
  })

  for (const what of Object.keys(HELD))
    it(what, async () => {
      const { image, held } = loaded.get(what)!
      assert.ok(['function', 'object'].includes(typeof held[0]) && held[0] !== null, 'nothing is held')
      assert.equal(kept.get(what), true, 'collected while something of it is held')
      held.length = 0
      assert.equal(await isCollected(image), true, 'not collected')
    })
})

describe('what is made in the global scope holds nothing', () => {
  it('a function of the Function constructor', async () => {
    const { image, held } = await loadWeakly(FILES, 'main.mjs', of('made'))
    assert.equal(await isCollected(image), true)
    assert.equal(held.length, 1)
  })
})
