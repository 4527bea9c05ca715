import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorOf, type Files, loadImage } from '../support/image_harness.ts'

/** Packages that give back what they were called with. */
const RUNTIMES: Files = Object.fromEntries(
  ['react', 'other'].flatMap(name => [
    [
      `node_modules/${name}/package.json`,
      JSON.stringify({ type: 'module', exports: { '.': './index.js', './jsx-runtime': './jsx-runtime.js' } }),
    ],
    [
      `node_modules/${name}/index.js`,
      `export const createElement = (type, props, ...children) => ({ by: '${name}.createElement', type, props, children }); export default { createElement, Fragment: '${name}.Fragment' }`,
    ],
    [
      `node_modules/${name}/jsx-runtime.js`,
      `export const jsx = (type, props, ...key) => ({ by: '${name}.jsx', type, props, ...(key.length > 0 && { key: key[0] }) }); export const jsxs = (type, props, ...key) => ({ by: '${name}.jsxs', type, props, ...(key.length > 0 && { key: key[0] }) }); export const Fragment = '${name}.Fragment'`,
    ],
  ]),
)

const render = async (text: string, file = 'main.jsx'): Promise<unknown> =>
  (await loadImage({ ...RUNTIMES, [file]: `${text}\nexport { r }` }, file)).namespace.r

const jsx = (type: unknown, props: object, key?: unknown) => ({
  by: 'react.jsx',
  type,
  props,
  ...(key !== undefined && { key }),
})
const jsxs = (type: unknown, props: object, key?: unknown) => ({ ...jsx(type, props, key), by: 'react.jsxs' })

describe('JSX by the automatic runtime', () => {
  const CASES: readonly (readonly [what: string, text: string, expected: unknown])[] = [
    ['an empty element', 'const r = <div/>', jsx('div', {})],
    ['an element with an end', 'const r = <div></div>', jsx('div', {})],
    [
      'attributes',
      `const r = <a b="1" c='2' d={3} e data-f="g" aria-h={"i"} class="j" />`,
      jsx('a', { b: '1', c: '2', d: 3, e: true, 'data-f': 'g', 'aria-h': 'i', class: 'j' }),
    ],
    [
      'entities in attributes and text',
      'const r = <a b="&lt;&amp;&quot;&#65;&#x42;" >&copy; &nbsp;|</a>',
      jsx('a', { b: '<&"AB', children: '\u00a9 \u00a0|' }),
    ],
    ['an attribute over several lines', 'const r = <a b="1\n  2" c={3} />', jsx('a', { b: '1\n  2', c: 3 })],
    ['a spread', 'const s = { a: 1, b: 2 }; const r = <a {...s} b={3} />', jsx('a', { a: 1, b: 3 })],
    [
      'an element as an attribute',
      'const r = <a b=<i/> c={<b>t</b>} />',
      jsx('a', { b: jsx('i', {}), c: jsx('b', { children: 't' }) }),
    ],
    ['one child', 'const r = <a>text</a>', jsx('a', { children: 'text' })],
    ['one expression', 'const r = <a>{1 + 1}</a>', jsx('a', { children: 2 })],
    ['children', 'const r = <a>x{1}<b/>y</a>', jsxs('a', { children: ['x', 1, jsx('b', {}), 'y'] })],
    [
      'white space',
      'const r = <a>\n  x  y\n\n  z {1}\t\n  {2} {3}\n</a>',
      jsxs('a', { children: ['x  y z ', 1, 2, ' ', 3] }),
    ],
    ['white space alone', 'const r = <a>\n  </a>', jsx('a', {})],
    [
      'comments',
      'const r = <a /* one */ b={1 /* two */} // three\n>{/* four */}{\n// five\n}x</a>',
      jsx('a', { b: 1, children: 'x' }),
    ],
    [
      'a component',
      'const C = () => {}; C.D = { E: 1 }; const $ = "$", _x = "_x"; const r = [<C/>, <C.D.E/>, <$/>, <_x/>].map(x => x.type)',
      undefined,
    ],
    [
      'names with dashes and colons',
      'const r = <my-tag svg:href="1"><svg:a/></my-tag>',
      jsx('my-tag', { 'svg:href': '1', children: jsx('svg:a', {}) }),
    ],
    ['fragments', 'const r = <>a<></></>', jsxs('react.Fragment', { children: ['a', jsx('react.Fragment', {})] })],
    [
      'a key',
      'const r = [<a key="k" b={1} />, <a b={2} key={1 + 1}>t</a>]',
      [jsx('a', { b: 1 }, 'k'), jsx('a', { b: 2, children: 't' }, 2)],
    ],
    [
      'a key before a spread, and one behind',
      'const s = { key: "s", b: 1 }; const r = [<a key="k" {...s} />, <a {...s} key="k">t</a>]',
      [
        jsx('a', { key: 's', b: 1 }, 'k'),
        { by: 'react.createElement', type: 'a', props: { key: 'k', b: 1 }, children: ['t'] },
      ],
    ],
    [
      'nesting in expressions',
      'const r = <a b={[1, 2].map(n => <i key={n}>{n > 1 ? <b>{n}</b> : null}</i>)}/>',
      jsx('a', { b: [jsx('i', { children: null }, 1), jsx('i', { children: jsx('b', { children: 2 }) }, 2)] }),
    ],
    ['a spread child', 'const list = [1, 2]; const r = <a>{...list}</a>', jsxs('a', { children: [1, 2] })],
    [
      'right after a keyword',
      'const f = x => { switch (x) { case 1: return<a/>; default: return typeof<a/> } }; const r = [f(1), f(2)]',
      [jsx('a', {}), 'object'],
    ],
    [
      'texts that look like code',
      `const r = <a>don't // not a comment {"}"} /* nor this */ import 'x' return</a>`,
      jsxs('a', { children: ["don't // not a comment ", '}', " /* nor this */ import 'x' return"] }),
    ],
    [
      'beside comparisons and generics',
      'const a = 1, b = 2; const r = [a < b, b > a, <a>{a < b}</a>]',
      [true, true, jsx('a', { children: true })],
    ],
  ]
  for (const [what, text, expected] of CASES)
    it(what, async () => {
      const r = await render(text)
      if (expected === undefined)
        assert.deepEqual(
          (r as unknown[]).map(type => typeof type),
          ['function', 'number', 'string', 'string'],
        )
      else assert.deepEqual(r, expected)
    })

  it('in TypeScript', async () => {
    const r = await render(
      `import type { X } from 'nowhere'
interface Props<T> { readonly x: T }
function C<T>(props: Props<T>): T { return props.x }
const id = <T,>(x: T): T => x
const each = <T extends { x: string }>(list: T[]) => list.map(({ x }) => <i key={x} />)
enum E { A = 'a' }
const r = [<C<string> x={'1' as string} />, <a b={id<number>(2)!}>{E.A satisfies string}</a>, each([{ x: '3' }])] as const`.replace(
        "import type { X } from 'nowhere'\n",
        '',
      ),
      'main.tsx',
    )
    assert.equal(typeof (r as { type: unknown }[])[0]!.type, 'function')
    assert.deepEqual((r as unknown[])[1], jsx('a', { b: 2, children: 'a' }))
    assert.deepEqual((r as unknown[])[2], [jsx('i', {}, '3')])
  })

  it('in CommonJS', async () => {
    const { namespace } = await loadImage(
      {
        'main.jsx': 'exports.r = <a key="k">{1}<></></a>; exports.s = [<b {...{}} key="1"/>]',
        'node_modules/react/index.js': 'exports.createElement = (...all) => all',
        'node_modules/react/jsx-runtime.js':
          'exports.jsx = (...all) => all; exports.jsxs = exports.jsx; exports.Fragment = "F"',
      },
      'main.jsx',
    )
    assert.deepEqual(namespace.default, {
      r: ['a', { children: [1, ['F', {}]] }, 'k'],
      s: [['b', { key: '1' }]],
    })
  })
})

describe('JSX by pragma comments', () => {
  it('@jsxImportSource', async () => {
    assert.deepEqual(await render('/** @jsxImportSource other */\nconst r = <a/>'), {
      by: 'other.jsx',
      type: 'a',
      props: {},
    })
  })

  it('@jsx and @jsxFrag', async () => {
    const text = '/** @jsx h\n * @jsxFrag F */\nconst h = (...all) => all, F = "F"; const r = <a b={1}>t{2}<></></a>'
    assert.deepEqual(await render(text), ['a', { b: 1 }, 't', 2, ['F', null]])
  })

  it('@jsxRuntime classic', async () => {
    const text = '/* @jsxRuntime classic */\nimport React from "react"; const r = <a key="k"><></></a>'
    assert.deepEqual(await render(text), {
      by: 'react.createElement',
      type: 'a',
      props: { key: 'k' },
      children: [{ by: 'react.createElement', type: 'react.Fragment', props: null, children: [] }],
    })
  })
})

describe('places in JSX', () => {
  const text = `import { x } from './a.js'
const fail = () => { throw new Error('x') }

export const run = (show) => (
  <main className="wide"
        title={show && 'several words'}>
    some text that
    goes on &amp; on
    <ul>
      {[1].map(n => (
        <li key={n}>
          {fail(n)}
        </li>
      ))}
    </ul>
  </main>
)
export const late = () => { throw new Error('late') }
`
  for (const file of ['main.jsx', 'main.tsx'])
    it(`lines and columns of ${file}`, async () => {
      const { namespace } = await loadImage({ ...RUNTIMES, [file]: text, 'a.js': 'export const x = 1' }, file)
      const places = (f: unknown): string[] => {
        try {
          ;(f as (x: boolean) => unknown)(true)
        } catch (error) {
          return [...(error as Error).stack!.matchAll(/main\.[jt]sx:(\d+:\d+)/g)].map(match => match[1]!)
        }
        return []
      }
      assert.deepEqual(places(namespace.run).slice(0, 2), ['2:28', '12:12'])
      assert.deepEqual(places(namespace.late), ['18:35'])
    })

  it('of an error in the text', async () => {
    const error = await errorOf({ 'main.jsx': 'const a = (\n  <div>\n  </span>\n)' }, 'main.jsx')
    assert.equal((error as Error & { fault: { place: { line: number } } }).fault.place.line, 3)
  })

  it('of a runtime that is not there', async () => {
    const error = await errorOf({ 'main.jsx': '// none\nexport const a = <b/>\n' }, 'main.jsx')
    assert.match(error.message, /react\/jsx-runtime/)
    const { place, frame } = (error as Error & { fault: { place: { line: number; column: number }; frame: string } })
      .fault
    assert.deepEqual([place.line, place.column], [2, 18])
    assert.match(frame, /^> 2 \| export const a = <b\/>$/m)
  })
})
