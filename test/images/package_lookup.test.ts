import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { before, describe, it } from 'node:test'
import { forgetDisk } from '../../src/images/disk.ts'
import { askResolver, type Loader, lookUp } from '../../src/images/package_resolver.ts'
import { literalRequires, literalSpecifiers, prepareLexer } from '../../src/images/scan.ts'
import { type Files, folderOf } from '../support/image_harness.ts'
import { root } from '../support/paths.ts'

const LOADERS: readonly Loader[] = ['import', 'require']

const FILES: Files = {
  'package.json': JSON.stringify({
    name: 'me',
    exports: './self.js',
    imports: {
      '#a': './self.js',
      '#b': { require: './no.js', import: 'fs' },
      '#c': 'plain',
      '#null': null,
      '#p/*': './*',
    },
  }),
  'self.js': '',
  'only.ts': '',
  'no.d.ts': '',
  'dir/index.js': '',
  'dir/node_modules/plain/package.json': '{}',
  'dir/node_modules/plain/index.js': '',
  'node_modules/plain/package.json': '{}',
  'node_modules/plain/index.js': '',
  'node_modules/plain/one.js': '',
  'node_modules/plain/one/index.js': '',
  'node_modules/plain/two/index.js': '',
  'node_modules/plain/three/package.json': '{"main":"x.js"}',
  'node_modules/plain/three/x.js': '',
  'node_modules/plain/four.ts': '',
  'node_modules/main/package.json': '{"main":"lib/a"}',
  'node_modules/main/lib/a.js': '',
  'node_modules/main-folder/package.json': '{"main":"./lib"}',
  'node_modules/main-folder/lib/index.js': '',
  'node_modules/main-gone/package.json': '{"main":"lib.js"}',
  'node_modules/main-gone/index.js': '',
  'node_modules/main-odd/package.json': '{"main":"../plain/index.js"}',
  'node_modules/none/index.js': '',
  'node_modules/broken/package.json': '{',
  'node_modules/broken/index.js': '',
  'node_modules/beside.js': '',
  'node_modules/beside/package.json': '{}',
  'node_modules/beside/index.js': '',
  'node_modules/@s/p/package.json': '{"exports":{"import":"./i.mjs","require":"./r.cjs"}}',
  'node_modules/@s/p/i.mjs': '',
  'node_modules/@s/p/r.cjs': '',
  'node_modules/exp/package.json': JSON.stringify({
    exports: {
      '.': [{ browser: './no.js' }, { default: './a.js' }, './no.js'],
      './string': './a.js',
      './gone': './gone.js',
      './null': null,
      './inner-null': { node: { import: null }, default: './a.js' },
      './inner-none': { node: { browser: './no.js' }, default: './a.js' },
      './out': './../plain/index.js',
      './modules': './node_modules/x.js',
      './hash': './a.js#x',
      './empty': [],
    },
  }),
  'node_modules/exp/a.js': '',
  'node_modules/exp/file.js': '',
  'node_modules/patterns/package.json': '{"exports":{"./a":"./a.js","./*":"./x/*.js","./y/":"./x/"}}',
  'node_modules/patterns/a.js': '',
  'node_modules/patterns/x/b.js': '',
  'node_modules/mixed/package.json': '{"exports":{".":"./a.js","import":"./a.js"}}',
  'node_modules/mixed/a.js': '',
  'node_modules/listed/package.json': '{"exports":["./no.js","./a.js"]}',
  'node_modules/listed/a.js': '',
}

const SPECIFIERS = [
  ...[
    'me',
    'me/x',
    '#a',
    '#b',
    '#c',
    '#null',
    '#p/self.js',
    '#no',
    './self.js',
    './self',
    './only.js',
    './only',
    './no',
  ],
  ...[
    './no.js',
    '.',
    '..',
    './dir',
    './dir/',
    'plain',
    'plain/',
    'plain/one',
    'plain/one.js',
    'plain/two',
    'plain/three',
  ],
  ...[
    'plain/four',
    'plain/four.js',
    'plain/no',
    'plain/two/',
    'plain?q',
    'plain/../main',
    'main',
    'main-folder',
    'main-gone',
  ],
  ...[
    'main-odd',
    'none',
    'broken',
    '@s/p',
    '@s/p/i.mjs',
    '@s',
    '@s/no',
    'exp',
    'exp/',
    'exp/string',
    'exp/gone',
    'exp/null',
  ],
  ...[
    'exp/inner-null',
    'exp/inner-none',
    'exp/out',
    'exp/modules',
    'exp/hash',
    'exp/empty',
    'exp/file.js',
    'patterns/a',
  ],
  ...[
    'patterns/b',
    'patterns/y/b.js',
    'patterns',
    'mixed',
    'listed',
    'absent',
    'absent/x',
    '@a/b',
    'https://x/y',
    '',
    'a b',
  ],
]

/** @returns how many were found without the resolver */
function compare(specifiers: Iterable<string>, folder: string): number {
  let found = 0
  for (const specifier of specifiers)
    for (const loader of LOADERS) {
      const plain = lookUp(specifier, folder, loader)
      if (!plain) continue
      found++
      assert.equal(plain.file, askResolver(specifier, folder, loader), `${loader} ${specifier} from ${folder}`)
    }
  return found
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => /\.[cm]?js$/.test(file))

describe('a package that is found without the resolver is the one that the resolver finds', () => {
  before(prepareLexer)

  it('in every shape of package.json that is known, and where nothing is', () => {
    const folder = folderOf(FILES)
    forgetDisk()
    for (const from of [folder, join(folder, 'dir'), join(folder, 'node_modules', 'exp')]) {
      const found = compare(SPECIFIERS, from)
      assert.ok(found > 40, `${found} of ${SPECIFIERS.length * LOADERS.length} found`)
    }
  })

  it('by require also where a file of that name stands beside it', () => {
    const folder = folderOf(FILES)
    forgetDisk()
    assert.equal(lookUp('beside', folder, 'require'), undefined)
    assert.equal(askResolver('beside', folder, 'require'), join(folder, 'node_modules/beside.js'))
    // As in Node; the resolver would find the file beside it.
    assert.deepEqual(lookUp('beside', folder, 'import'), { file: join(folder, 'node_modules/beside/index.js') })
  })

  it('with a slash behind its name, by which it is no builtin', () => {
    const files = { 'node_modules/buffer/package.json': '{}', 'node_modules/buffer/index.js': '' }
    const folder = folderOf(files)
    forgetDisk()
    assert.deepEqual(lookUp('buffer/', folder, 'require'), { file: join(folder, 'node_modules/buffer/index.js') })
  })

  it('for what the packages around ask for', () => {
    let asked = 0
    let found = 0
    const modules = join(root, 'node_modules')
    for (const name of filesOf(modules)) {
      const text = readFileSync(join(modules, name), 'utf8')
      const folder = dirname(join(modules, name))
      const specifiers = new Set([...literalSpecifiers(text), ...literalRequires(text)])
      const packages = [...specifiers].filter(it => !it.startsWith('.') && !isBuiltin(it.replace(/\/$/, '')))
      asked += packages.length * LOADERS.length
      found += compare(packages, folder)
    }
    assert.ok(asked > 100, `${asked} asked`)
    assert.ok(found > asked * 0.9, `${found} of ${asked} found`)
  })
})
