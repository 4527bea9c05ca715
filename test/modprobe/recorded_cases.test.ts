import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sortDependencies } from '#dist/modprobe/sort_dependencies.js'
import { TextCatalogue } from '#dist/modprobe/text_catalogue.js'
import { moduleNameOf, parseDependencies } from '#dist/modprobe/text_forms.js'
import { cases, fixture, kernelForms } from './catalogue.ts'

/** One folder of a few made-up modules, and what kmod answered there. */
interface SmallFolder {
  readonly 'modules.dep': string
  readonly 'modules.alias': string
  readonly 'modules.symbols': string
  readonly 'modules.softdep': string
  readonly direct: Readonly<Record<string, readonly string[]>>
  readonly order: readonly string[]
  readonly cases: Readonly<Record<string, readonly [shown: readonly string[], resolved: readonly string[]]>>
}

const kernel = new TextCatalogue(kernelForms())
const smallFolders = fixture('cases/small-folders.jsonl.gz')
  .split('\n')
  .filter(Boolean)
  .map(line => JSON.parse(line) as SmallFolder)

function shown(catalogue: TextCatalogue, name: string): string[] {
  return catalogue.steps(name).map(({ module }) => {
    const file = catalogue.fileOf(module)
    return file === undefined ? `builtin ${module}` : `insmod ${file}`
  })
}

function resolved(catalogue: TextCatalogue, name: string): string[] {
  return catalogue.lookup(name).map(({ module }) => module)
}

describe('what kmod 30 answered over the modules of a kernel package', () => {
  for (const table of ['resolve.tsv', 'resolve-more.tsv.gz']) {
    it(`modprobe --resolve-alias: ${table}`, () => {
      const wanted = cases(table).map(([, input, exit, modules = '']) => ({ input, found: exit === '0', modules }))
      const got = wanted.map(({ input }) => {
        const modules = resolved(kernel, input!)
        return { input, found: modules.length > 0, modules: modules.join(',') }
      })
      deepEqual(got, wanted)
    })
  }

  for (const table of ['showdeps.tsv', 'showdeps-more.tsv.gz']) {
    it(`modprobe --show-depends: ${table}`, () => {
      const wanted = cases(table).map(([name, exit, lines = '']) => ({ name, found: exit === '0', lines }))
      const got = wanted.map(({ name }) => {
        const lines = shown(kernel, name!)
        return { name, found: lines.length > 0, lines: lines.join('|') }
      })
      deepEqual(got, wanted)
    })
  }
})

describe('what kmod 30 answered in small folders full of softdeps', () => {
  it('modprobe --show-depends and --resolve-alias, loops of softdeps included', () => {
    for (const folder of smallFolders) {
      const catalogue = new TextCatalogue({
        dep: folder['modules.dep'],
        alias: folder['modules.alias'],
        symbols: folder['modules.symbols'],
        softdep: folder['modules.softdep'],
        builtin: 'kernel/bin-one.ko\n',
      })
      for (const [name, [lines, modules]] of Object.entries(folder.cases)) {
        const got = shown(catalogue, name).map(line => line.replace('kernel/', ''))
        deepEqual([got, resolved(catalogue, name)], [lines, modules], `${name} in ${folder['modules.softdep']}`)
      }
    }
  })

  it('depmod: the order within the lines of modules.dep', () => {
    for (const folder of smallFolders) {
      const direct = new Map(folder.order.map(module => [module, folder.direct[module]!]))
      const { needs } = sortDependencies(direct)
      const wanted = parseDependencies(folder['modules.dep']).map(line => [
        moduleNameOf(line.file),
        line.needs.map(moduleNameOf),
      ])
      deepEqual([...needs], wanted)
    }
  })
})

it('finds the softdeps of a kernel package resolved by their aliases', () => {
  const names = kernel.steps('crypto-crc32c').map(({ module, alias }) => ({ module, alias }))
  deepEqual(names, [
    { module: 'crc32c_intel', alias: 'crypto_crc32c' },
    { module: 'crc32c_generic', alias: 'crypto_crc32c' },
  ])
  equal(kernel.fileOf('uhci-hcd'), 'kernel/drivers/usb/host/uhci-hcd.ko')
})
