import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { collectUntil } from '../support/gc.ts'
import { callAll, refusal, stage } from '../support/stage.ts'
import { countUp, readGlobal, wasmBytes } from '../support/wasm.ts'

const counter = wasmBytes({
  imports: [['./told.mjs', 'tell', 'function']],
  globals: [
    [5, true],
    [7, false],
  ],
  functions: [readGlobal(0), countUp(0, 0)],
  exports: [
    ['get', 'function', 1],
    ['up', 'function', 2],
    ['count', 'global', 0],
    ['seven', 'global', 1],
    ['a name', 'function', 1],
  ],
})

const TOLD = 'export const numbers = []\nexport const tell = number => void numbers.push(number)'
type Files = Readonly<Record<string, string | Uint8Array>>

/** A module folder `m` with these files and the two above. */
const withCounter = (t: TestContext, files: Files) => {
  const all = { 'package.json': '{"name":"m","main":"main.mjs"}', 'told.mjs': TOLD, 'counter.wasm': counter, ...files }
  return stage(t, Object.fromEntries(Object.entries(all).map(([name, text]) => [`m/${name}`, text])), { cache: false })
}

/** What `seen` of the main file gives. */
async function seenOf(t: TestContext, main: string, files: Files = {}): Promise<unknown> {
  const { kernel } = withCounter(t, {
    ...files,
    'main.mjs': `${main}\nexport const init = k => void k.register('seen', seen)`,
  })
  await kernel.modprobe('m')
  return (await callAll(kernel, 'seen'))[0]
}

describe('a WebAssembly file is a module', () => {
  it('that imports what it asks for and exports what its instance does, globals by their values', async t => {
    const seen = await seenOf(
      t,
      `import { get, up, count, seven, 'a name' as named } from './counter.wasm'
import * as all from './counter.wasm'
import { numbers } from './told.mjs'
const seen = () => [up(), get(), named(), count, seven, [...numbers], Object.keys(all)]`,
    )
    assert.deepEqual(seen, [6, 6, 6, 5, 7, [6], ['a name', 'count', 'get', 'seven', 'up']])
  })

  it('that imports globals of another one as they are', async t => {
    const other = wasmBytes({
      imports: [['./counter.wasm', 'count', 'global']],
      functions: [readGlobal(0)],
      exports: [['read', 'function', 0]],
    })
    const seen = await seenOf(
      t,
      `import { up } from './counter.wasm'\nimport { read } from './other.wasm'\nconst seen = () => [read(), up(), read()]`,
      { 'other.wasm': other },
    )
    assert.deepEqual(seen, [5, 6, 6])
  })

  it('that import() and require() give too, and of which import source gives the code', async t => {
    const seen = await seenOf(
      t,
      `import { createRequire } from 'node:module'
import source code from './counter.wasm'
const one = await import('./counter.wasm')
const two = createRequire(import.meta.url)('./counter.wasm')
const later = await import.source('./counter.wasm')
const none = await import.source('./told.mjs').catch(error => error.code)
const seen = () => [one === two, code === later, code instanceof WebAssembly.Module, none]`,
    )
    assert.deepEqual(seen, [true, true, true, 'ERR_SOURCE_PHASE_NOT_DEFINED'])
  })

  it('whose code is read when the image is loaded, also where it is imported late', async t => {
    const late = `export const init = k => void k.register('late', async () => (await import('./counter.wasm')).get())`
    const { kernel, folder } = withCounter(t, { 'main.mjs': late })
    await kernel.modprobe('m')
    folder.remove('m/counter.wasm')
    folder.remove('m/told.mjs')
    assert.deepEqual(await callAll(kernel, 'late'), [5])
  })

  it('whose mistakes are found before anything runs', async t => {
    const broken = Uint8Array.from([0, 0x61, 0x73, 0x6d, 9])
    const first = withCounter(t, { 'main.mjs': `import './broken.wasm'`, 'broken.wasm': broken })
    await refusal(first.kernel.modprobe('m'), 'ENOEXEC', 'ENOEXEC', /WebAssembly\.Module\(\).*broken\.wasm/)
    const lacking = wasmBytes({ imports: [['./told.mjs', 'nothing', 'function']] })
    const second = withCounter(t, { 'main.mjs': `import './lacking.wasm'`, 'lacking.wasm': lacking })
    await refusal(second.kernel.modprobe('m'), 'ESYMBOL', 'ENOENT', /Unknown symbol 'nothing'/)
  })

  it('and is collected with its image', async t => {
    const { kernel } = withCounter(t, { 'main.mjs': `import { up } from './counter.wasm'\nup()` })
    await kernel.modprobe('m')
    await kernel.rmmod('m')
    assert.ok(await collectUntil(() => kernel.lingering().length === 0))
  })
})
