/** The measured process of the peers bench: `node --expose-gc peer_cycles.mjs PEER CYCLES` prints JSON. One peer a process, so that each has a clean heap. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { settledHeap } from './heap.mjs'
import { median } from './statistics.mjs'

const FUNCTIONS = 200
const BLOCK = 20

/** Below bench/, so that the peers that look for a project find one. */
const folder = mkdtempSync(join(fileURLToPath(new URL('.', import.meta.url)), '.peers-'))
const require = createRequire(import.meta.url)

const body = version =>
  Array.from(
    { length: FUNCTIONS },
    (_, i) =>
      `function f${i}(a, b) { const sum = a + b + ${i}; return sum < 0 ? 'negative' : { sum, version: ${version} } }`,
  )
const esm = version =>
  `${body(version)
    .map(text => `export ${text}`)
    .join('\n')}\n`
const cjs = version =>
  `${body(version).join('\n')}\nmodule.exports = { ${Array.from({ length: FUNCTIONS }, (_, i) => `f${i}`)} }\n`

const file = name => join(folder, name)
const write = (name, text) => {
  writeFileSync(file(name), text)
  return file(name)
}

/** How each is used to load a changed file, give what it exports, and drop it. */
const PEERS = {
  native: () => async version => import(`${pathToFileURL(write('native.mjs', esm(version))).href}?v=${version}`),
  async outlive() {
    const { createKernel } = await import('../../dist/index.js')
    const kernel = createKernel()
    const point = kernel.point('f0')
    return async version => {
      const path = write('outlive.mjs', `${esm(version)}export const init = k => void k.register('f0', f0)\n`)
      await kernel.insmod(path)
      const [f0] = point
      await kernel.rmmod('outlive')
      return { f0 }
    }
  },
  'delete require.cache': () => async version => {
    const path = write('cache.cjs', cjs(version))
    delete require.cache[path]
    return require(path)
  },
  async 'import-fresh'() {
    const { default: importFresh } = await import('import-fresh')
    return async version => importFresh(write('fresh.cjs', cjs(version)))
  },
  async 'clear-module'() {
    const { default: clear } = await import('clear-module')
    return async version => {
      const path = write('clear.cjs', cjs(version))
      clear(path)
      return require(path)
    }
  },
  async jiti() {
    const { createJiti } = await import('jiti')
    return async version =>
      createJiti(import.meta.url, { moduleCache: false, fsCache: false }).import(write('jiti.ts', esm(version)))
  },
  async 'vite ssrLoadModule'() {
    const { createServer } = await import('vite')
    const server = await createServer({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      appType: 'custom',
      server: { middlewareMode: true, ws: false, watch: null },
    })
    return async version => {
      const path = write('vite.mjs', esm(version))
      server.moduleGraph.invalidateAll()
      return server.ssrLoadModule(path)
    }
  },
}

async function makeCycle(peer) {
  const load = await PEERS[peer]()
  return async version => {
    const started = performance.now()
    const { f0 } = await load(version)
    const took = performance.now() - started
    const answer = f0(1, 2)
    return { took, stale: answer.version !== version, registry: f0 }
  }
}

const [peer, cycles] = [process.argv[2], Number(process.argv[3])]
try {
  const [own, native] = [await makeCycle(peer), await makeCycle('native')]
  let version = 0
  let stale = 0
  let alive = 0
  const dropped = new FinalizationRegistry(() => alive--)
  const run = async (cycle, count, times) => {
    for (let i = 0; i < count; i++) {
      const { took, stale: old, registry } = await cycle(++version)
      times.push(took)
      if (cycle === own) {
        if (old) stale++
        alive++
        dropped.register(registry)
      }
      await setImmediate()
    }
  }
  await run(own, 100, [])
  await run(native, 20, [])
  const times = { own: [], native: [] }
  let kept = 0
  alive = 0
  for (let done = 0; done < cycles; done += BLOCK) {
    const before = await settledHeap()
    await run(own, BLOCK, times.own)
    kept += (await settledHeap()) - before
    await run(native, BLOCK, times.native)
  }
  await settledHeap()
  console.log(
    JSON.stringify({
      keptKB: kept / 1024 / times.own.length,
      freed: 1 - Math.max(0, alive) / times.own.length,
      ratio: median(times.own) / median(times.native),
      stale,
    }),
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit()
