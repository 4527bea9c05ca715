import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AliasIndex } from '#dist/modprobe/alias_index.js'
import { fnmatch, fold, hasLooseBracket, patternFault } from '#dist/modprobe/glob.js'
import { lookup } from '#dist/modprobe/lookup.js'
import { PreparedTableError } from '#dist/modprobe/prepared_table.js'
import { formatAliases, parseAliases } from '#dist/modprobe/text_forms.js'
import { fixture } from './catalogue.ts'

type Alias = readonly [pattern: string, module: string]

function indexOf(aliases: readonly Alias[]): AliasIndex {
  const index = new AliasIndex()
  for (const [pattern, module] of aliases) index.add(pattern, module)
  return index
}

/** The index's answer as its definition has it: every pattern is tried; modules come in the order of first mention. */
function tryEveryPattern(aliases: readonly Alias[], name: string): string[] {
  const places = [...new Set(aliases.map(([, module]) => module))]
  return aliases
    .filter(([pattern]) => !hasLooseBracket(pattern) && fnmatch(fold(pattern), fold(name)))
    .map(([, module]) => module)
    .sort((a, b) => places.indexOf(a) - places.indexOf(b))
}

// A small alphabet, so that patterns share beginnings and names hit them.
const letter = fc.constantFrom('a', 'b', 'c', '-', '_', ':', '0', '😀')
const element = fc.oneof(
  { weight: 8, arbitrary: letter },
  { weight: 3, arbitrary: fc.constant('*') },
  { weight: 1, arbitrary: fc.constant('?') },
  { weight: 1, arbitrary: fc.constantFrom('[ab]', '[!a]', '[^b-c]', '[a-c-]', '[]a]', '[[:digit:]:]', '[😀-😂]') },
  { weight: 1, arbitrary: fc.constantFrom('\\*', '\\a', '\\[', '\\\\', '\\-', '[a', ']', '\\') },
)
const pattern = fc.array(element, { minLength: 1, maxLength: 7 }).map(parts => parts.join(''))
const module = fc.constantFrom('red', 'green', 'blue', 'white')
const aliases = fc.array(fc.tuple(pattern, module), { maxLength: 60 })
const name = fc
  .array(fc.oneof({ weight: 9, arbitrary: letter }, fc.constantFrom('*', '[', ']', '\\', 'x')), { maxLength: 8 })
  .map(parts => parts.join(''))
const names = fc.array(name, { minLength: 1, maxLength: 20 })

describe('the alias index', () => {
  it('answers what trying every pattern answers', () => {
    fc.assert(
      fc.property(aliases, names, (aliases, names) => {
        const index = indexOf(aliases)
        for (const name of names) deepEqual(index.lookup(name), tryEveryPattern(aliases, name), name)
      }),
      { numRuns: 500 },
    )
  })

  it('answers the same whether it was filled one by one, from the text form or from the prepared form', () => {
    fc.assert(
      fc.property(aliases, names, (aliases, names) => {
        const one = indexOf(aliases)
        const text = AliasIndex.fromText(formatAliases(aliases.map(([pattern, module]) => ({ pattern, module }))))
        const prepared = AliasIndex.fromPrepared(one.prepared())
        for (const name of names) {
          const answer = one.lookup(name)
          deepEqual(text.lookup(name), answer, name)
          deepEqual(prepared.lookup(name), answer, name)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('answers the same when modules come and go between look-ups', () => {
    const step = fc.oneof(
      fc.record({ add: fc.tuple(pattern, module) }),
      fc.record({ remove: module }),
      fc.record({ lookup: name }),
    )
    fc.assert(
      fc.property(aliases, fc.array(step, { maxLength: 40 }), (initial, steps) => {
        const index = AliasIndex.fromPrepared(indexOf(initial).prepared())
        const places: string[] = [...new Set(initial.map(([, module]) => module))]
        let held: readonly Alias[] = initial
        for (const step of steps) {
          if ('add' in step) {
            index.add(...step.add)
            held = [...held, step.add]
            if (!places.includes(step.add[1])) places.push(step.add[1])
          } else if ('remove' in step) {
            equal(index.remove(step.remove), held.filter(([, module]) => module === step.remove).length)
            held = held.filter(([, module]) => module !== step.remove)
          } else {
            const wanted = held.filter(
              ([pattern]) => !hasLooseBracket(pattern) && fnmatch(fold(pattern), fold(step.lookup)),
            )
            wanted.sort(([, a], [, b]) => places.indexOf(a) - places.indexOf(b))
            deepEqual(
              index.lookup(step.lookup),
              wanted.map(([, module]) => module),
            )
          }
          equal(index.size, held.length)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('answers what trying every pattern answers over the aliases of a kernel package', () => {
    const text = fixture('modules.alias.gz')
    const aliases = parseAliases(text).map(({ pattern, module }): Alias => [pattern, module])
    equal(aliases.length, 26222)
    const index = AliasIndex.fromText(text)
    const prepared = AliasIndex.fromPrepared(index.prepared())
    for (let i = 0; i < aliases.length; i += 700) {
      const name = aliases[i]![0].replaceAll('*', 'x1')
        .replaceAll('?', '7')
        .replaceAll(/\[(.).*?\]/g, '$1')
      const answer = index.lookup(name)
      deepEqual(answer, tryEveryPattern(aliases, name), name)
      deepEqual(prepared.lookup(name), answer, name)
      equal(answer.includes(aliases[i]![1]), true)
    }
  })

  it('does not read a prepared form that is damaged', () => {
    const bytes = indexOf([['thing', 'first']]).prepared()
    equal(AliasIndex.fromPrepared(bytes).size, 1)
    throws(() => AliasIndex.fromPrepared(bytes.subarray(0, 30)), PreparedTableError)
    throws(() => AliasIndex.fromPrepared(bytes.map(byte => 255 - byte)), PreparedTableError)
    throws(() => AliasIndex.fromPrepared(new Uint8Array()), PreparedTableError)
  })

  it('lists a module once for each of its patterns that match', () => {
    const index = indexOf([
      ['usb:v04*', 'wacom'],
      ['usb:*', 'hid'],
      ['usb:v0456', 'wacom'],
    ])
    deepEqual(index.lookup('usb:v0456'), ['wacom', 'wacom', 'hid'])
  })

  it('gives a module that comes back its old place', () => {
    const index = indexOf([
      ['thing', 'first'],
      ['thing', 'second'],
    ])
    equal(index.remove('first'), 1)
    deepEqual(index.lookup('thing'), ['second'])
    index.add('thing', 'first')
    deepEqual(index.lookup('thing'), ['first', 'second'])
  })

  it('is not slowed down by patterns made to be slow', () => {
    const stars = 'a*'.repeat(40)
    const index = indexOf(Array.from({ length: 100 }, (_, i): Alias => [`${stars}b${i}`, `m${i}`]))
    const started = performance.now()
    deepEqual(index.lookup('a'.repeat(2000)), [])
    equal(performance.now() - started < 2000, true)
  })
})

describe('patterns', () => {
  // Recorded from kmod 30, in folders of made-up modules.
  for (const [pattern, name, matches] of [
    ['foo-bar*', 'foo_barx', true],
    ['foo_bar*', 'foo-barx', true],
    ['x[a-c]z', 'xbz', true],
    ['x[a-c]z', 'xdz', false],
    ['q[!a]r', 'q!r', true],
    ['q[!a]r', 'qar', false],
    ['w[^a]r', 'wbr', true],
    ['h[-x]h', 'hxh', true],
    ['h[-x]h', 'h-h', false],
    ['*tail', 'tail', true],
    ['a?c', 'a-c', true],
    ['a?c', 'ac', false],
    ['s*s*s', 'sxsys', true],
    ['s*s*s', 'sxsysz', false],
    ['up*', 'UPx', false],
    ['c[[a]c', 'cac', true],
    ['k[!-]k', 'k_k', true],
    ['g[:digit:]g', 'gig', true],
    ['g[:digit:]g', 'g1g', false],
  ] as const) {
    it(`${pattern} ${matches ? 'matches' : 'does not match'} ${name}`, () => {
      equal(fnmatch(fold(pattern), fold(name)), matches)
      deepEqual(indexOf([[pattern, 'm']]).lookup(name), matches ? ['m'] : [])
    })
  }

  it('takes a backslash as an escape everywhere and a slash as a character', () => {
    equal(fnmatch('http:GET:/*', 'http:GET:/a/b'), true)
    equal(fnmatch('a\\*b', 'a*b'), true)
    equal(fnmatch('a\\*b', 'axb'), false)
    equal(fnmatch('?', '😀'), true)
  })

  it('are left out when nothing opens or closes one of their brackets, as in kmod: a pair ends at its first `]`', () => {
    for (const [pattern, name] of [
      ['[]a]x', 'ax'],
      ['[!]a]x', 'bx'],
      ['v[[:digit:]]', 'v1'],
      ['e\\]*', 'e]'],
    ] as const) {
      const index = indexOf([[pattern, 'm']])
      equal(fnmatch(pattern, name), true, 'by itself it would match')
      deepEqual(index.lookup(name), [], pattern)
      deepEqual(AliasIndex.fromPrepared(index.prepared()).lookup(name), [], pattern)
      deepEqual(AliasIndex.fromText(`alias ${pattern} m\n`).lookup(name), [], pattern)
      const sources = { hasModule: () => false, aliases: { lookup: () => [] } }
      deepEqual(lookup(name, { ...sources, configured: [[pattern, ['m']]] }), [], pattern)
      equal(patternFault(pattern), 'unmatched bracket')
    }
  })

  it('names what is wrong in one', () => {
    equal(patternFault('usb:v[0-9]*'), undefined)
    equal(patternFault('zz['), 'unmatched bracket')
    equal(patternFault('zz]'), 'unmatched bracket')
    equal(patternFault('a\\'), 'nothing after the last backslash')
    equal(patternFault('two\nlines'), 'line break in pattern')
    equal(patternFault(''), 'empty pattern')
  })
})

describe('a name', () => {
  it('with a bracket that nothing opens or closes is nobody, as in kmod', () => {
    const found = (name: string): number =>
      lookup(name, { configured: [['*', ['m']]], hasModule: () => true, aliases: { lookup: () => ['m'] } }).length
    for (const name of ['z[', 'a]b', ']', '[', '[a]]', '[[a]]']) equal(found(name), 0, name)
    for (const name of ['a', '[a]', 'x[a-b]y', 'a[[b]c']) equal(found(name), 1, name)
  })
})
