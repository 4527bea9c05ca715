import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ERROR_CODES, type ErrorCode, ModuleError } from 'outlive'

/** Every code of the catalogue: its errno, data as it is raised with, and the text that they make. */
const CATALOGUE: Readonly<Record<ErrorCode, readonly [errno: string, ...(readonly [data: object, text: string])[]]>> = {
  ENOENT: [
    'ENOENT',
    [{ module: 'hello' }, 'Module hello is not currently loaded'],
    [{ module: 'foo', directory: '/lib' }, 'Module foo not found in directory /lib'],
    [{ missing: 'x.ts' }, 'could not load module x.ts: No such file or directory'],
    [
      { file: 'x.ts', specifier: './y.ts', place: 'x.ts:1:8' },
      "could not insert module x.ts: Cannot find './y.ts' at x.ts:1:8",
    ],
    [{ file: 'x.ts', module: 'db', being: 'unloaded' }, 'could not insert module x.ts: Module db is being unloaded'],
  ],
  EEXIST: [
    'EEXIST',
    [{ file: 'hello.ts' }, 'could not insert module hello.ts: File exists'],
    [{ module: 'hello', firstTime: true }, "could not insert 'hello': Module already in kernel"],
  ],
  ESYMBOL: [
    'ENOENT',
    [
      { file: 'x.ts', symbol: 'foo', from: 'db', place: 'x.ts:2:10' },
      "could not insert module x.ts: Unknown symbol 'foo' (imported from db) at x.ts:2:10",
    ],
  ],
  ENOEXEC: [
    'ENOEXEC',
    [
      { file: 'x.ts', reason: 'Unexpected token', place: 'x.ts:1:2' },
      'could not insert module x.ts: Unexpected token at x.ts:1:2',
    ],
    [
      { module: 'db', importer: 'api', symbol: 'query' },
      "could not replace module db: api imports 'query', which the new version does not export",
    ],
  ],
  EHOLDERS: ['EAGAIN', [{ module: 'db', holders: ['api', 'hello'] }, 'Module db is in use by: api hello']],
  EINUSE: ['EAGAIN', [{ module: 'db' }, 'Module db is in use']],
  ENOTLIVE: [
    'EBUSY',
    [{ module: 'db', being: 'loaded' }, 'Module db is being loaded'],
    [{ module: 'db', being: 'unloaded' }, 'Module db is being unloaded'],
  ],
  EPERMANENT: ['EBUSY', [{ module: 'db' }, 'Module db is permanent']],
  EINVAL: [
    'EINVAL',
    [
      { file: 'x.ts', parameter: 'n', type: 'int', got: 'abc' },
      "could not insert module x.ts: 'abc' invalid for parameter 'n' (int)",
    ],
  ],
  ERANGE: [
    'ERANGE',
    [
      { file: 'x.ts', parameter: 'n', type: 'int from 1 to 9', got: 10 },
      "could not insert module x.ts: '10' out of range for parameter 'n' (int from 1 to 9)",
    ],
  ],
  ENOMEM: [
    'ENOMEM',
    [
      { file: 'x.ts', limit: 9, used: 5, lingering: 3, needed: 4 },
      'could not insert module x.ts: Cannot allocate memory (limit 9, used 5, lingering 3, needed 4 bytes)',
    ],
  ],
  EINIT: [
    'ECANCELED',
    [{ file: 'x.ts', reason: 'boom', place: 'x.ts:3:9' }, 'could not insert module x.ts: boom at x.ts:3:9'],
  ],
  ESTALE: [
    'ESTALE',
    [{ image: 'a#1', export: 'greet', time: 'T' }, 'a#1: greet is gone: the image was removed at T'],
    [
      { image: 'a#1', export: 'greet', time: 'T', how: 'reclaimed' },
      'a#1: greet is gone: the image was reclaimed at T',
    ],
  ],
  ELOOP: [
    'ELOOP',
    [{ file: 'a.ts', loop: ['a', 'b', 'a'] }, 'could not insert module a.ts: modules import each other: a -> b -> a'],
  ],
  EKEYREJECTED: ['EKEYREJECTED', [{ file: 'x.ts' }, 'could not insert module x.ts: Key was rejected by service']],
  EPERM: [
    'EPERM',
    [{ file: '/x.ts' }, "could not insert module /x.ts: Operation not permitted: outside the host's module folders"],
  ],
}

describe('the catalogue of errors', () => {
  it('has an errno and a text for every code', () => {
    assert.deepEqual([...ERROR_CODES].sort(), Object.keys(CATALOGUE).sort())
    for (const [code, [errno, ...texts]] of Object.entries(CATALOGUE))
      for (const [data, text] of texts) {
        const error = new ModuleError(code as ErrorCode, data as Record<string, unknown>)
        assert.deepEqual([error.message, error.code, error.errno, error.name], [text, code, errno, 'ModuleError'])
        assert.ok(error instanceof Error)
        assert.deepEqual(JSON.parse(JSON.stringify(error)), { code, errno, message: text, data })
      }
  })

  it('becomes JSON whatever somebody gave for a parameter', () => {
    const circular: unknown[] = []
    circular.push(circular)
    for (const [got, text] of [
      [10n, '10'],
      [Symbol('s'), 'Symbol(s)'],
      [circular, ''],
    ] as const) {
      const error = new ModuleError('EINVAL', { file: 'x.ts', parameter: 'n', type: 'int', got, range: undefined })
      assert.equal(error.message, `could not insert module x.ts: '${text}' invalid for parameter 'n' (int)`)
      const { data } = JSON.parse(JSON.stringify(error)) as { data: object }
      assert.deepEqual(data, { file: 'x.ts', parameter: 'n', type: 'int', got: text })
    }
  })

  it('takes the errno of EINIT from the error that init threw, when that has a code', () => {
    const thrown = (cause: unknown) => new ModuleError('EINIT', { file: 'x.ts', reason: 'boom' }, { cause })
    assert.equal(thrown(Object.assign(new Error('boom'), { code: 'ENOSPC' })).errno, 'ENOSPC')
    assert.equal(thrown(new Error('boom')).errno, 'ECANCELED')
    assert.equal(thrown(Object.assign(new Error('boom'), { code: 7 })).errno, 'ECANCELED')
    assert.equal(thrown(undefined).errno, 'ECANCELED')
  })
})
