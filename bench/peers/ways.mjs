/**
 * How each peer is used to load a changed file, give a function of it, and drop it. Each is `async folder => async version => call`, where `call(a, b)` answers
 * `{ sum, version }`, possibly later, and `call.drop` gives back what the next version is in the way of.
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

const FUNCTIONS = 200
const require = createRequire(import.meta.url)

const body = version =>
  Array.from(
    { length: FUNCTIONS },
    (_, i) =>
      `function f${i}(a, b) { const sum = a + b + ${i}; return sum < 0 ? 'negative' : { sum, version: ${version} } }`,
  )
const esm = (version, more = '') =>
  `${body(version)
    .map(text => `export ${text}`)
    .join('\n')}\n${more}`
const cjs = version =>
  `${body(version).join('\n')}\nmodule.exports = { ${Array.from({ length: FUNCTIONS }, (_, i) => `f${i}`)} }\n`

function write(path, text) {
  writeFileSync(path, text)
  return path
}

/** A development server without a browser, a watcher or a socket: only its way of loading modules. */
async function viteServer(root) {
  const { createServer } = await import('vite')
  return createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    appType: 'custom',
    server: { middlewareMode: true, ws: false, watch: null },
  })
}

export const NATIVE = "import('?v=')"

export const WAYS = {
  [NATIVE]: folder => async version =>
    (await import(`${pathToFileURL(write(join(folder, 'native.mjs'), esm(version))).href}?v=${version}`)).f0,

  async outlive(folder) {
    const { createKernel } = await import('../../dist/index.js')
    const kernel = createKernel()
    const point = kernel.point('f0')
    const file = join(folder, 'outlive.mjs')
    return async version => {
      write(file, esm(version, `export const init = k => void k.register('f0', f0)\n`))
      await kernel.insmod(file)
      const [f0] = point
      await kernel.rmmod('outlive')
      return f0
    }
  },

  'delete require.cache': folder => async version => {
    const path = write(join(folder, 'cache.cjs'), cjs(version))
    delete require.cache[path]
    return require(path).f0
  },

  async 'clear-module'(folder) {
    const { default: clear } = await import('clear-module')
    return async version => {
      const path = write(join(folder, 'clear.cjs'), cjs(version))
      clear(path)
      return require(path).f0
    }
  },

  async 'import-fresh'(folder) {
    const { default: importFresh } = await import('import-fresh')
    return async version => importFresh(write(join(folder, 'fresh.cjs'), cjs(version))).f0
  },

  /** TypeScript, because it never reloads plain JavaScript. */
  async jiti(folder) {
    const { createJiti } = await import('jiti')
    return async version => {
      const jiti = createJiti(import.meta.url, { moduleCache: false, fsCache: false })
      return (await jiti.import(write(join(folder, 'jiti.ts'), esm(version)))).f0
    }
  },

  async 'vite ssrLoadModule'(folder) {
    const server = await viteServer(folder)
    return async version => {
      const path = write(join(folder, 'vite.mjs'), esm(version))
      server.moduleGraph.invalidateAll()
      return (await server.ssrLoadModule(path)).f0
    }
  },

  async 'vite module runner'(folder) {
    const server = await viteServer(folder)
    const { createServerModuleRunner } = await import('vite')
    const runner = createServerModuleRunner(server.environments.ssr, { hmr: false })
    return async version => {
      const path = write(join(folder, 'runner.mjs'), esm(version))
      server.environments.ssr.moduleGraph.invalidateAll()
      runner.clearCache()
      return (await runner.import(path)).f0
    }
  },

  /** It watches the files itself, and waits 100 ms for more changes, which is in the time. The process is started with its loader. */
  async dynohot(folder) {
    write(join(folder, 'hot.mjs'), esm(0))
    const root = write(
      join(folder, 'root.mjs'),
      `import { f0 } from './hot.mjs'
       export const now = { f0, changed: () => {} }
       import.meta.hot.accept('./hot.mjs', () => { now.f0 = f0; now.changed() })\n`,
    )
    const { now } = await import(pathToFileURL(root).href)
    return async version => {
      const changed = new Promise(resolve => {
        now.changed = resolve
      })
      write(join(folder, 'hot.mjs'), esm(version))
      await changed
      return now.f0
    }
  },

  /** Told of the change instead of watching, so that no watcher's delay is in the time. */
  async 'hot-hook'(folder) {
    const file = write(join(folder, 'hooked.mjs'), esm(0))
    const root = write(join(folder, 'root.mjs'), `export const load = () => import('./hooked.mjs')\n`)
    const { hot } = await import('hot-hook')
    await hot.init({ root, boundaries: ['./hooked.mjs'], watch: false })
    const { load } = await import(pathToFileURL(root).href)
    await load()
    return async version => {
      write(file, esm(version))
      await new Promise(resolve => {
        hot.dispose(pathToFileURL(file).href, resolve)
        process.emit('message', { type: 'hot-hook:file-changed', path: file })
      })
      return (await load()).f0
    }
  },

  async cordis(folder) {
    const { Context } = await import('cordis')
    const context = new Context()
    await context.start?.()
    const file = join(folder, 'plugin.mjs')
    let handler
    context.on('bench', f0 => {
      handler = f0
    })
    return async version => {
      write(
        file,
        esm(version, `export const name = 'plugin'\nexport const apply = ctx => void ctx.emit('bench', f0)\n`),
      )
      const fork = context.plugin(await import(`${pathToFileURL(file).href}?v=${version}`))
      const f0 = handler
      handler = undefined
      fork.dispose()
      return f0
    }
  },

  async 'a Worker each'(folder) {
    const file = join(folder, 'worker.mjs')
    const answer = `import { parentPort } from 'node:worker_threads'\nparentPort.on('message', ([a, b]) => parentPort.postMessage(f0(a, b)))\n`
    return async version => {
      const worker = new Worker(write(file, esm(version, answer)))
      const call = (...args) =>
        new Promise((resolve, reject) => {
          worker.once('message', resolve).once('error', reject)
          worker.postMessage(args)
        })
      return Object.assign(call, { drop: () => worker.terminate() })
    }
  },

  async 'isolated-vm'(folder) {
    const { default: ivm } = await import('isolated-vm')
    const { readFileSync } = await import('node:fs')
    const file = join(folder, 'isolated.mjs')
    return async version => {
      write(file, esm(version))
      const isolate = new ivm.Isolate()
      const context = await isolate.createContext()
      const module = await isolate.compileModule(readFileSync(file, 'utf8'))
      await module.instantiate(context, () => {})
      await module.evaluate()
      const f0 = await module.namespace.get('f0', { reference: true })
      const call = (...args) => f0.apply(undefined, args, { result: { copy: true } })
      return Object.assign(call, { drop: () => isolate.dispose() })
    }
  },
}
