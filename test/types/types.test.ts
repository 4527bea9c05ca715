import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { Folder } from '../support/folder.ts'
import { fixture, root } from '../support/paths.ts'
import { shareOf } from '../support/share.ts'
import { callAll, stage } from '../support/stage.ts'

/** What an editor needs to know of a folder of modules: nothing but where the types are. */
const TSCONFIG = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    allowJs: true,
    checkJs: true,
    allowImportingTsExtensions: true,
    noUncheckedIndexedAccess: true,
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: { outlive: [join(root, 'dist/index.d.ts')] },
  },
}

// What the compiler says does not depend on the line of Node.
for (const what of shareOf(['an import between modules and the parameters have their types in an editor']))
  it(what, t => {
    const folder = new Folder()
    t.after(() => folder.remove())
    // Every wrong use in them is marked @ts-expect-error, and fails the compile when it is taken.
    cpSync(fixture('types'), folder.path, { recursive: true })
    writeFileSync(folder.file('tsconfig.json'), JSON.stringify(TSCONFIG))
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder.path],
      { encoding: 'utf8' },
    )
    assert.equal(stdout, '')
    assert.equal(status, 0)
  })

it('and the same files run', async t => {
  const { kernel } = stage(t, {}, { modules: fixture('types') })
  for (const file of readdirSync(fixture('types')))
    if (file !== 'untyped.ts') await kernel.modprobe(file.split('.')[0]!)
  assert.equal((await callAll(kernel, 'types')).length, 4)
})
