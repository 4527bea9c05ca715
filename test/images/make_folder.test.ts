import { equal, throws } from 'node:assert/strict'
import { statSync } from 'node:fs'
import { it } from 'node:test'
import { makeFolder } from '#dist/images/make_folder.js'
import { Folder } from '../support/folder.ts'

it('a folder is made with those above it, for its owner alone, and stays as it is when it is there', t => {
  const folder = new Folder({ file: '' })
  t.after(() => folder.remove())
  for (let round = 0; round < 2; round++) {
    makeFolder(folder.file('a/b/c'))
    for (const made of ['a', 'a/b', 'a/b/c']) equal(statSync(folder.file(made)).mode & 0o777, 0o700)
  }
  throws(() => makeFolder(folder.file('file')), { code: 'EEXIST' })
  throws(() => makeFolder(folder.file('file/a')), { code: /^(?:ENOTDIR|EEXIST)$/ })
})

it('a folder where the system has no place for any is refused', { skip: process.platform !== 'linux' }, () => {
  throws(() => makeFolder('/proc/outlive/a'), { code: 'ENOENT' })
})
