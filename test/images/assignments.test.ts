import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assignsAny } from '#dist/images/assignments.js'

const names = new Set(['x'])

const check = (texts: readonly string[], expected: boolean) => {
  for (const text of texts) it(text, () => assert.equal(assignsAny(text, names), expected))
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
