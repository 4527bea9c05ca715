import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Files,
  folderOf,
  imageOf,
  loadFolder,
  loadImage,
  type Namespace,
  sameAsNative,
} from '../support/image_harness.ts'
import { shareOf } from '../support/share.ts'

/** A file that logs when it begins, and again after it has waited. */
const file = (name: string, imports: string[], rest = ''): string =>
  `${imports.map(other => `import './${other}.mjs'`).join(';')}; import { log } from './log.mjs'; log.push('${name}'); ${rest}`
const wait = (name: string, turns: number): string =>
  `for (let i = 0; i < ${turns}; i++) await null; log.push('${name} done')`
const LOG = { 'log.mjs': 'export const log = []' }
/** The entry exports the log a while after everything has settled. */
const entry = (imports: string[], rest = ''): string =>
  `${imports.map(other => `import './${other}.mjs'`).join(';')}; import { log } from './log.mjs'; log.push('main'); ${rest}; export { log }`
/** Imports dynamically, so that what fails is seen with the log. */
const guarded = (first: string, rest = ''): string =>
  `import { log } from './log.mjs'; const see = async (name, p) => { try { await p; log.push(name + ' ok') } catch (e) { log.push(name + ' threw ' + (e?.message ?? e)) } }
   await see('${first}', import('./${first}.mjs')); ${rest}; for (let i = 0; i < 100; i++) await null; export { log }`

const CASES: Readonly<Record<string, Files>> = {
  '16.2.1.6.1.3 Evaluate runs dependencies first, in the order of the text, each once': {
    'main.mjs': entry(['a', 'b', 'a', 'c']),
    'a.mjs': file('a', ['c']),
    'b.mjs': file('b', ['a', 'd']),
    'c.mjs': file('c', []),
    'd.mjs': file('d', ['c']),
  },
  '16.2.1.6.1.3 re-exports count as requests in their place': {
    'main.mjs': `export * from './a.mjs'; import './b.mjs'; export { x } from './c.mjs'; import { log } from './log.mjs'; export { log }`,
    'a.mjs': file('a', []),
    'b.mjs': file('b', []),
    'c.mjs': `${file('c', [])}; export const x = 1`,
  },
  '16.2.1.6.1.3.1 a cycle runs from where it was entered': {
    'main.mjs': entry(['a']),
    'a.mjs': file('a', ['b']),
    'b.mjs': file('b', ['c', 'a']),
    'c.mjs': file('c', ['a', 'b', 'd']),
    'd.mjs': file('d', []),
  },
  '16.2.1.6.1.3.1 what throws stops those that need it, and is remembered': {
    'main.mjs': guarded(
      'a',
      `await see('a', import('./a.mjs')); await see('b', import('./b.mjs')); await see('c', import('./c.mjs')); await see('bad', import('./bad.mjs'))`,
    ),
    'a.mjs': file('a', ['b', 'bad', 'c']),
    'b.mjs': file('b', []),
    'bad.mjs': file('bad', [], `throw new Error('bad' + log.length)`),
    'c.mjs': file('c', []),
  },
  '16.2.1.6.1.3 whatever the code does to what functions inherit': {
    'main.mjs': `const { toString } = Function.prototype; Function.prototype.toString = () => './b.mjs'
      const { x } = await import(() => {}); Function.prototype.toString = toString; export { x }`,
    'b.mjs': 'export let x = 1',
  },
  '16.2.1.6.1.3 whatever the code does to what lists inherit': {
    'main.mjs': `const iterator = Array.prototype[Symbol.iterator]; delete Array.prototype[Symbol.iterator]
      Promise.resolve().then(() => { Array.prototype[Symbol.iterator] = iterator }); export let x = 1`,
  },
  '16.2.1.6.1.3.1 the same error object each time, whatever it is': {
    'main.mjs': `const get = p => p.catch(e => e); const a = await get(import('./a.mjs')), b = await get(import('./a.mjs')), c = await get(import('./b.mjs')); export const same = [a === b, b === c, a]
      const u = await import('./u.mjs').then(() => 'ok', e => [e]); const v = await import('./u.mjs').then(() => 'ok', e => [e]); export { u, v }`,
    'a.mjs': 'throw { thrown: true }',
    'b.mjs': 'import "./a.mjs"',
    'u.mjs': 'throw undefined',
  },
  '16.2.1.6.1.3.1 an error in a cycle fails all of the cycle': {
    'main.mjs': guarded(
      'a',
      `await see('b', import('./b.mjs')); await see('a', import('./a.mjs')); await see('leaf', import('./leaf.mjs'))`,
    ),
    'a.mjs': file('a', ['b']),
    'b.mjs': file('b', ['leaf', 'a'], `throw new Error('in b')`),
    'leaf.mjs': file('leaf', []),
  },
  '16.2.1.6.1.3.2 siblings with await run in parallel, parents wait for both': {
    'main.mjs': entry(['a', 'b', 'c']),
    'a.mjs': file('a', [], wait('a', 4)),
    'b.mjs': file('b', [], wait('b', 1)),
    'c.mjs': file('c', []),
  },
  '16.2.1.6.1.3.2 a sibling without await does not wait': {
    'main.mjs': entry(['a', 'b']),
    'a.mjs': file('a', ['slow']),
    'b.mjs': file('b', []),
    'slow.mjs': file('slow', [], wait('slow', 3)),
  },
  '16.2.1.9 parents run in the order in which they were met': {
    'main.mjs': entry(['p1', 'p2', 'p3', 'p4']),
    'p1.mjs': file('p1', ['slow']),
    'p2.mjs': file('p2', ['p1', 'slow']),
    'p3.mjs': file('p3', ['slow'], wait('p3', 1)),
    'p4.mjs': file('p4', ['slow', 'p3']),
    'slow.mjs': file('slow', [], wait('slow', 3)),
  },
  '16.2.1.9 a chain of waiting modules': {
    'main.mjs': entry(['a']),
    'a.mjs': file('a', ['b'], wait('a', 1)),
    'b.mjs': file('b', ['c']),
    'c.mjs': file('c', ['d'], wait('c', 2)),
    'd.mjs': file('d', [], wait('d', 1)),
  },
  '16.2.1.9 a cycle that waits': {
    'main.mjs': entry(['a']),
    'a.mjs': file('a', ['b'], wait('a', 1)),
    'b.mjs': file('b', ['a', 'c'], wait('b', 2)),
    'c.mjs': file('c', ['b']),
  },
  '16.2.1.9 two cycles that wait for one leaf': {
    'main.mjs': entry(['a', 'x']),
    'a.mjs': file('a', ['b', 'leaf']),
    'b.mjs': file('b', ['a'], wait('b', 2)),
    'x.mjs': file('x', ['y', 'leaf'], wait('x', 1)),
    'y.mjs': file('y', ['x', 'a']),
    'leaf.mjs': file('leaf', [], wait('leaf', 5)),
  },
  '16.2.1.9 a rejection goes to all that wait, siblings run on': {
    'main.mjs': guarded(
      'a',
      `await see('b', import('./b.mjs')); await see('sibling', import('./sibling.mjs')); await see('bad', import('./bad.mjs'))`,
    ),
    'a.mjs': file('a', ['b', 'sibling']),
    'b.mjs': file('b', ['bad']),
    'bad.mjs': file('bad', [], `await null; log.push('bad on'); throw new Error('late')`),
    'sibling.mjs': file('sibling', [], wait('sibling', 40)),
  },
  '16.2.1.9 a throw before the first await is a rejection too': {
    'main.mjs': guarded('a'),
    'a.mjs': file('a', ['bad']),
    'bad.mjs': file('bad', [], `throw new Error('at once'); await null`),
  },
  '16.2.1.9 errors of a waiting cycle': {
    'main.mjs': guarded('a', `await see('b', import('./b.mjs')); await see('c', import('./c.mjs'))`),
    'a.mjs': file('a', ['b']),
    'b.mjs': file('b', ['a', 'c']),
    'c.mjs': file('c', [], `await null; throw new Error('c')`),
  },
  '16.2.1.9 importing a part of a waiting cycle waits for all of it': {
    // Which of two imports at once the native loader has read first is a matter of the files: the second is made when the first runs.
    'main.mjs': `import { log } from './log.mjs'; import { go, started } from './setup.mjs'; const p = import('./a.mjs').then(() => log.push('p')); await started; const q = import('./b.mjs').then(() => log.push('q')); go(); await p; await q; export { log }`,
    'setup.mjs':
      'export let go, begin; export const gate = new Promise(r => { go = r }), started = new Promise(r => { begin = r })',
    'a.mjs': file('a', ['b'], wait('a', 3)),
    'b.mjs': file('b', ['a'], `import { begin, gate } from './setup.mjs'; begin(); await gate; ${wait('b', 3)}`),
  },
  '16.2.1.9 rejections reach importers from the leaf to the root': {
    'main.mjs': `import { log } from './log.mjs'; const b = import('./b.mjs').finally(() => log.push('B')).catch(() => {}); const a = import('./a.mjs').finally(() => log.push('A')).catch(() => {}); await a; await b; log.sort(); export { log }`,
    'a.mjs': file('a', ['b']),
    'b.mjs': file('b', [], `await null; await null; throw new Error('b')`),
  },
  '16.2.1.7 await is an operator in every place of the top level': {
    'main.mjs': `export const a = [await 1, await (async () => 2)(), ...(await [3])]; if (await true) a.push(4); for (const x of await [5]) a.push(x); for await (const x of [6, Promise.resolve(7)]) a.push(x)
      export const { b = await 8 } = {}; export class K { static [await 'k'] = 9 } switch (await 1) { case await 1: a.push(10) } try { await Promise.reject(11) } catch (e) { a.push(e) } export default await 12; while (!(await true)); do { a.push(await 13) } while (await false); throw_: { if (await 1) break throw_ } a.push(\`\${await 14}\`, (await import('./x.mjs')).x, await { then(f) { f(15) } }, await /x/, await -1, await (await 16), typeof await 17, !await 18, await this)`,
    'x.mjs': 'export const x = await 1',
  },
  '16.2.1.7 await does not make a module of functions wait': {
    'main.mjs': `import { log } from './log.mjs'; import './a.mjs'; log.push('main'); export { log }`,
    'a.mjs': `import { log } from './log.mjs'; async function f() { await null; log.push('f') } f(); const g = async () => { for await (const x of [1]) log.push('g') }; g(); log.push('a')`,
  },
  '13.3.10 import() gives the one namespace, and runs a module once': {
    'main.mjs': `import * as a from './a.mjs'; import { log } from './log.mjs'; const b = await import('./a.mjs'), [c, d] = await Promise.all([import('./a.mjs'), import('././a.mjs')]); export const r = [a === b, b === c, c === d, log]`,
    'a.mjs': file('a', []),
  },
  '13.3.10 import() rejects and does not throw': {
    'main.mjs': `const kind = p => p instanceof Promise ? p.then(() => 'ok', e => [e?.name ?? e]) : 'thrown'
      const bad = { toString() { throw 'no string' } }
      export const r = [await kind(import(bad)), await kind(import(Symbol())), await kind(import('./syntax.mjs')), await kind(import('./link.mjs')), await kind(import('./throws.mjs')), (await kind(import('./missing.mjs'))).length, (await kind(import('no-such-package'))).length, (await kind(import(''))).length, await kind(import({ toString: () => './a.mjs' }))]`,
    'a.mjs': '',
    'syntax.mjs': 'let = ;',
    'link.mjs': 'import { missing } from "./a.mjs"',
    'throws.mjs': 'throw "thrown"',
  },
  '13.3.10 import() rejects with the SyntaxError that the code knows': {
    'main.mjs': `const kind = p => p.catch(e => [e.constructor === SyntaxError, e instanceof SyntaxError, e.name]); export const r = [await kind(import('./syntax.mjs')), await kind(import('./link.mjs'))]`,
    'syntax.mjs': 'let = ;',
    'link.mjs': 'import { missing } from "./main.mjs"',
  },
  '13.3.10 import() looks at its options': {
    'main.mjs': `const kind = p => p.then(() => 'ok', e => e.name)
      export const r = []
      for (const options of [undefined, {}, { with: undefined }, { with: {} }, null, 1, 'x', Symbol(), { with: null }, { with: 1 }, { with: { type: 1 } }, { get with() { throw new RangeError() } }, { with: { get type() { throw new RangeError() } } }])
        r.push(await kind(import('./a.mjs', options)))
      r.push(await kind(import('./a.json', { with: { type: 'json' } })), (await import('./a.json', { with: { type: 'json' } })).default, await kind(import('./a.json')), await kind(import('./a.mjs', { with: { type: 'json' } })))`,
    'a.mjs': '',
    'a.json': '[1]',
  },
  '13.3.10 import() evaluates its arguments in order': {
    'main.mjs': `const r = []; const p = import((r.push(1), './a.mjs'), (r.push(2), undefined)); r.push(3); await p; export { r }`,
    'a.mjs': '',
  },
  '13.3.10 import() from functions, arrows, classes, and code that waits': {
    'main.mjs': `const f = () => import('./a.mjs'); class K { static m() { return import('./a.mjs') } x = import('./a.mjs') } function* g() { yield import('./a.mjs') } export const r = [(await f()).a, (await K.m()).a, (await new K().x).a, (await g().next().value).a, (await [...'a'].map(async n => (await import(\`./\${n}.mjs\`)).a)[0])]`,
    'a.mjs': 'export const a = 1',
  },
  '13.3.10 import() before a block, and a method of that name': {
    'main.mjs': `const f = () => import('./a.mjs')\n{ function inner() {} } const o = { import(x) { return x } }; class K { static import (x) { return x + 1 } }; export const r = [(await f()).a, o.import(1), K.import(1)]`,
    'a.mjs': 'export const a = 1',
  },
  '13.3.10 import() of itself waits for nothing that waits for it': {
    'main.mjs': `const p = import('./main.mjs'); export let a = 1; export const r = { p: 0 }; p.then(ns => { a = ns.a + 1; r.p = ns.r === r })`,
  },
  '13.3.12 import.meta is one object without prototype, of one module': {
    'main.mjs': `import { meta, f } from './a.mjs'; const m = import.meta; export const r = [Object.getPrototypeOf(m), m === import.meta, meta === m, meta === f(), typeof m.url, m.url.startsWith('file:'), m.url.endsWith('main.mjs'), typeof m.filename, typeof m.dirname, typeof m.resolve, Object.isExtensible(m), (m.own = 1, import.meta.own), Reflect.getOwnPropertyDescriptor(m, 'url').writable]`,
    'a.mjs': 'export const meta = import.meta; export const f = () => import.meta',
  },
}

/** Where the native loader of some Node lines errs. */
const EXPECTED: Readonly<Record<string, { files: Files; expected: Readonly<Record<string, unknown>> }>> = {
  '16.2.1.6.1.3.1 step 11.c.v: who imports a part of a cycle waits for its root': {
    files: {
      'main.mjs': entry(['root', 'importer']),
      'root.mjs': file('root', ['leaf'], wait('root', 3)),
      'leaf.mjs': file('leaf', ['root'], wait('leaf', 1)),
      'importer.mjs': file('importer', ['leaf']),
    },
    expected: { log: ['leaf', 'leaf done', 'root', 'root done', 'importer', 'main'] },
  },
  '16.2.1.6.1.3.1 step 11.c.iv: who imports a part of a cycle that failed fails with its root': {
    files: {
      'main.mjs': guarded(
        'root',
        `await see('importer', import('./importer.mjs')); await see('good', import('./good.mjs'))`,
      ),
      'root.mjs': file('root', ['bad', 'good']),
      'bad.mjs': file('bad', ['root'], `await null; throw new Error('bad')`),
      'good.mjs': file('good', ['root']),
      'importer.mjs': file('importer', ['good']),
    },
    expected: { log: ['bad', 'good', 'root threw bad', 'importer threw bad', 'good threw bad'] },
  },
  '16.2.1.9 AsyncModuleExecutionFulfilled resolves from the leaf to the root': {
    files: {
      'main.mjs': `import { log } from './log.mjs'; import { go, started } from './setup.mjs'; const b = import('./b.mjs').then(() => log.push('B')); await started; const a = import('./a.mjs').then(() => log.push('A')); for (let i = 0; i < 20; i++) await null; go(); await a; await b; export { log }`,
      'setup.mjs':
        'export let go, begin; export const gate = new Promise(r => { go = r }), started = new Promise(r => { begin = r })',
      'a.mjs': 'import "./b.mjs"',
      'b.mjs': 'import { begin, gate } from "./setup.mjs"; begin(); await gate',
    },
    expected: { log: ['B', 'A'] },
  },
  '16.2.1.9 AsyncModuleExecutionRejected rejects from the leaf to the root': {
    files: {
      'main.mjs': `import { log } from './log.mjs'; import { fail, started } from './setup.mjs'; const b = import('./b.mjs').catch(() => log.push('B')); await started; const a = import('./a.mjs').catch(() => log.push('A')); for (let i = 0; i < 20; i++) await null; fail(); await a; await b; export { log }`,
      'setup.mjs':
        'export let fail, begin; export const gate = new Promise((_, r) => { fail = r }), started = new Promise(r => { begin = r })',
      'a.mjs': 'import "./b.mjs"',
      'b.mjs': 'import { begin, gate } from "./setup.mjs"; begin(); await gate',
    },
    expected: { log: ['B', 'A'] },
  },
  '16.2.1.9 importing what is waiting waits with it': {
    files: {
      'main.mjs': `import { log } from './log.mjs'; const p = import('./slow.mjs').then(() => log.push('p')); const q = import('./needs.mjs').then(() => log.push('q')); log.push('main'); await p; await q; export { log }`,
      'slow.mjs': file('slow', [], wait('slow', 5)),
      'needs.mjs': file('needs', ['slow']),
    },
    expected: { log: ['main', 'slow', 'slow done', 'needs', 'p', 'q'] },
  },
  '13.3.10 import() of what failed to link or parse fails again': {
    files: {
      'main.mjs': `const kind = p => p.then(() => 'ok', e => e.name); export const r = [await kind(import('./link.mjs')), await kind(import('./link.mjs')), await kind(import('./needs.mjs')), await kind(import('./needs.mjs')), await kind(import('./a.mjs')), await kind(import('./deep.mjs')), await kind(import('./deep.mjs'))]`,
      'a.mjs': '',
      'link.mjs': 'import { missing } from "./a.mjs"',
      'needs.mjs': 'import "./link.mjs"',
      'deep.mjs': 'import "./a.mjs"; import "./syntax.mjs"',
      'syntax.mjs': 'let = ;',
    },
    expected: { r: ['SyntaxError', 'SyntaxError', 'SyntaxError', 'SyntaxError', 'ok', 'SyntaxError', 'SyntaxError'] },
  },
}

describe('evaluation is that of the native loader', () => {
  for (const [what, files] of Object.entries(CASES))
    it(what, async () => {
      assert.ok(await sameAsNative({ ...files, ...LOG }), 'it failed')
    })

  for (const [what, { files, expected }] of Object.entries(EXPECTED))
    it(what, async () => {
      assert.deepEqual({ ...(await loadImage({ ...files, ...LOG })).namespace }, expected)
    })
})

/** Many files, and whether what was loaded of the first is right. How deep a walk goes is a matter of how it is written, not of the engine. */
const LARGE: readonly (readonly [
  name: string,
  text: (n: number) => string,
  files: number,
  isRight: (first: Namespace) => boolean,
])[] = [
  [
    '3000 files in a chain',
    n => (n === 2999 ? 'export const x = 1' : `export { x } from './f${n + 1}.mjs'`),
    3000,
    ({ x }) => x === 1,
  ],
  [
    '1000 files in one cycle',
    n =>
      `import { next as after } from './f${(n + 1) % 1000}.mjs'; export const own = ${n}; export function next() { return own } export const late = () => after()`,
    1000,
    ({ late }) => (late as () => number)() === 1,
  ],
]

describe('evaluation', () => {
  for (const [name, text, files, isRight] of shareOf(LARGE))
    it(`of ${name} does not run out of stack`, async () => {
      const texts = Object.fromEntries(Array.from({ length: files }, (_, n) => [`f${n}.mjs`, text(n)]))
      assert.ok(isRight((await loadFolder(folderOf(texts), 'f0.mjs')).namespace))
    })

  it('runs once, and gives the same promise of its end', async () => {
    const image = imageOf(
      folderOf({ 'main.mjs': 'globalThis.runs = (globalThis.runs ?? 0) + 1; await null; throw 1' }),
      'main.mjs',
    )
    await image.read()
    image.link(new Map())
    const [first, second] = await Promise.allSettled([image.evaluate(), image.evaluate()])
    assert.deepEqual([first.status, second.status], ['rejected', 'rejected'])
    assert.equal((globalThis as { runs?: number }).runs, 1)
  })

  it('loads side by side with others, also where the host takes its time', async () => {
    const { namespace } = await loadFolder(
      folderOf({
        'main.mjs': `export const r = await Promise.all([import('./a.mjs'), import('./b.mjs'), import('./a.mjs'), import('./bad.mjs').catch(e => e.name), import('./c.mjs')])`,
        'a.mjs':
          'import { x } from "data:text/javascript,await new Promise(f => setTimeout(f, 20)); export const x = 1"; export const a = x',
        'b.mjs': 'import { a } from "./a.mjs"; export const b = a + 1',
        'c.mjs': 'export const c = 3',
        'bad.mjs': 'import "./a.mjs"; import { missing } from "./c.mjs"',
      }),
    )
    const [a, b, again, bad, c] = namespace.r as [{ a: number }, { b: number }, object, string, { c: number }]
    assert.deepEqual([a.a, b.b, again === a, bad, c.c], [1, 2, true, 'SyntaxError', 3])
  })
})
