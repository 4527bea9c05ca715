import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { type Debugger, type Profiler, Session } from 'node:inspector'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'
import { callAll, stage } from '../support/stage.ts'

/** Types, an enum that has to be compiled, JSX, and an import: whatever could move a line or a column. */
const source = (version: string): string => `import type { ModuleContext } from 'outlive'
import {
  mark } from './parts/lib.ts'
interface Props { readonly n: number }
enum Level { Low, High }
/** @jsx mark */
export const work = async ({ n }: Props): Promise<string> => {
  await null
  const label = <b id={n}>{Level.High}</b>
  return '${version} ' + label + failing(n)
}
function failing(n: number): string {
  if (n > 5) throw new Error('too many')
  return '!'
}
export const spin = (ms: number): number => {
  let x = 0
  for (const end = Date.now() + ms; Date.now() < end; ) x += Math.sqrt(x + 1)
  return x
}
export const init = (k: ModuleContext) => { k.register('work', work); k.register('spin', spin) }
`
const FILES = {
  'a.tsx': source('v1'),
  'parts/lib.ts': `export const mark = (tag: string, props: { id: number }, child: unknown): string => tag + props.id + child\n`,
}

/** An inspector of this very process. */
function inspector(t: TestContext) {
  const session = new Session()
  session.connect()
  t.after(() => session.disconnect())
  const post = <R>(method: string, params?: object): Promise<R> =>
    new Promise((resolve, reject) =>
      session.post(method, params, (error, result) => (error ? reject(error) : resolve(result as R))),
    )
  return { session, post }
}

describe("a breakpoint in the author's file", () => {
  it('hits in the current image, and after a replace', async t => {
    const { kernel, folder, file } = stage(t, FILES)
    const { session, post } = inspector(t)
    const hits: string[] = []
    session.on('Debugger.paused', ({ params }) => {
      const { functionName, location } = params.callFrames[0]!
      hits.push(`${functionName} ${location.lineNumber + 1}:${location.columnNumber! + 1}`)
      session.post('Debugger.resume')
    })
    await post('Debugger.enable')
    const url = pathToFileURL(file('a.tsx')).href
    // Lines and columns count from 0 here: this is line 13, and 10:10, behind an await.
    await post('Debugger.setBreakpointByUrl', { url, lineNumber: 12 })
    await kernel.insmod(file('a.tsx'))
    const { locations } = await post<Debugger.SetBreakpointByUrlReturnType>('Debugger.setBreakpointByUrl', {
      url,
      lineNumber: 9,
      columnNumber: 2,
    })
    assert.deepEqual(
      locations.map(place => [place.lineNumber, place.columnNumber]),
      [[9, 2]],
    )
    assert.deepEqual(await callAll(kernel, 'work', { n: 1 }), ['v1 b11!'])
    assert.deepEqual(hits.splice(0), ['work 10:3', 'failing 13:3'])
    folder.write({ 'a.tsx': source('v2') })
    await kernel.replace('a')
    assert.deepEqual(await callAll(kernel, 'work', { n: 2 }), ['v2 b21!'])
    assert.deepEqual(hits, ['work 10:3', 'failing 13:3'])
  })
})

describe('a CPU profile', () => {
  it("names the author's file and places, and tells two images of it apart", async t => {
    const { kernel, file } = stage(t, FILES)
    const { post } = inspector(t)
    await kernel.insmod(file('a.tsx'))
    const [old] = kernel.point<(ms: number) => number>('spin')
    await kernel.replace('a')
    const [current] = kernel.point<(ms: number) => number>('spin')
    await post('Profiler.enable')
    await post('Profiler.setSamplingInterval', { interval: 500 })
    await post('Profiler.start')
    // A busy machine may give the profiler few turns.
    for (let tries = 0; tries < 5; tries++) {
      old!(40)
      current!(40)
    }
    const { profile } = await post<Profiler.StopReturnType>('Profiler.stop')
    const spins = profile.nodes.map(node => node.callFrame).filter(frame => frame.functionName === 'spin')
    assert.deepEqual(
      new Set(spins.map(({ url, lineNumber, columnNumber }) => `${url}:${lineNumber + 1}:${columnNumber + 1}`)),
      new Set([`${pathToFileURL(file('a.tsx')).href}:16:21`]),
    )
    assert.equal(new Set(spins.map(frame => frame.scriptId)).size, 2)
  })
})

/** A host in a process of its own, for what has to be asked for when that starts. */
const HOST = `import { createKernel } from ${JSON.stringify(pathToFileURL(join(root, 'dist/index.js')).href)}
const kernel = createKernel({ modules: import.meta.dirname })
await kernel.insmod(new URL('a.tsx', import.meta.url).pathname)
const [work] = kernel.point('work')
const traceOf = async n => { try { return await work({ n }) } catch (error) { return error.stack } }
console.log(JSON.stringify([await traceOf(1), await traceOf(9)]))
await kernel.close()
`

function runHost(t: TestContext, words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const folder = new Folder({ ...FILES, 'host.mjs': HOST })
  t.after(() => folder.remove())
  const out = execFileSync(process.execPath, ['--no-warnings', ...words, folder.file('host.mjs')], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  return { folder, results: JSON.parse(out) as [string, string] }
}

describe('a stack trace', () => {
  for (const words of [[], ['--enable-source-maps']])
    it(`shows the author's lines and columns behind awaits ${words.length === 0 ? 'without' : 'with'} --enable-source-maps`, t => {
      const { folder, results } = runHost(t, words)
      const frames = results[1].split('\n').filter(line => line.includes('a.tsx'))
      const file = pathToFileURL(folder.file('a.tsx')).href
      assert.deepEqual(frames, [`    at failing (${file}:13:20)`, `    at work (${file}:10:26)`])
      assert.match(results[1], /async .*host\.mjs:5/)
    })
})

interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly {
      readonly functionName: string
      readonly ranges: readonly { readonly count: number }[]
    }[]
  }[]
}

describe('NODE_V8_COVERAGE', () => {
  it("names the author's files and functions, and counts their calls", t => {
    const out = new Folder()
    t.after(() => out.remove())
    const { folder } = runHost(t, [], { NODE_V8_COVERAGE: out.path })
    const scripts = readdirSync(out.path).flatMap(
      name => (JSON.parse(readFileSync(out.file(name), 'utf8')) as Coverage).result,
    )
    const functions = scripts.find(({ url }) => url === pathToFileURL(folder.file('a.tsx')).href)?.functions ?? []
    const counts = Object.fromEntries(functions.map(({ functionName, ranges }) => [functionName, ranges[0]!.count]))
    assert.deepEqual([counts.work, counts.failing, counts.spin, counts.init], [2, 2, 0, 1])
    assert.ok(scripts.some(({ url }) => url === pathToFileURL(folder.file('parts/lib.ts')).href))
  })
})
