import { equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Script } from 'node:vm'
import { compileFunctionExpression, writeDown } from '#dist/images/engine.js'

const CODE = '(function(a){\nfunction twice(n){return 2*n}\nreturn twice(a)+(()=>1)()})'

/** Compiles with what was written down before, and gives what is to be written down, if anything. */
function compile(code: string, before?: Uint8Array): { run: Function; script: Script | undefined } {
  let script: Script | undefined
  const run = compileFunctionExpression(code, '/code.js', { before, note: noted => (script = noted) })
  return { run, script }
}

function written(code: string): Uint8Array {
  const { run, script } = compile(code)
  run(1)
  return writeDown(script!)
}

describe('code that the engine has written down', () => {
  it('is restored, and not written again', () => {
    const { run, script } = compile(CODE, written(CODE))
    equal(run(20), 41)
    equal(script, undefined)
  })

  it('is refused when it is that of a text of another length, and made anew', () => {
    const { run, script } = compile(CODE, written(CODE.replace('\n', '\n\n')))
    equal(run(20), 41)
    ok(script)
  })

  it('is refused when it is none', () => {
    for (const before of [new Uint8Array(), new Uint8Array(7), new Uint8Array(5000)]) {
      const { run, script } = compile(CODE, before)
      equal(run(20), 41)
      ok(script)
    }
  })

  it('has its places', () => {
    const code = '(function(){\n\n   throw new Error("here")})'
    const { run } = compile(code, written(code.replace('throw', 'void  ')))
    const place = (call: Function): string => {
      try {
        call()
      } catch (error) {
        return String((error as Error).stack).split('\n')[1]!
      }
      return ''
    }
    ok(place(run).includes('/code.js:2:10'), place(run))
  })
})
