import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createKernel, type Kernel, type KernelOptions } from 'outlive'
import { findingsOf, reportOf } from '../check/command.ts'
import { outlive, socketFolder, startHost } from '../support/command.ts'
import { Folder } from '../support/folder.ts'
import { collectUntil } from '../support/gc.ts'
import { callAll, logOf, refusal } from '../support/stage.ts'

type Files = Readonly<Record<string, string>>

const manifest = (name: string, more: object = {}): string => JSON.stringify({ name, ...more })

/** A project: modules in `modules`, packages in its node_modules. */
function project(t: TestContext, files: Files): Folder {
  const folder = new Folder({ 'package.json': manifest('project'), ...files })
  t.after(() => folder.remove())
  return folder
}

function kernelOf(t: TestContext, folder: Folder, options: KernelOptions): Kernel {
  const kernel = createKernel({ modules: folder.file('modules'), config: false, cache: false, ...options })
  t.after(() => kernel.close())
  return kernel
}

/** As pnpm and workspaces do. */
function link(folder: Folder, from: string, to: string): void {
  mkdirSync(dirname(folder.file(from)), { recursive: true })
  symlinkSync(folder.file(to), folder.file(from), 'dir')
}

/** A package that tells its instances apart: each has a number of its own. */
const COUNTING = `globalThis.instances = (globalThis.instances ?? 0) + 1\nmodule.exports = { number: globalThis.instances }\n`
const COUNTING_ESM = `globalThis.instances = (globalThis.instances ?? 0) + 1\nexport const number = globalThis.instances\n`

const telling = (expression: string, imports = `import { number } from 'pack'`): string =>
  `${imports}\nexport const init = k => void k.register('number', async () => ${expression})\n`

/** Which instance each module has, in their order. */
async function instances(kernel: Kernel, ...names: string[]): Promise<unknown[]> {
  for (const name of names) await kernel.modprobe(name)
  return callAll(kernel, 'number')
}

const isEach = (numbers: readonly unknown[]): boolean => new Set(numbers).size === numbers.length

/** A package with a timer, an emitter and a server of its own, in module scope. */
const BUSY = {
  'node_modules/busy/package.json': manifest('busy', { main: 'lib/busy.js' }),
  'node_modules/busy/lib/busy.js': `
const { EventEmitter } = require('node:events')
const { createServer } = require('node:http')
const emitter = new EventEmitter()
const server = createServer().listen(0, '127.0.0.1')
const timer = setInterval(() => emitter.emit('tick'), 5)
exports.onTick = listener => emitter.on('tick', listener)
exports.stop = () => { clearInterval(timer); server.close() }
`,
  'modules/user.js': `
import { onTick, stop } from 'busy'
let ticks = 0
export function init(k) {
  k.register('stop', stop)
  onTick(() => ticks++)
}
`,
}

describe('a package that keeps a timer, an emitter and a server', () => {
  it('goes on and holds the image where it is shared', async t => {
    const folder = project(t, BUSY)
    const kernel = kernelOf(t, folder, {})
    await kernel.modprobe('user')
    const [stop] = kernel.point<() => void>('stop')
    const { leftovers } = await kernel.rmmod('user')
    assert.deepEqual(leftovers, [])
    assert.equal(await collectUntil(() => kernel.lingering().length === 0), false)
    stop!()
  })

  it('is closed, reported and collected with the image that owns it', async t => {
    const folder = project(t, BUSY)
    const kernel = kernelOf(t, folder, { ownPackages: ['busy'] })
    await kernel.modprobe('user')
    const size = kernel.lsmod()[0]!.size
    const text = BUSY['node_modules/busy/lib/busy.js'].length + BUSY['modules/user.js'].length
    assert.ok(size >= text, `the size of the image counts the package: ${size}`)
    const { leftovers } = await kernel.rmmod('user')
    const place = folder.file('node_modules/busy/lib/busy.js')
    assert.deepEqual(leftovers.map(({ kind, where, closed }) => `${kind} ${where} ${closed}`).sort(), [
      `interval ${place}:6:15 true`,
      `server ${place}:5:16 true`,
    ])
    assert.ok(await collectUntil(() => kernel.lingering().length === 0), 'collected')
    assert.deepEqual(
      logOf(kernel).filter(line => line.includes('late call')),
      [],
    )
  })

  it('is found safe by check where it is owned', async t => {
    const folder = project(t, BUSY)
    const words = [folder.file('modules/user.js'), '--scheme', 'collect', '--cycles', '6', '--allow-leftovers']
    const shared = await reportOf(words)
    assert.equal(shared.safe, false)
    assert.ok(findingsOf(shared).some(text => text.startsWith('held: its code is held by: ')))
    const owned = await reportOf([...words, '--own-package', 'busy'])
    assert.deepEqual(
      findingsOf(owned).filter(text => text.startsWith('held')),
      [],
    )
    assert.equal(owned.safe, true)
  })
})

const PACK = {
  'node_modules/pack/package.json': manifest('pack'),
  'node_modules/pack/index.js': COUNTING,
}

describe('instances of a package', () => {
  it('are one for all modules by default', async t => {
    const folder = project(t, { ...PACK, 'modules/a.js': telling('number'), 'modules/b.js': telling('number') })
    const [a, b] = await instances(kernelOf(t, folder, {}), 'a', 'b')
    assert.equal(a, b)
  })

  it('are one for each module that owns it, and a fresh one for each image', async t => {
    const folder = project(t, { ...PACK, 'modules/a.js': telling('number'), 'modules/b.js': telling('number') })
    const kernel = kernelOf(t, folder, { ownPackages: ['pack'] })
    const first = await instances(kernel, 'a', 'b')
    await kernel.replace('a')
    const second = await instances(kernel)
    assert.ok(isEach([...first, second[0]]))
    assert.equal(second[1], first[1])
  })

  const DUAL = {
    'node_modules/@some/pack/package.json': manifest('@some/pack', {
      type: 'module',
      exports: { '.': './index.js', './sub': './lib/sub.js', './self': './lib/self.js', './common': './common.cjs' },
    }),
    'node_modules/@some/pack/index.js': COUNTING_ESM,
    'node_modules/@some/pack/lib/sub.js': `export { number } from '../index.js'\n`,
    'node_modules/@some/pack/lib/self.js': `export { number } from '@some/pack'\n`,
    'node_modules/@some/pack/common.cjs': COUNTING,
  }
  const WAYS: Readonly<Record<string, readonly [expression: string, imports?: string]>> = {
    'a static import': ['number', `import { number } from '@some/pack'`],
    'a subpath': ['number', `import { number } from '@some/pack/sub'`],
    'a reference of the package to itself': ['number', `import { number } from '@some/pack/self'`],
    'a dynamic import': [`(await import('@some/pack')).number`, ''],
    'a name that is made up late': [`(await import('@some/' + ['pack'])).number`, ''],
    'an import of CommonJS': ['number', `import { number } from '@some/pack/common'`],
    createRequire: [
      `createRequire(import.meta.url)('@some/pack/common').number`,
      `import { createRequire } from 'node:module'`,
    ],
    'the path of the file': ['number', `import { number } from '../node_modules/@some/pack/index.js'`],
    'import.meta.resolve': [`(await import(import.meta.resolve('@some/pack'))).number`, ''],
  }
  for (const [way, [expression, imports]] of Object.entries(WAYS))
    it(`belong to each image by ${way}`, async t => {
      const text = telling(expression, imports)
      const folder = project(t, { ...DUAL, 'modules/a.mjs': text, 'modules/b.mjs': text })
      const owned = await instances(kernelOf(t, folder, { ownPackages: ['@some/pack'] }), 'a', 'b')
      assert.equal(typeof owned[0], 'number')
      assert.ok(isEach(owned))
      const shared = await instances(kernelOf(t, folder, { ownPackages: ['pack', '@some/pa'] }), 'a', 'b')
      assert.ok(!isEach(shared), 'other names do not count')
    })

  it('are one in an image, by whatever ways it comes to it', async t => {
    const folder = project(t, {
      ...DUAL,
      'modules/a/package.json': manifest('a', { type: 'module', main: 'main.js', imports: { '#pack': '@some/pack' } }),
      'modules/a/main.js': telling(
        `[number, again, other, (await import('@some/pack')).number]`,
        `import { number } from '@some/pack'
import { number as again } from '@some/pack/self'
import { number as other } from '#pack'`,
      ),
    })
    const [numbers] = (await instances(kernelOf(t, folder, { ownPackages: ['@some/pack'] }), 'a')) as [number[]]
    assert.equal(new Set(numbers).size, 1)
  })

  it('belong to a CommonJS module that requires them', async t => {
    const text = `const { number } = require('pack/index')\nexports.init = k => void k.register('number', () => number)\n`
    const folder = project(t, { ...PACK, 'modules/a.cjs': text, 'modules/b.cjs': text })
    assert.ok(isEach(await instances(kernelOf(t, folder, { ownPackages: ['pack'] }), 'a', 'b')))
  })
})

describe('an own package that is linked', () => {
  it('from a workspace, is owned with its nested node_modules, and nothing beside it is', async t => {
    const text = telling(
      '[number, inner, outer]',
      `import { number } from 'pack'\nimport pack from 'pack'\nconst { inner, outer } = pack`,
    )
    const folder = project(t, {
      'workspace/pack/package.json': manifest('pack', { main: 'src/index.js' }),
      'workspace/pack/src/index.js': `${COUNTING}module.exports.inner = require('inner').number\nmodule.exports.outer = require('outer').number\n`,
      'workspace/pack/node_modules/inner/index.js': COUNTING,
      'workspace/node_modules/outer/index.js': COUNTING,
      'modules/a.js': text,
      'modules/b.js': text,
    })
    link(folder, 'node_modules/pack', 'workspace/pack')
    const kernel = kernelOf(t, folder, { ownPackages: ['pack'] })
    const [a, b] = (await instances(kernel, 'a', 'b')) as [number[], number[]]
    assert.ok(isEach([a[0], a[1], b[0], b[1]]))
    assert.equal(a[2], b[2])
  })

  it('by pnpm, is owned, and what it depends on is not unless it is named', async t => {
    const text = telling('[number, pack.dep]', `import { number } from 'pack'\nimport pack from 'pack'`)
    const store = 'node_modules/.pnpm/pack@1.0.0/node_modules'
    const folder = project(t, {
      [`${store}/pack/package.json`]: manifest('pack'),
      [`${store}/pack/index.js`]: `${COUNTING}module.exports.dep = require('dep').number\n`,
      'node_modules/.pnpm/dep@1.0.0/node_modules/dep/index.js': COUNTING,
      'modules/a.js': text,
      'modules/b.js': text,
    })
    link(folder, `${store}/dep`, 'node_modules/.pnpm/dep@1.0.0/node_modules/dep')
    link(folder, 'node_modules/pack', `${store}/pack`)
    const names = async (ownPackages: string[]) =>
      (await instances(kernelOf(t, folder, { ownPackages }), 'a', 'b')) as [number[], number[]]
    const [a, b] = await names(['pack'])
    assert.notEqual(a[0], b[0])
    assert.equal(a[1], b[1])
    const [c, d] = await names(['pack', 'dep'])
    assert.ok(isEach([...c, ...d]))
  })

  it('under another name, is owned by either', async t => {
    for (const name of ['pack', 'alias']) {
      const text = telling('number', `import { number } from 'alias'`)
      const folder = project(t, {
        'elsewhere/pack/package.json': manifest('pack'),
        'elsewhere/pack/index.js': COUNTING,
        'modules/a.js': text,
        'modules/b.js': text,
      })
      link(folder, 'node_modules/alias', 'elsewhere/pack')
      assert.ok(isEach(await instances(kernelOf(t, folder, { ownPackages: [name] }), 'a', 'b')), name)
    }
  })
})

describe('a name among the own packages', () => {
  it('that is also the name of the project makes nothing else of it an own package', async t => {
    const folder = project(t, {
      'package.json': manifest('pack', { exports: { './lib': './lib.cjs' } }),
      'lib.cjs': COUNTING,
      'node_modules/other/index.js': COUNTING,
      'modules/a.js': telling('[other.number, own.number]', `import other from 'other'\nimport own from 'pack/lib'`),
      'modules/b.js': telling('[other.number, own.number]', `import other from 'other'\nimport own from 'pack/lib'`),
    })
    const [a, b] = await instances(kernelOf(t, folder, { ownPackages: ['pack'] }), 'a', 'b')
    assert.deepEqual(a, b)
  })

  it('of a package that is a module of the kernel leaves it a dependency', async t => {
    const folder = project(t, {
      'modules/pack/package.json': manifest('pack', { main: 'index.js', type: 'module' }),
      'modules/pack/index.js': COUNTING_ESM,
      'modules/a.js': telling('number'),
      'modules/b.js': telling('number'),
    })
    link(folder, 'node_modules/pack', 'modules/pack')
    const kernel = kernelOf(t, folder, { ownPackages: ['pack'] })
    const [a, b] = await instances(kernel, 'a', 'b')
    assert.equal(a, b)
    assert.deepEqual(kernel.lsmod().find(({ name }) => name === 'pack')?.holders, ['a', 'b'])
  })

  it('is refused when it is none', async () => {
    const text = 'Invalid argument: createKernel: ownPackages must be a list of names of packages, got'
    for (const [value, shown] of [
      ['ws', '"ws"'],
      [['ws/lib'], "[ 'ws/lib' ]"],
      [['./ws'], "[ './ws' ]"],
      [['@scope'], "[ '@scope' ]"],
      [['node:fs'], "[ 'node:fs' ]"],
      [[''], "[ '' ]"],
      [[1], '[ 1 ]'],
      [{ ws: true }, '{ ws: true }'],
    ] as const)
      await refusal(
        (async () => createKernel({ ownPackages: value } as unknown as KernelOptions))(),
        'EINVAL',
        'EINVAL',
        `${text} ${shown}`,
      )
  })

  it('is refused by the commands when it is none', async t => {
    const folder = project(t, { 'modules/a.js': '' })
    const usage = "--own-package takes the name of a package, such as ws or @scope/name, got 'ws/lib'"
    for (const words of [['check', folder.file('modules/a.js')], ['run'], ['coldplug', '--modules', folder.path]]) {
      const { code, stderr } = await outlive([...words, '--own-package', 'ws/lib'], socketFolder(t))
      assert.equal(code, 2)
      assert.ok(stderr.startsWith(`${words[0]}: ${usage}\n`), stderr)
    }
    const { code, stderr } = await outlive(['coldplug', '--own-package', 'ws'], socketFolder(t))
    assert.equal(code, 2)
    assert.match(stderr, /^coldplug: --own-package needs --modules/)
  })
})

describe('own packages and what is remembered', () => {
  it('are right though kernels with other options have the same cache', async t => {
    const folder = project(t, { ...PACK, 'modules/a.js': telling('number'), 'modules/b.js': telling('number') })
    const cache = { folder: folder.file('cache') }
    for (const ownPackages of [['pack'], [], ['pack'], []]) {
      const kernel = kernelOf(t, folder, { ownPackages, cache })
      const numbers = await instances(kernel, 'a', 'b')
      await kernel.replace('a')
      numbers.push(...(await instances(kernel)))
      await kernel.close()
      assert.equal(new Set(numbers).size, ownPackages.length === 0 ? 1 : 3)
    }
  })

  it('keep their version while they are in service, whatever is installed meanwhile', async t => {
    const folder = project(t, {
      'node_modules/pack/package.json': manifest('pack'),
      'node_modules/pack/index.js': `exports.late = () => require('./late.js')\n`,
      'node_modules/pack/late.js': `module.exports = 'old'\n`,
      'modules/a.js': telling('pack.late()', `import pack from 'pack'`),
    })
    const kernel = kernelOf(t, folder, { ownPackages: ['pack'] })
    await kernel.modprobe('a')
    const [old] = kernel.point<() => Promise<string>>('number')
    folder.write({ 'node_modules/pack/late.js': `module.exports = 'new'\n` })
    await kernel.replace('a')
    assert.equal(await old!(), 'old')
    assert.deepEqual(await callAll(kernel, 'number'), ['new'])
  })
})

describe('outlive run --own-package', () => {
  it('sees with --watch that a file of the package has changed', async t => {
    const word = (text: string) => ({ 'node_modules/pack/index.js': `exports.word = '${text}'\n` })
    const folder = project(t, {
      'node_modules/pack/package.json': manifest('pack'),
      ...word('one'),
      'modules/a.js': `
import { word } from 'pack'
export const init = k => k.register('http.route', { method: 'GET', url: '/a', handler: () => word })
`,
    })
    const words = ['--modules', folder.file('modules'), '--watch', '--own-package', 'pack', '--own-package', '@b/c']
    const host = await startHost(t, {}, { folder, words })
    folder.write(word('two'))
    await host.says(/\+ a#2 live$/)
    assert.equal(await (await fetch(`${host.url}/a`)).text(), 'two')
  })
})
