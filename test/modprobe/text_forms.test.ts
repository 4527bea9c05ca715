import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  formatAliases,
  formatDependencies,
  formatSoftdeps,
  formatSymbols,
  moduleNameOf,
  parseAliases,
  parseDependencies,
  parseSoftdeps,
  parseSymbols,
} from '#dist/modprobe/text_forms.js'
import { fixture } from './catalogue.ts'

const word = fc.stringMatching(/^[\w.*?/[\]-]{1,12}$/)
const PLAIN = { noNullPrototype: true } as const
const words = fc.array(word, { maxLength: 4 })

function withoutComments(text: string): string {
  return text.replaceAll(/^#.*\n/gm, '')
}

describe('the text forms', () => {
  it('say the same after writing and reading', () => {
    const alias = fc.record({ pattern: word, module: word }, PLAIN)
    const dependencies = fc.array(fc.record({ file: word, needs: words }, PLAIN))
    const softdeps = fc.array(fc.record({ module: word, pre: words, post: words }, PLAIN))
    fc.assert(fc.property(fc.array(alias), lines => deepEqual(parseAliases(formatAliases(lines)), lines)))
    fc.assert(fc.property(fc.array(alias), lines => deepEqual(parseSymbols(formatSymbols(lines)), lines)))
    fc.assert(fc.property(dependencies, lines => deepEqual(parseDependencies(formatDependencies(lines)), lines)))
    fc.assert(fc.property(softdeps, lines => deepEqual(parseSoftdeps(formatSoftdeps(lines)), lines)))
  })

  it('come out as depmod wrote them, but for comments', () => {
    const alias = fixture('modules.alias.gz')
    const dep = fixture('modules.dep.gz')
    const symbols = fixture('modules.symbols.gz')
    equal(withoutComments(formatAliases(parseAliases(alias))), withoutComments(alias))
    equal(formatDependencies(parseDependencies(dep)), dep)
    equal(withoutComments(formatSymbols(parseSymbols(symbols))), withoutComments(symbols))
  })

  it('keep an alias that has spaces', () => {
    const lines = [{ pattern: 'dmi:bvnAcme Inc.*', module: 'acme' }]
    deepEqual(parseAliases(formatAliases(lines)), lines)
  })

  it('skip lines that say nothing', () => {
    deepEqual(parseAliases('# comment\n\nalias\nalias onlyone\nfrobnicate a b\nalias x y'), [
      { pattern: 'x', module: 'y' },
    ])
    deepEqual(parseDependencies('\nnothing\n:\na.ko:\n'), [{ file: 'a.ko', needs: [] }])
  })

  it('read softdeps as kmod does', () => {
    deepEqual(parseSoftdeps('softdep cifs gcm\nsoftdep vfio post: a b\nsoftdep m pre: c post: d pre: e\n'), [
      { module: 'cifs', pre: [], post: [] },
      { module: 'vfio', pre: [], post: ['a', 'b'] },
      { module: 'm', pre: ['c', 'e'], post: ['d'] },
    ])
  })

  it('name a module after its file', () => {
    deepEqual(['kernel/fs/nls/nls_iso8859-1.ko.xz', './modules/my-api.ts', 'modules/db', '.hidden'].map(moduleNameOf), [
      'nls_iso8859_1',
      'my_api',
      'db',
      '.hidden',
    ])
  })
})
