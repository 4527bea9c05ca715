import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKernel } from 'outlive'
import { Folder } from '../support/folder.ts'

/** Texts that close what is put around a file, and open it again for what comes behind them. */
const TEXTS: Readonly<Record<string, string>> = {
  'a.cjs': '});\nmodule.exports = 1;\n(function(){',
  'b.cjs': '}) });\nglobalThis.ran = 1;\n(function(){ (function(){',
  'c.cjs': '}); (function(exports,require,module,__filename,__dirname){\n',
  'd.mjs': '}})});\n(function*(){{{',
  'e.mjs': '}}))}) ; (function(){ return ((function*(){{',
}

describe('a text that closes the function around it', () => {
  for (const [name, text] of Object.entries(TEXTS))
    it(`is a SyntaxError: ${JSON.stringify(text)}`, async t => {
      const folder = new Folder({ [name]: text })
      t.after(() => folder.remove())
      const kernel = createKernel({ config: false })
      await assert.rejects(kernel.insmod(folder.file(name)), { code: 'ENOEXEC' })
      assert.deepEqual(kernel.lsmod(), [])
      await assert.rejects(import(folder.file(name)), { name: 'SyntaxError' })
    })
})
