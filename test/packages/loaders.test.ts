import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

const run = promisify(execFile)

/** As loaders do that compile what is required: an ES module that is imported and required is two. Here nobody may have two of Outlive's. */
const ONE_OF_EACH = `
const extensions = process.getBuiltinModule('node:module')._extensions
const before = extensions['.js']
extensions['.js'] = (module, file) => {
  if (file.endsWith('.js') && file.startsWith(${JSON.stringify(root)}) && !file.includes('node_modules')) throw new Error('required: ' + file)
  before(module, file)
}
`

/** Uses each part of Outlive that is loaded late: what finds modules by name, the parser, and what reads CommonJS. */
const HOST = `
import { createKernel } from '${pathToFileURL(`${root}/dist/index.js`).href}'
const kernel = createKernel({ modules: import.meta.dirname + '/modules', cache: false })
await kernel.modprobe('user')
await kernel.replace('user')
await kernel.replace('colours')
console.log(kernel.point('colour')[Symbol.iterator]().next().value.name())
await kernel.rmmod('user')
await kernel.rmmod('colours')
await kernel.close()
`

describe('what ships', () => {
  it('is there once, whatever the loader of the program does with what is required', async () => {
    const folder = new Folder({
      'one_of_each.mjs': ONE_OF_EACH,
      'host.mjs': HOST,
      'modules/colours.ts': 'export enum Colour { Red, Green }\n',
      'modules/user/package.json': '{ "name": "user", "main": "index.ts", "type": "module" }',
      'modules/user/index.ts': `
import { Colour } from '../colours.ts'
import { nameOf } from './names.cjs'
export const init = (k: any) => k.register('colour', { name: () => nameOf(Colour, Colour.Green) })
`,
      'modules/user/names.cjs': 'exports.nameOf = (colours, colour) => colours[colour]\n',
    })
    const words = ['--import', pathToFileURL(folder.file('one_of_each.mjs')).href, folder.file('host.mjs')]
    const { stdout } = await run(process.execPath, words)
    assert.equal(stdout.trim(), 'Green')
    folder.remove()
  })
})
