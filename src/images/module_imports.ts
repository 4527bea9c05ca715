import type { Rebind } from './compile.ts'
import { EarlyImports, NO_EARLY_IMPORTS } from './early_imports.ts'
import { faultAt } from './fault.ts'
import { placeOfImport } from './import_place.ts'
import { type Dependent, type ModuleRecord, type ResolvedBinding, readResolved } from './module_record.ts'
import type { ImportEntry, ModuleSource } from './module_source.ts'
import { staleBinding } from './stale.ts'

/** The file that imports. */
interface ImportingFile {
  readonly file: string
  readonly text: string
  readonly source: ModuleSource
  readonly requested: readonly ModuleRecord[]
}

/** What a file imports: where each import leads, and how its value gets into the file. */
export class ModuleImports implements Dependent {
  readonly #importer: ImportingFile
  /** In the order of the imports. */
  #resolved: readonly ResolvedBinding[] = []
  #early: EarlyImports = NO_EARLY_IMPORTS
  #rebind: Rebind | undefined
  #hasBegun = false
  /** Functions of the file are hoisted, and others of its cycle may call them before it runs: then they see what it imports. */
  #isSeenBefore = false
  #reference: WeakRef<ModuleImports> | undefined

  constructor(importer: ImportingFile) {
    this.#importer = importer
  }

  get reference(): WeakRef<ModuleImports> {
    this.#reference ??= new WeakRef(this)
    return this.#reference
  }

  /** Imports that may be read before they are initialised. */
  get early(): EarlyImports {
    return this.#early
  }

  /** The same, as entries of a source that a parser has read since. */
  set early(early: EarlyImports) {
    this.#early = early
  }

  /** Where the import of this index leads. */
  leadsTo(index: number): ResolvedBinding {
    return this.#resolved[index]!
  }

  /** Where the import of this name leads, as long as the file has not begun. */
  beforeBegin(localName: string): ResolvedBinding | undefined {
    if (this.#hasBegun) return undefined
    return this.#resolved[this.#importer.source.imports.findIndex(entry => entry.localName === localName)]
  }

  /**
   * Finds what every import and re-export leads to, before any code runs.
   *
   * @throws ImageFault `symbol`
   */
  resolve(): void {
    this.#resolved = this.#resolveAll()
  }

  /**
   * Finds it anew; the result takes that over.
   *
   * @throws ImageFault `symbol`
   */
  resolveAgain(): () => void {
    const resolved = this.#resolveAll()
    return () => {
      this.#resolved = resolved
      this.subscribe()
      this.#refresh(() => true)
    }
  }

  #resolveAll(): ResolvedBinding[] {
    const { imports, indirectExports } = this.#importer.source
    const resolved = imports.map(({ request, importName, offset }) => this.#resolveOne(request, importName, offset))
    for (const { request, importName, offset } of indirectExports) this.#resolveOne(request, importName, offset)
    return resolved
  }

  #resolveOne(request: number, name: string | undefined, offset: number): ResolvedBinding {
    const { file, text, source, requested } = this.#importer
    const module = requested[request]!
    if (name === undefined) return { module, bindingName: undefined }
    const resolution = module.resolveExport(name)
    if (resolution && resolution !== 'ambiguous') return resolution
    const { specifier } = source.requests[request]!
    const fault = { kind: 'symbol', symbol: name, specifier, ambiguous: resolution === 'ambiguous' } as const
    throw faultAt(fault, file, text, placeOfImport(text, offset, name))
  }

  /**
   * Finds out which imports may be read before they are initialised.
   *
   * @param cycle the files that this one imports and is imported by
   * @param isSeenBefore may functions of the file be called before it runs?
   */
  expectEarlyReads(cycle: ReadonlySet<ModuleRecord>, isSeenBefore: boolean): void {
    this.#isSeenBefore = isSeenBefore
    const { source, requested } = this.#importer
    const early = source.imports.filter((entry, index) => {
      const { module, bindingName } = this.#resolved[index]!
      const isLate = isSeenBefore || cycle.has(requested[entry.request]!)
      return isLate && bindingName !== undefined && module.hasDeadZone
    })
    if (early.length > 0) this.#early = new EarlyImports(early)
  }

  /** Asks to be told of changes by the modules whose exports can change, or are not there yet. */
  subscribe(): void {
    const { imports } = this.#importer.source
    for (const [index, { module }] of this.#resolved.entries())
      module.whenChanged(this, this.#early.has(imports[index]!))
  }

  /** The scope of the file is open, and `rebind` gives its plain imports their values. */
  open(rebind: Rebind | undefined): void {
    this.#rebind = rebind
    if (this.#hasBegun) rebind?.(this.#plainValues())
  }

  /** The file runs from now on. */
  begin(): void {
    this.#hasBegun = true
    this.#rebind?.(this.#plainValues())
  }

  #plainValues(): unknown[] {
    const values: unknown[] = []
    for (const [index, entry] of this.#importer.source.imports.entries())
      if (!this.#early.has(entry)) values.push(readResolved(this.#resolved[index]!))
    return values
  }

  /** Takes over what `exporter` has to say now. */
  refresh(exporter: ModuleRecord): void {
    this.#refresh(({ module }) => module === exporter)
  }

  /** Takes over what there is now of each import. */
  refreshAll(): void {
    this.#refresh(() => true)
  }

  #refresh(concerns: (binding: ResolvedBinding) => boolean): void {
    this.#early.refresh(this.#importer.source.imports, this.#resolved, concerns)
    if (this.#hasBegun || this.#isSeenBefore) this.#rebind?.(this.#plainValues())
  }

  /** See `Image.cut`. */
  cut(stale: (name: string) => Error): void {
    const entries: readonly ImportEntry[] = this.#importer.source.imports
    const plain = entries.filter(entry => !this.#early.has(entry))
    if (this.#hasBegun) this.#rebind?.(plain.map(({ localName }) => staleBinding(() => stale(`import ${localName}`))))
    this.#early.cut(stale)
    // What it imported from goes on, and must not bring back what was cut.
    this.#rebind = undefined
    this.#early = NO_EARLY_IMPORTS
    this.#resolved = []
  }
}
