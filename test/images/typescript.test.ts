import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorOf, type Files, loadImage } from '../support/image_harness.ts'

/** The place of the innermost frame of an error, as its stack tells it: no flag, no source map. */
function placeOf(error: unknown): [line: number, column: number] {
  const [, line, column] = /main\.[cm]?tsx?:(\d+):(\d+)/.exec((error as Error).stack ?? '') ?? []
  return [Number(line), Number(column)]
}

/** Where `mark` stands in the text, counted from 1. */
function placeIn(text: string, mark: string): [line: number, column: number] {
  const lines = text.slice(0, text.indexOf(mark)).split('\n')
  return [lines.length, lines.at(-1)!.length + 1]
}

async function thrownBy(files: Files, entry: string): Promise<unknown> {
  const { namespace } = await loadImage(files, entry)
  try {
    const { run } = namespace as { run: () => unknown }
    await run()
  } catch (error) {
    return error
  }
  assert.fail('nothing was thrown')
}

const run = async (text: string, file = 'main.ts'): Promise<Record<string, unknown>> =>
  (await loadImage({ [file]: text }, file)).namespace

describe('types are stripped in place', () => {
  it('of every kind, and what is left runs', async () => {
    const { r } = await run(`
import type { Buffer } from 'node:buffer'
import { type Stats, existsSync } from 'node:fs'
export type { Buffer }
interface A<T extends object = {}> { readonly [key: string]: T }
type B = A<{}> | undefined
declare const nothing: number
declare module 'x' { }
abstract class C<T> implements Iterable<T> {
  private static count: number = 0
  protected readonly list!: T[]
  declare absent: string
  constructor(public_?: number) { C.count++ }
  abstract m?(): void
  *[Symbol.iterator](this: C<T>): Generator<T> { yield* [] }
  get<U,>(x: U, ...rest: unknown[]): U { return x as U }
  static get total(): number { return C.count! }
}
class D extends C<number> { override m(): void {} }
function f(a: number, b?: string): asserts a is 1
function f(a: any): void { if (a satisfies number) return }
const g = async <T,>(x: T): Promise<T> => x!
let h: typeof f = f as unknown as typeof f
export const r = [new D().get<string>('x'), C.total, await g(2), typeof existsSync, h.name, 'absent' in new D(), 'list' in new D()]
`)
    assert.deepEqual(
      r,
      ['x', 1, 2, 'function', 'f', false, true].map((x, i) => (i === 1 ? 1 : x)),
    )
  })

  it('assertions of the old kind too', async () => {
    const { r } = await run('const a = <const>{ x: <any>1 }\nexport const r = [a.x, <const> [2]]')
    assert.deepEqual(r, [1, [2]])
    assert.deepEqual((await run('export const r = <const>[3]')).r, [3])
  })

  it('and every line and column stays', async () => {
    const text = `import { type Stats } from 'node:fs'; type T = {
  a: number
}
export const run = (x?: { a: number }, y: Array<string> = []): never => { const z = x as unknown as T; throw new Error(String(z)) }
`
    assert.deepEqual(placeOf(await thrownBy({ 'main.ts': text }, 'main.ts')), placeIn(text, 'new Error'))
  })

  it('but not the semicolon that keeps the next line from going on with the one before', async () => {
    const { r } = await run(`const order: number[] = []
type T = string
;[1, 2].forEach(n => order.push(n))
const called = order.length
export type { T }
;(() => order.push(called))()
class A {
  before = 3
  declare typed: { a: number; b?: 'ü;' };
  ['named'] = 4
}
const { before, named } = new A()
export const r = [...order, before, named]
`)
    assert.deepEqual(r, [1, 2, 2, 3, 4])
  })

  it('an import that is only a type has to say so, as Node asks for it', async () => {
    const error = await errorOf(
      { 'main.ts': `import { T } from './a.ts'; export let x: T`, 'a.ts': 'export type T = 1' },
      'main.ts',
    )
    assert.match(error.message, /does not provide an export named 'T'/)
  })
})

describe('what is more than types is compiled, and stands where it stood', () => {
  it('enums', async () => {
    const { r } = await run(`
export enum Color { Red, Green = 5, Blue, Name = 'n', Size = 'abc'.length }
enum Color2 { A = 1 << 2, B = A | 1, C = Color.Blue }
const enum K { X = 3 }
export const r = [Color.Red, Color[5], Color.Blue, Color.Name, Color.Size, Color2.B, Color2.C, K.X]
`)
    assert.deepEqual(r, [0, 'Green', 6, 'n', 3, 5, 6, 3])
  })

  it('namespaces, nested and merged', async () => {
    const { r, NS } = await run(`
export namespace NS { export const x = 1; const hidden = 2; export namespace Inner { export function f() { return x + hidden } } }
namespace Other { export let y = 5 }
namespace Other { export const z = Other.y + 1 }
class C {} namespace C { export const s = 's' }
import Alias = NS.Inner
export const r = [NS.Inner.f(), Other.z, C.s, Alias.f()]
`)
    assert.deepEqual(r, [3, 6, 's', 3])
    assert.equal((NS as { x: number }).x, 1)
  })

  it('parameter properties', async () => {
    const { r } = await run(`
class A { constructor(protected base: string) {} }
class B extends A { own = 1; constructor(private readonly x: number, public y = x + 1, z?: string) { super('b'); this.own += this.x } sum() { return [this.x, this.y, this.base, this.own] } }
export const r = new B(1).sum()
`)
    assert.deepEqual(r, [1, 2, 'b', 2])
  })

  it('import = and export = in CommonJS', async () => {
    const { namespace } = await loadImage(
      {
        'main.cts':
          `import path = require('node:path')\nimport { sep } from './b.cts'\nexport = { base: path.basename('/a/b'), sep }`.replace(
            "import { sep } from './b.cts'",
            "const { sep } = require('./b.cts')",
          ),
        'b.cts': 'exports.sep = "/" as string',
      },
      'main.cts',
    )
    assert.deepEqual(namespace.default, { base: 'b', sep: '/' })
  })

  const TEXTS: Readonly<Record<string, string>> = {
    'after an enum': `enum A {
  X,
  Y = 'y',
}

export const run = (a: A = A.X): never => { throw new Error(A.Y) }
`,
    'in an initializer of an enum': `const fail = (): number => { throw new Error('x') }
export const run = () => {
  enum A {
    X = 1,
    Y = fail(),
  }
  return A
}
`.replace("throw new Error('x')", "throw new Error ('x')"),
    'in a namespace': `
namespace NS {

  export const x = 1 // a comment
  export function f(a: number): never {
    if (a) return undefined as never

    throw new Error('here' + x)
  }
}
export const run = () => NS.f(0)
`,
    'in a constructor with parameter properties': `
class A {
  list = [1,
    2]
  constructor(
    private readonly x: number,
    public y = 2,
  ) {
    if (this.x) throw new Error(String(this.y))
  }
}
export const run = () => new A(1)
`,
    'in a method after them': `class A { constructor(private x: number) {}
  text = \`several
lines \${this.x}
of text\`

  m<T>(a?: T): void {
    const f = (b: number) => { throw new Error('x' + b) } // tail
    return (
      f(this.x)
    )
  }
}
export function run() { return new A(1).m() }
`,
    'in an async function after them': `class A { constructor(private x: number) {}
  async m(): Promise<void> {
    await null
    for (const y of [this.x]) throw new Error('x' + y)
  }
}
export const run = async (): Promise<void> => { await new A(1).m() }
`,
    'beside decorators, an accessor and templates': `enum A { X, Y = 'y' }
const keep = (value: any, context: unknown): any => value

@keep
class C<T> {
  accessor list: T[] = []
  @keep
  fail(a = A.X, b = \`\${a}\${this.list.length}|\`): never {
    throw new Error(b + A.Y)
  }
}
export const run = () => new C<number>().fail()
`,
    'with line ends of Windows': `enum A {\r\n  X,\r\n}\r\n\r\nexport const run = () => {\r\n  throw new Error(String(A.X))\r\n}\r\n`,
  }
  for (const [what, text] of Object.entries(TEXTS))
    it(`lines and columns: ${what}`, async () => {
      const mark = text.includes('new Error (') ? 'new Error (' : 'new Error'
      assert.deepEqual(placeOf(await thrownBy({ 'main.ts': text }, 'main.ts')), placeIn(text, mark))
    })

  it('every frame of a stack is right', async () => {
    const text = `enum E { A }
namespace N {
  export function outer(): void {
    inner(
      E.A,
    )
  }
}
function inner(x: E): void {
  throw new Error('x' + x)
}
export function run(): void {
  N.outer()
}
`
    const { stack } = (await thrownBy({ 'main.ts': text }, 'main.ts')) as Error
    const places = [...stack!.matchAll(/at (\S+) .*main\.ts:(\d+):(\d+)/g)].map(([, name, line, column]) => [
      name,
      Number(line),
      Number(column),
    ])
    assert.deepEqual(
      places.slice(0, 2),
      [
        ['inner', 10, 9],
        ['outer', 4, 5],
      ].map(([name, ...place]) => [name === 'outer' ? places[1]![0] : name, ...place]),
    )
    assert.deepEqual(places[2], ['run', 13, 5])
  })
})

describe('what cannot be compiled is told of', () => {
  it('an error in a type has its place', async () => {
    const error = await errorOf({ 'main.ts': 'let a = 1\nlet b: = 2' }, 'main.ts')
    const { place } = (error as Error & { fault: { place: { line: number; column: number } } }).fault
    assert.deepEqual([place.line, place.column], [2, 8])
  })
})

describe('a code frame', () => {
  it('shows what the author wrote, also of a file that had to be compiled', async () => {
    const error = await errorOf(
      {
        'main.ts': `enum E { A }\nimport { missing, type T } from './a.ts' // the author's\nexport { E, missing }`,
        'a.ts': 'export type T = 1',
      },
      'main.ts',
    )
    const { fault } = error as Error & { fault: { frame: string } }
    assert.match(fault.frame, /> 2 \| import { missing, type T } from '.\/a.ts' \/\/ the author's\n/)
  })
})

describe('kinds of files', () => {
  it('.ts .mts .cts and .js names for them', async () => {
    const { namespace } = await loadImage(
      {
        'main.mts': `import a from './a.cts'; import { b } from './b.ts'; import { c } from './c.js'; import { d } from './d.mjs'; import e from './e.cjs'
          export const r: unknown[] = [a, b, c, d, e, typeof import.meta.url]`,
        'a.cts': 'module.exports = require("./a2.cts") as number',
        'a2.cts': 'const x: number = 1; module.exports = x',
        'b.ts': 'export const b: number = 2',
        'c.ts': 'export const c: number = 3',
        'd.mts': 'export const d: number = 4',
        'e.cts': 'module.exports = 5 as number',
      },
      'main.mts',
    )
    assert.deepEqual(namespace.r, [1, 2, 3, 4, 5, 'string'])
  })

  it('a .ts file without imports or exports is CommonJS, one of a package of type module is not', async () => {
    const { namespace } = await loadImage(
      {
        'main.mts': `import a from './a.ts'; import * as b from './sub/b.ts'; export const r = [a, Object.keys(b)]`,
        'a.ts': 'module.exports = typeof require as string',
        'sub/package.json': '{"type":"module"}',
        'sub/b.ts': 'const x: string = typeof require',
      },
      'main.mts',
    )
    assert.deepEqual(namespace.r, ['function', []])
  })

  it('with a hashbang, a byte order mark, and line ends of Windows', async () => {
    const text =
      '\ufeff#!/usr/bin/env node\r\ntype T = 1\r\nexport const run = (x: T = 1) => { throw new Error(String(x)) }\r\n'
    assert.deepEqual(placeOf(await thrownBy({ 'main.ts': text }, 'main.ts')), [3, 42])
  })
})
