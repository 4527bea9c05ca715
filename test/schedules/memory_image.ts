import { ImageFault } from '#dist/images/fault.js'
import type { Dependency, Image, ImageOptions, Importer } from '#dist/images/image.js'
import { type ModuleRecord, readResolved, SyntheticModule } from '#dist/images/module_record.js'
import type { Code } from './code.ts'

/** What an importer's binding leads to. */
interface Binding {
  readonly file: string
  readonly symbol: string
  record: ModuleRecord | undefined
}

/**
 * An image without files: nothing is read, parsed or compiled, so that thousands of schedules run in a second. It is linked, relinked and cut as
 * the kernel asks, and what it imports are live bindings.
 */
export class MemoryImage implements Image {
  readonly label: string
  readonly bytes = 100
  readonly files: readonly string[]
  readonly dependencies: readonly Dependency[]
  readonly entryRecord: ModuleRecord
  readonly #code: Code
  readonly #text: string
  readonly #bindings: Binding[]
  #stale: ((name: string) => Error) | undefined

  /** @param fileOf the entry of the module of this name */
  constructor(options: ImageOptions, code: Code, fileOf: (name: string) => string) {
    const { label, entry } = options
    this.label = label
    this.files = [entry]
    this.#code = code
    const { imports, wantsMore, more, permanent } = code.script
    this.#text = permanent ? 'export const info = { permanent: true }' : ''
    const symbols = wantsMore ? ['value', 'more'] : ['value']
    this.dependencies = imports.map(name => ({
      file: fileOf(name),
      specifier: `./${name}.js`,
      importer: entry,
      symbols,
      offset: 0,
    }))
    this.#bindings = this.dependencies.flatMap(({ file }) =>
      symbols.map(symbol => ({ file, symbol, record: undefined })),
    )
    const exported: Record<string, unknown> = {
      value: label,
      ...(more && { more: label }),
      init: code.init,
      exit: code.exit,
      handoff: code.handoff,
      probe: code.probe,
    }
    this.entryRecord = new SyntheticModule(entry, Object.keys(exported), name => {
      if (this.#stale) throw this.#stale(`export ${name}`)
      return exported[name]
    })
  }

  read(): Promise<void> {
    return Promise.resolve()
  }

  readText(): string {
    return this.#text
  }

  faultOf({ specifier, importer }: Dependency, symbol: string): ImageFault {
    const place = { file: importer, line: 1, column: 1 }
    return new ImageFault({ kind: 'symbol', symbol, specifier, ambiguous: false, place, frame: '' })
  }

  link(modules: ReadonlyMap<string, ModuleRecord>): void {
    for (const binding of this.#bindings) binding.record = modules.get(binding.file)!
    this.#code.link(
      Object.fromEntries(
        this.#bindings
          .filter(({ symbol }) => symbol === 'value')
          .map(binding => [
            this.dependencies.find(({ file }) => file === binding.file)!.specifier.slice(2, -3),
            () => this.#read(binding),
          ]),
      ),
    )
  }

  #read({ record, symbol }: Binding): unknown {
    if (this.#stale) throw this.#stale(`import ${symbol}`)
    const resolution = record!.resolveExport(symbol)
    return resolution && resolution !== 'ambiguous' ? readResolved(resolution) : undefined
  }

  evaluate(): Promise<void> {
    return new Promise(resolve => resolve(this.#code.evaluate() as undefined))
  }

  sourceModules(): Iterable<Importer> {
    return [
      {
        retarget: (from, to) => {
          const before = this.#retargeted
          const records = before ?? this.#bindings.map(({ record }) => record)
          this.#retargeted = records.map(record => (record === from ? to : record))
          return () => {
            this.#retargeted = before
          }
        },
        resolveAgain: () => {
          const after = this.#retargeted ?? this.#bindings.map(({ record }) => record)
          for (const [index, binding] of this.#bindings.entries())
            if (after[index] !== binding.record && !after[index]!.resolveExport(binding.symbol))
              throw this.faultOf(this.dependencies.find(({ file }) => file === binding.file)!, binding.symbol)
          return () => {
            for (const [index, binding] of this.#bindings.entries()) binding.record = after[index]
            this.#retargeted = undefined
          }
        },
      },
    ]
  }

  #retargeted: (ModuleRecord | undefined)[] | undefined

  dropTexts(): void {}

  cut(stale: (name: string) => Error): void {
    this.#stale = stale
    for (const binding of this.#bindings) binding.record = undefined
  }
}
