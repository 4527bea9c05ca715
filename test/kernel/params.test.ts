import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { callAll, loaded, logOf, refusal, stage } from '../support/stage.ts'

const DECLARED = `
export const info = { params: {
  text: { type: 'string', default: 'none', description: 'a text' },
  ratio: { type: 'number', min: 0, max: 1, default: 0.5 },
  count: { type: 'int', min: -2, max: 9 },
  flag: { type: 'boolean', default: false },
  names: { type: 'string[]', default: ['a', 'b'] },
  'dry-run': { type: 'boolean' },
} }
export const init = k => k.register('params', () => k.params)
`

const withParams = (t: TestContext, options: Parameters<typeof stage>[2] = {}) => {
  const made = stage(t, { 'hello.ts': DECLARED }, options)
  return { ...made, hello: made.file('hello.ts') }
}

describe('parameters', () => {
  it('have their defaults, and are undefined without one', async t => {
    const { kernel, hello } = withParams(t)
    await kernel.insmod(hello)
    const [params] = await callAll(kernel, 'params')
    assert.deepEqual(params, {
      text: 'none',
      ratio: 0.5,
      count: undefined,
      flag: false,
      names: ['a', 'b'],
      'dry-run': undefined,
    })
    assert.ok(Object.isFrozen(params))
  })

  for (const [info, reason] of [
    [`{ params: { port: { type: 'int', default: '80' } } }`, `'info.params.port.default' must be a whole number`],
    [`{ params: { port: { type: 'int', default: 0.5 } } }`, `'info.params.port.default' must be a whole number`],
    [`{ params: { on: { type: 'boolean', default: 'no' } } }`, `'info.params.on.default' must be true or false`],
    [`{ params: { all: { type: 'string[]', default: 'a' } } }`, `'info.params.all.default' must be a list of strings`],
    [`{ params: { all: { type: 'int', min: '1' } } }`, `'info.params.all.min' must be a number, at a number or an int`],
    [
      `{ params: { all: { type: 'string', max: 9 } } }`,
      `'info.params.all.max' must be a number, at a number or an int`,
    ],
    [`{ params: { all: { type: 'int', description: 1 } } }`, `'info.params.all.description' must be a string`],
    [`{ softdeps: ['cache'] }`, `'info.softdeps' must be an object of pre and post`],
  ] as const)
    it(`are declared right, or the module is refused: ${info}`, async t => {
      const { kernel, file } = stage(t, { 'a.ts': `export const info = ${info}` })
      const text = `could not insert module ${file('a.ts')}: ${reason} at ${file('a.ts')}:1:23`
      await refusal(kernel.insmod(file('a.ts')), 'ENOEXEC', 'ENOEXEC', text)
    })

  it('are read off what a bundler wrote, which shortens names and values', async t => {
    const { kernel, file } = stage(t, {
      'a.js':
        'var e={params:{on:{type:"boolean",default:!0},n:{type:"int",default:void 0}}},info=1,i=k=>k.register("p",()=>k.params);export{e as info,i as init,info as other};',
    })
    await kernel.insmod(file('a.js'), { n: '7' })
    assert.deepEqual(await callAll(kernel, 'p'), [{ on: true, n: 7 }])
  })

  it('are taken as they are when they have their type', async t => {
    const { kernel, hello } = withParams(t)
    const given = { text: 'x', ratio: 0, count: 9, flag: true, names: [], 'dry-run': false }
    await kernel.insmod(hello, given)
    assert.deepEqual(await callAll(kernel, 'params'), [given])
  })

  it('are converted from the strings of a command line', async t => {
    const { kernel, hello } = withParams(t)
    await kernel.insmod(hello, { text: '7', ratio: '1e-1', count: '-2', flag: 'y', names: 'x,y', dry_run: '' })
    assert.deepEqual(await callAll(kernel, 'params'), [
      { text: '7', ratio: 0.1, count: -2, flag: true, names: ['x', 'y'], 'dry-run': true },
    ])
  })

  for (const [text, flag] of [
    ['TRUE', true],
    ['On', true],
    ['Y', true],
    ['OFF', false],
    ['No', false],
  ] as const)
    it(`take ${text} for ${flag}`, async t => {
      const { kernel, hello } = withParams(t)
      await kernel.insmod(hello, { flag: text })
      const [params] = (await callAll(kernel, 'params')) as [Record<string, unknown>]
      assert.equal(params.flag, flag)
    })

  for (const [parameter, type, values] of [
    ['count', 'int', ['abc', 'NaN', '', '1.5', 1.5, null, true, {}]],
    ['ratio', 'number', ['one', ' ', Number.NaN, []]],
    ['flag', 'boolean', ['maybe', 2, null]],
    ['text', 'string', [7, true, null, ['x']]],
    ['names', 'string[]', [7, [1], null]],
  ] as const)
    for (const got of values)
      it(`refuses ${JSON.stringify(got)} for one of type ${type}: EINVAL`, async t => {
        const { kernel, hello } = withParams(t)
        const error = await refusal(
          kernel.insmod(hello, { [parameter]: got }),
          'EINVAL',
          'EINVAL',
          `could not insert module ${hello}: '${String(got)}' invalid for parameter '${parameter}' (${type})`,
        )
        assert.deepEqual([error.data.parameter, error.data.type, error.data.got], [parameter, type, got])
        assert.deepEqual(loaded(kernel), [])
      })

  for (const [parameter, got, range] of [
    ['count', 10, 'int from -2 to 9'],
    ['count', '-3', 'int from -2 to 9'],
    ['ratio', 1.01, 'number from 0 to 1'],
  ] as const)
    it(`refuses ${JSON.stringify(got)} for ${range}: ERANGE`, async t => {
      const { kernel, hello } = withParams(t)
      await refusal(
        kernel.insmod(hello, { [parameter]: got }),
        'ERANGE',
        'ERANGE',
        `could not insert module ${hello}: '${got}' out of range for parameter '${parameter}' (${range})`,
      )
      assert.deepEqual(loaded(kernel), [])
    })

  for (const got of ['99999999999999999999', '-1e400', 2 ** 53])
    it(`refuses ${got} for an int without a range, which it cannot be exactly: ERANGE`, async t => {
      const { kernel, file } = stage(t, { 'any.ts': `export const info = { params: { any: { type: 'int' } } }\n` })
      await refusal(
        kernel.insmod(file('any.ts'), { any: got }),
        'ERANGE',
        'ERANGE',
        `could not insert module ${file('any.ts')}: '${got}' out of range for parameter 'any' (int from -9007199254740991 to 9007199254740991)`,
      )
    })

  it('of type number are as large as a number can be, or Infinity where that is meant', async t => {
    const { kernel, file } = stage(t, {
      'any.ts': `export const info = { params: { any: { type: 'number' } } }\nexport const init = k => k.register('any', () => k.params.any)`,
    })
    const text = `could not insert module ${file('any.ts')}: '1e400' out of range for parameter 'any' (number from -1.7976931348623157e+308 to 1.7976931348623157e+308)`
    await refusal(kernel.insmod(file('any.ts'), { any: '1e400' }), 'ERANGE', 'ERANGE', text)
    for (const any of ['-Infinity', Number.NEGATIVE_INFINITY]) {
      await kernel.insmod(file('any.ts'), { any })
      assert.deepEqual(await callAll(kernel, 'any'), [Number.NEGATIVE_INFINITY])
      await kernel.rmmod('any')
    }
  })

  it('that are not declared are logged and ignored', async t => {
    const { kernel, hello } = withParams(t)
    await kernel.insmod(hello, { x: 1, count: 3, __proto__: null, toString: 'no' })
    assert.equal(logOf(kernel)[0], `hello: unknown parameter 'x' ignored`)
    assert.equal(logOf(kernel)[1], `hello: unknown parameter 'toString' ignored`)
    assert.deepEqual(
      kernel.log
        .entries()
        .map(({ level, module }) => [level, module])
        .slice(0, 2),
      [
        ['warn', 'hello'],
        ['warn', 'hello'],
      ],
    )
    const [params] = (await callAll(kernel, 'params')) as [Record<string, unknown>]
    assert.deepEqual([params.count, Object.hasOwn(params, 'x'), Object.hasOwn(params, 'toString')], [3, false, false])
  })

  it('come from createKernel too, and those of the call go before', async t => {
    const { kernel, hello } = withParams(t, { params: { hello: { text: 'of the kernel', count: 1 } } })
    await kernel.insmod(hello, { text: 'of the call' })
    const [params] = (await callAll(kernel, 'params')) as [Record<string, unknown>]
    assert.deepEqual([params.text, params.count], ['of the call', 1])
  })

  it('are kept at a replace, and can be changed by it', async t => {
    const { kernel, hello } = withParams(t)
    await kernel.insmod(hello, { text: 'given', count: 1 })
    await kernel.replace('hello', { params: { count: 2 } })
    const [params] = (await callAll(kernel, 'params')) as [Record<string, unknown>]
    assert.deepEqual([params.text, params.count], ['given', 2])
  })

  it('are the same with - and _: what was given last counts, however it was spelt', async t => {
    const { kernel } = withParams(t, { params: { hello: { 'dry-run': true } }, options: { hello: { dry_run: true } } })
    const dryRun = async () => ((await callAll(kernel, 'params')) as [Record<string, unknown>])[0]['dry-run']
    await kernel.modprobe('hello', { 'dry-run': false })
    assert.equal(await dryRun(), false)
    await kernel.replace('hello', { params: { dry_run: true } })
    await kernel.replace('hello', { params: { 'dry-run': false } })
    assert.equal(await dryRun(), false)
    assert.deepEqual((await kernel.showDepends('hello', { 'dry-run': false }))[0]?.params, { 'dry-run': false })
  })

  it('are those of the call, also when the object that they came in changes', async t => {
    const { kernel, hello } = withParams(t)
    const params = { text: 'given' }
    await kernel.insmod(hello, params)
    params.text = 'changed'
    await kernel.replace('hello')
    assert.equal(((await callAll(kernel, 'params')) as [Record<string, unknown>])[0].text, 'given')
  })

  it('that no longer fit leave the old image in service at a replace', async t => {
    const { kernel, hello, folder } = withParams(t)
    await kernel.insmod(hello, { count: 9 })
    folder.write({ 'hello.ts': DECLARED.replace('max: 9', 'max: 5') })
    await refusal(kernel.replace('hello'), 'ERANGE', 'ERANGE', /'9' out of range for parameter 'count'/)
    assert.deepEqual(loaded(kernel), ['hello#1 LIVE'])
  })

  for (const [what, params] of [
    ['a list', `[]`],
    ['an unknown type', `{ a: { type: 'date' } }`],
    ['no type', `{ a: {} }`],
    ['a parameter that is no object', `{ a: 7 }`],
    ['an expression', `{ a: { type: 'int', default: Date.now() } }`],
  ] as const)
    it(`declared as ${what}: the module is refused, with the place`, async t => {
      const { kernel, file } = stage(t, { 'a.ts': `export const info = { params: ${params} }` })
      await refusal(
        kernel.insmod(file('a.ts')),
        'ENOEXEC',
        'ENOEXEC',
        /could not insert module .*info.* at .*a\.ts:1:\d+$/,
      )
      assert.deepEqual(loaded(kernel), [])
    })
})
