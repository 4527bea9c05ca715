import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readCode } from '#dist/images/code_reader.js'
import { scanModule } from '#dist/images/scan.js'

const variables = [{ localName: 'x' }]

const check = (texts: readonly string[], expected: boolean) => {
  for (const text of texts) it(text, () => assert.equal(readCode(text)?.assigns(variables), expected))
}

describe('a text that assigns to x', () => {
  check(
    [
      'x = 1',
      'x=1',
      'x\n= 1',
      '(x) = 1',
      'x /* its value */ = 1',
      'x // its value\n= 1',
      'x += 1',
      'x **= 2',
      'x <<= 1',
      'x >>>= 1',
      'x &&= 1',
      'x ??= 1',
      'x++',
      'x --',
      '(x)++',
      '--x',
      '++ x',
      '++(x)',
      '[x] = list',
      'return [x] = list',
      '[a, [x]] = list',
      '({ x } = object)',
      '({ a: [...x] } = object)',
      'for (x of list) {}',
      'for (x in object) {}',
      'for await (x of list) {}',
    ],
    true,
  )
})

describe('a text that does not assign to x', () => {
  check(
    [
      'const x = 1',
      'let x=1',
      'var [x] = list',
      'const { x } = object',
      'x == 1',
      'x === 1',
      'x != 1',
      'x !== 1',
      'x <= 1',
      'x >= 1',
      'x => 1',
      'y = x',
      'object.x = 1',
      'object?.x == 1',
      'list[x] = 1',
      'call()[x] = 1',
      'list[x]++',
      'y++; x',
      'for (const x of list) {}',
      'xx = 1',
      '$x++',
    ],
    false,
  )
})

describe('what is no code assigns nothing', () => {
  const DECLARED = 'export let x = 0;let of = 4, obj = { of }, y = 1\n'
  const isRead = (text: string, expected: boolean) =>
    it(text, () => assert.equal(scanModule(DECLARED + text) !== undefined, expected))

  for (const text of [
    'const r = /x=1/',
    "y = 'x = 1'.replace(/[x=]/, '')",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
    'y = `x = 1 ${y} x++`',
    '// (x)\n++y',
    'function f() {\n  ++y\n}',
    'function f(a) { return /x=1/.test(a) }',
  ])
    isRead(text, true)

  for (const text of [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
    'y = `${x = 1}`',
    'x // (y)\n= 1',
    'x /* y */ ++',
    'x\n\n\n=\n1',
    '++\nx',
    'y = of / 2; x = 1; y = 4 / 2',
    'y = obj.of / 2; x = 1; y = 4 / 2',
    'y = obj.\nof / 2; x = 1; y = 4 / 2',
    'y = { return: 4 }\n.return / 2; x = 1; y = 4 / 2',
    'y = { return: 4 } . /* a */ return / 2; x = 1; y = 4 / 2',
    'y = { return: 4 }.return /* a */ / 2; x = 1; y = 4 / 2',
  ])
    isRead(text, false)
})
