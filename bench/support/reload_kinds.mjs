import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createKernel } from '../../dist/index.js'
import { runBare } from './bare_script.mjs'
import { freshModule } from './fresh_module.mjs'
import { freshBundle, freshPackage, freshPlugin } from './fresh_sizes.mjs'

/**
 * One reload of each kind, by Outlive and by Node's own loader. Each makes a version that differs from every other, calls it, looks whether it is the one that answers, and
 * resolves to the milliseconds that it took. Of a single file there is also what no loader can do without.
 */
export function reloadsOf(kind, folder) {
  const kernel = createKernel({ cache: { folder: join(folder, 'cache') } })
  const point = kernel.point('bench')
  let version = 0

  const check = result => {
    if (result.version !== version) throw new Error(`version ${result.version} was called, not ${version}`)
  }

  /** One file: both write it, load it and call it; Outlive drops it as well. */
  const single = (text, named) => {
    const file = join(folder, 'fresh.mjs')
    const url = pathToFileURL(file).href
    return {
      async outlive() {
        const content = text(++version)
        const started = performance.now()
        writeFileSync(file, content)
        await kernel.insmod(file)
        for (const call of point) check(call(1, 2))
        await kernel.rmmod('fresh')
        return performance.now() - started
      },
      async native() {
        const content = text(++version)
        const started = performance.now()
        writeFileSync(file, content)
        const exports = await import(`${url}?v=${version}`)
        check(exports[named](1, 2))
        return performance.now() - started
      },
      /** The file is written, read, compiled and run, and nothing else. */
      bare() {
        const content = text(++version)
        const started = performance.now()
        writeFileSync(file, content)
        runBare(readFileSync(file, 'utf8'), file)({ register: (_, call) => check(call(1, 2)) })
        return performance.now() - started
      },
    }
  }

  /** A folder: the files are there before the clock starts. Node loads all of them anew only under a folder name that it has not seen. */
  const whole = all => {
    const own = join(folder, 'package')
    writeAll(own, freshPackage(0, all))
    return {
      async outlive() {
        version++
        writeAll(own, freshPackage(version, all), all ? undefined : 'index.js')
        const started = performance.now()
        await kernel.insmod(own)
        for (const call of point) check(call(1, 2))
        await kernel.rmmod('fresh')
        return performance.now() - started
      },
      async native() {
        const copy = join(folder, `package${++version}`)
        writeAll(copy, freshPackage(version, all))
        const started = performance.now()
        const { call } = await import(pathToFileURL(join(copy, 'index.js')).href)
        check(call(1, 2))
        const took = performance.now() - started
        rmSync(copy, { recursive: true })
        return took
      },
    }
  }

  const kinds = {
    plugin: () => single(freshPlugin, 'call'),
    functions: () => single(freshModule, 'f0'),
    bundle: () => single(freshBundle, 'call'),
    'package, one file changed': () => whole(false),
    'package, every file changed': () => whole(true),
  }
  return { kernel, ...kinds[kind]() }
}

function writeAll(into, files, only) {
  const manifest = { 'package.json': '{"name":"fresh","type":"module","exports":"./index.js"}' }
  for (const [name, text] of Object.entries({ ...manifest, ...files })) {
    if (only !== undefined && name !== only) continue
    mkdirSync(dirname(join(into, name)), { recursive: true })
    writeFileSync(join(into, name), text)
  }
}
