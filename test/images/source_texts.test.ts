import { equal } from 'node:assert/strict'
import { statSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { createKernel } from 'outlive'
import { hashOf } from '#dist/images/hash.js'
import { type SourceFile, SourceTexts } from '#dist/images/source_texts.js'
import { stampAt } from '#dist/images/stamp.js'
import { KnownText, NO_FACTS } from '#dist/images/text_facts.js'
import { Folder } from '../support/folder.ts'

/** Reads a file as an image does that knows it from a load before. */
function readAfter(file: string, before: SourceFile): string {
  const memory = {
    facts: () => NO_FACTS,
    made: (hash: string, make: () => string) => new KnownText(make(), hash),
    fileBefore: () => before,
  }
  return new SourceTexts('later#2', () => memory).read(file)
}

describe('a file that an image of this process has read', () => {
  const text = 'export const one = 1\n'

  it('is not read again while the disk says that nobody has touched it', t => {
    const folder = new Folder({ 'a.js': text })
    t.after(() => folder.remove())
    const file = folder.file('a.js')
    const before = { known: new KnownText('of before'), bytes: 9, hash: hashOf('of before'), stamp: stampAt(file) }
    equal(readAfter(file, before), 'of before')
  })

  it('is read when it was, though it is as long and as old as it was', t => {
    const folder = new Folder({ 'a.js': text })
    t.after(() => folder.remove())
    const file = folder.file('a.js')
    const { atime, mtime, ctimeMs } = statSync(file)
    const before = { known: new KnownText(text), bytes: text.length, hash: hashOf(text), stamp: stampAt(file) }
    while (statSync(file).ctimeMs === ctimeMs) {
      writeFileSync(file, text.replace('1', '2'))
      utimesSync(file, atime, mtime)
    }
    equal(readAfter(file, before), text.replace('1', '2'))
  })

  it('is read when it had changed so shortly before that another change might not show', async t => {
    const folder = new Folder({ 'user/package.json': '{"name":"user","main":"index.js","type":"module"}' })
    t.after(() => folder.remove())
    const kernel = createKernel({ cache: { folder: folder.file('cache') } })
    t.after(() => kernel.close())
    for (let n = 0; n < 50; n++) {
      folder.write({ 'user/index.js': `export const init = k => void k.register('n', () => ${n % 10})` })
      if (n === 0) await kernel.insmod(folder.file('user'))
      else await kernel.replace('user')
      equal([...kernel.point<() => number>('n')][0]!(), n % 10)
    }
  })
})
