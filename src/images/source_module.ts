import {
  COMPLETED,
  type EarlyReads,
  type ExportValues,
  type FileEnvironment,
  type ModuleBody,
  type Rebind,
} from './compile.ts'
import { compileSource } from './compile_source.ts'
import { directEvalCode } from './direct_eval.ts'
import { EarlyImports, NO_EARLY_IMPORTS } from './early_imports.ts'
import { type EvaluationStatus, mayFollow, type Promised } from './evaluation_status.ts'
import { ExportIndex } from './export_index.ts'
import { faultAt } from './fault.ts'
import type { ImageGlobals } from './image.ts'
import { placeOfImport } from './import_place.ts'
import { lazily } from './lazy.ts'
import { LocalExports } from './local_exports.ts'
import {
  type ModuleRecord,
  makeNamespace,
  type Resolution,
  type ResolvedBinding,
  type ResolveSet,
  readResolved,
  SyntheticModule,
} from './module_record.ts'
import { DEFAULT, type ImportEntry, type ModuleSource } from './module_source.ts'
import type { ModuleNamespace } from './namespace.ts'
import { parseModule } from './parse.ts'
import { exportNamesOf, resolveExportOf } from './resolve_export.ts'
import { staleBinding } from './stale.ts'
import { NO_FACTS, type TextFacts } from './text_facts.ts'

/** Emitters of Node that look after the image's listeners by themselves. */
const HAVE_VIEWS: ReadonlySet<string> = new Set(['node:process', 'node:cluster'])

/** A file that is compiled and waits for its turn: its scope is open, unless nobody can ask for its functions before it runs. */
type Opened =
  | { readonly kind: 'generator'; readonly scope: Generator<undefined, unknown, undefined> }
  | { readonly kind: 'async generator'; readonly scope: AsyncGenerator<undefined, unknown, undefined> }
  | Extract<ModuleBody, { kind: 'function' | 'async function' }>
  /** Its image was cut off while it waited: it does not run any more. */
  | { readonly kind: 'cut'; readonly stale: () => Error }

/** The part of an image that a file calls back into. */
export interface FileOwner {
  readonly globals: ImageGlobals
  /** Does this file belong to the image? */
  owns(file: string): boolean
  dynamicImport(referrer: string, specifier: unknown, options: unknown): Promise<object>
  importSource(referrer: string, specifier: unknown): Promise<object>
  importMeta(file: string): object
}

/**
 * A Source Text Module Record. It is also what the generated code of its file closes over: whoever can call any function
 * of the file holds this record, and by it the image.
 */
export class SourceModule implements ModuleRecord, FileEnvironment {
  readonly file: string
  readonly url: string
  /** The author's, for messages; see `dropText`. */
  text: string
  source: ModuleSource
  readonly owner: FileOwner
  requested: ModuleRecord[] = []
  #status: EvaluationStatus = { is: 'unlinked' }
  /** Bookkeeping of asynchronous evaluation; see evaluate.ts. */
  cycleRoot: SourceModule | undefined
  readonly asyncParents: SourceModule[] = []
  pendingAsyncDependencies = 0
  topLevel: Promised | undefined

  #resolved: readonly ResolvedBinding[] = []
  #early = NO_EARLY_IMPORTS
  /** Undefined before the file is instantiated, and from the moment on at which it runs. */
  #opened: Opened | undefined
  /** Set while an asynchronous body is on its way to its first pause, before which it must not be run. */
  pausing: Promise<void> | undefined
  /** How many are: mostly none, and then nobody has to be asked. */
  static pausing = 0
  #ended: (() => void) | undefined
  #rebind: Rebind | undefined
  #exportIndex: ExportIndex | undefined
  readonly #exports: LocalExports
  #started = false
  /** Its functions are hoisted, and others of its cycle may call them before it runs: then they see what it imports. */
  #answersEarly = false
  /** Importers, of this image or of others, that must be told when an export changes. Weak: an importer is not kept by what it imports. */
  #importers: Set<WeakRef<SourceModule>> | undefined
  #namespace: ModuleNamespace | undefined
  #self: WeakRef<SourceModule> | undefined
  /** What is known of the text; let go once it is compiled. */
  #facts: TextFacts

  constructor(
    file: string,
    url: string,
    text: string,
    source: ModuleSource,
    owner: FileOwner,
    facts: TextFacts = NO_FACTS,
  ) {
    this.file = file
    this.url = url
    this.text = text
    this.source = source
    this.owner = owner
    this.#facts = facts
    this.#exports = new LocalExports()
  }

  get status(): EvaluationStatus {
    return this.#status
  }

  /** The only way to another status. */
  transition(to: EvaluationStatus): void {
    if (!mayFollow(this.#status, to)) throw new TypeError(`${this.file} cannot go from ${this.#status.is} to ${to.is}`)
    this.#status = to
  }

  /** Of the source that there is now: a parser may read it anew. */
  get exportIndex(): ExportIndex {
    if (this.#exportIndex?.source !== this.source) this.#exportIndex = new ExportIndex(this.source)
    return this.#exportIndex
  }

  exportNames(seen?: Set<ModuleRecord>): readonly string[] {
    return exportNamesOf(this, seen)
  }

  resolveExport(name: string, seen?: ResolveSet): Resolution {
    return resolveExportOf(this, name, seen)
  }

  readBinding(bindingName: string): unknown {
    // A namespace import that is exported as a local name is there before the file runs.
    const imported = this.#started ? -1 : this.source.imports.findIndex(entry => entry.localName === bindingName)
    if (imported !== -1 && this.#resolved[imported]) return readResolved(this.#resolved[imported]!)
    if (this.#exports.isReadable) return this.#exports.read(bindingName, this.source)
    throw new ReferenceError(
      `Cannot access '${bindingName === DEFAULT ? 'default' : bindingName}' before initialization`,
    )
  }

  /** What `require` of this file gives, and `require.cache` keeps: its namespace, but for two conventions of Node. */
  makeRequired(): unknown {
    const resolution = this.resolveExport('module.exports')
    if (resolution && resolution !== 'ambiguous') return readResolved(resolution)
    if (!this.exportNames().includes('default') || this.exportNames().includes('__esModule')) return this.namespace
    return this.#makeNamespace({ __esModule: true }).object
  }

  get namespace(): object {
    this.#namespace ??= this.#makeNamespace()
    return this.#namespace.object
  }

  #makeNamespace(more?: Readonly<Record<string, unknown>>): ModuleNamespace {
    const made = makeNamespace(this, module => module instanceof SourceModule && module.owner === this.owner, more)
    if (this.#exports.isReadable) made.fill()
    return made
  }

  /**
   * Finds what every import and re-export leads to, before any code runs.
   *
   * @throws ImageFault `symbol`
   */
  resolveImports(): void {
    const resolve = (request: number, name: string | undefined, offset: number): ResolvedBinding => {
      const module = this.requested[request]!
      if (name === undefined) return { module, bindingName: undefined }
      const resolution = module.resolveExport(name)
      if (resolution && resolution !== 'ambiguous') return resolution
      const { specifier } = this.source.requests[request]!
      throw faultAt(
        { kind: 'symbol', symbol: name, specifier, ambiguous: resolution === 'ambiguous' },
        this.file,
        this.text,
        placeOfImport(this.text, offset, name),
      )
    }
    this.#resolved = this.source.imports.map(entry => resolve(entry.request, entry.importName, entry.offset))
    for (const entry of this.source.indirectExports) resolve(entry.request, entry.importName, entry.offset)
  }

  /** The modules whose bindings this one imports by way of a file of its own cycle, or that wait while others run: they may run after it. */
  importedThrough(cycle: ReadonlySet<SourceModule>): SourceModule[] {
    return this.source.imports.flatMap((entry, index) => {
      const { module, bindingName } = this.#resolved[index]!
      if (!(module instanceof SourceModule) || bindingName === undefined) return []
      return cycle.has(this.requested[entry.request] as SourceModule) || module.source.hasTopLevelAwait ? [module] : []
    })
  }

  /**
   * Compiles the file and opens its scope.
   *
   * @param cycle the files that this one imports and is imported by
   * @param reads how its exports may be read before it has run
   */
  instantiate(cycle: ReadonlySet<SourceModule>, reads: EarlyReads): void {
    if (reads === 'by imports')
      this.source = this.#facts.recall('cyclic', () => parseModule(this.file, this.text, true))
    this.#answersEarly = reads !== 'never' && this.source.localExports.length > 0 && MAY_HOIST.test(this.text)
    const early: ImportEntry[] = []
    for (const [index, entry] of this.source.imports.entries()) {
      const { module, bindingName } = this.#resolved[index]!
      const isLate = this.#answersEarly || cycle.has(this.requested[entry.request] as SourceModule)
      if (bindingName === undefined || !isLate) continue
      if (module instanceof SyntheticModule) module.whenEvaluated(() => this.#rebindPlain())
      else if (module instanceof SourceModule && !module.isComplete) early.push(entry)
    }
    this.#early = early.length > 0 ? new EarlyImports(early) : NO_EARLY_IMPORTS
    this.#open(this.#compile(reads))
    this.#facts = NO_FACTS
    // There may be one for each export, and only the compiler of a text needs them.
    this.source = { ...this.source, edits: NO_EDITS }
    this.#subscribe()
    this.transition({ is: 'linked' })
  }

  #open(body: ModuleBody): void {
    if (body.kind === 'function' || body.kind === 'async function') {
      this.#opened = body
      return
    }
    if (body.kind === 'generator') {
      // Called as no one's method: `this` of a module is undefined.
      const { start } = body
      const scope = start()
      scope.next()
      this.#opened = { kind: body.kind, scope }
      return
    }
    const { start } = body
    const scope = start()
    this.#opened = { kind: body.kind, scope }
    SourceModule.pausing++
    this.pausing = scope.next().then(() => {
      SourceModule.pausing--
      this.pausing = undefined
    })
  }

  #takeOpened(): Opened | undefined {
    const opened = this.#opened
    this.#opened = undefined
    return opened
  }

  #compile(reads: EarlyReads): ModuleBody {
    const { file, url, text, source, owner } = this
    const early = this.#early
    const isOwn = (index: number): boolean => this.#isOwn(this.#resolved[index]!.module)
    const given = { file, url, text, source, early, reads, globals: owner.globals, isOwn, facts: this.#facts }
    const compiled = compileSource(given, this)
    this.source = compiled.source
    this.#early = compiled.early
    return compiled.body
  }

  #isOwn(module: ModuleRecord): boolean {
    if (module instanceof SourceModule) return module.owner === this.owner
    return HAVE_VIEWS.has(module.file) || this.owner.owns(module.file)
  }

  /** Asks to be told of changes by the modules whose exports can change, or are not there yet. */
  #subscribe(): void {
    for (const [index, { module }] of this.#resolved.entries())
      if (
        module instanceof SourceModule &&
        (module.source.mutableExports || this.#early.has(this.source.imports[index]!))
      ) {
        module.#importers ??= new Set()
        module.#importers.add((this.#self ??= new WeakRef(this)))
      }
  }

  get isComplete(): boolean {
    return this.#exports.isComplete
  }

  /** Sees what the others in the cycle have before anything runs: the hoisted functions. */
  readHoisted(): void {
    this.#refresh()
  }

  /** ExecuteModule without a capability: runs the file to its end. */
  execute(): void {
    this.#started = true
    this.#rebind?.(this.#plainValues())
    const opened = this.#takeOpened()
    switch (opened?.kind) {
      case 'function': {
        // Called as no one's method: `this` of a module is undefined.
        const { start } = opened
        this.#checkEnd(start())
        break
      }
      case 'generator':
        this.#checkEnd(opened.scope.next().value)
        break
      case 'cut':
        throw opened.stale()
      default:
        throw new TypeError(`${this.file} cannot be run at once`)
    }
  }

  /** ExecuteModule with a capability: runs the file to its first await, and calls back one turn after its end. */
  executeAsync(fulfilled: () => void, rejected: (error: unknown) => void): void {
    this.#started = true
    const end = (value: unknown): void => {
      try {
        this.#checkEnd(value)
      } catch (error) {
        rejected(error)
      }
    }
    const opened = this.#takeOpened()
    if (opened?.kind === 'async function') {
      const { start } = opened
      void start().then(value => {
        if (value === COMPLETED) fulfilled()
        else end(value)
      }, rejected)
      return
    }
    if (opened?.kind === 'cut') {
      rejected(opened.stale())
      return
    }
    if (opened?.kind !== 'async generator') throw new TypeError(`${this.file} has no top-level await`)
    this.#rebind?.(this.#plainValues())
    // The generator's own promise takes some turns more to tell of its end.
    this.#ended = () => void Promise.resolve().then(fulfilled)
    void opened.scope.next().then(({ value }) => end(value), rejected)
  }

  #checkEnd(value: unknown): void {
    if (value === COMPLETED) return
    // The parser knows what is wrong and where; if it sees nothing, the text made its way out of the function around it.
    parseModule(this.file, this.text)
    throw faultAt({ kind: 'syntax', reason: 'Unexpected end of module' }, this.file, this.text, 0)
  }

  link(rebind: Rebind | undefined, pull: (() => ExportValues) | undefined): void {
    this.#rebind = rebind
    this.#exports.open(pull)
    if (this.#started) rebind?.(this.#plainValues())
  }

  undeclared(name: string): void {
    if (name === '') return
    parseModule(this.file, this.text)
    throw faultAt({ kind: 'syntax', reason: `Export '${name}' is not defined` }, this.file, this.text, 0)
  }

  done(values: ExportValues | readonly unknown[]): typeof COMPLETED {
    this.#exports.complete(values, this.source)
    this.#publish(undefined)
    this.#ended?.()
    this.#ended = undefined
    return COMPLETED
  }

  importer(): unknown {
    const importer = Object.assign(
      (specifier: unknown, options: unknown) => this.owner.dynamicImport(this.file, specifier, options),
      {
        meta: undefined as object | undefined,
        source: (specifier: unknown) => this.owner.importSource(this.file, specifier),
      },
    )
    return Object.defineProperty(importer, 'meta', { get: lazily(() => this.owner.importMeta(this.file)) })
  }

  publisher(): unknown {
    return Object.assign((value?: unknown) => this.#publish(value), {
      constant: () => this.#refuseAssignment(),
      code: (code: unknown, shadowed: string, place: string) => this.#evalCode(code, shadowed, place),
    })
  }

  nest(scope: () => Generator<unknown, void, unknown>): unknown {
    return this.#early.open(scope)
  }

  #plainValues(): unknown[] {
    const values: unknown[] = []
    for (const [index, entry] of this.source.imports.entries())
      if (!this.#early.has(entry)) values.push(readResolved(this.#resolved[index]!))
    return values
  }

  #publish(value: unknown): unknown {
    this.#namespace?.fill()
    if (!this.#importers) return value
    for (const reference of this.#importers) {
      const importer = reference.deref()
      if (importer) importer.#refresh(this)
      else this.#importers.delete(reference)
    }
    return value
  }

  /** Takes over what `exporter` has to say now, or each of them. */
  #refresh(exporter?: SourceModule): void {
    const concerns = ({ module }: ResolvedBinding): boolean => exporter === undefined || module === exporter
    this.#early.refresh(this.source.imports, this.#resolved, concerns)
    this.#rebindPlain()
  }

  #rebindPlain(): void {
    if (this.#started || this.#answersEarly) this.#rebind?.(this.#plainValues())
  }

  /** Requests `to` wherever `from` was requested; the result takes that back. Bindings stay as they were until `resolveAgain`. */
  retarget(from: ModuleRecord, to: ModuleRecord): () => void {
    const before = this.requested
    if (before.includes(from)) this.requested = before.map(record => (record === from ? to : record))
    return () => {
      this.requested = before
    }
  }

  /**
   * Resolves the imports anew, after some request was retargeted; the result binds them.
   *
   * @throws ImageFault `symbol`; the bindings have not changed then
   */
  resolveAgain(): () => void {
    const before = this.#resolved
    this.resolveImports()
    const after = this.#resolved
    this.#resolved = before
    return () => {
      this.#resolved = after
      this.#namespace = undefined
      this.#subscribe()
      this.#refresh()
    }
  }

  /** See `Image.cut`. */
  cut(stale: (name: string) => Error): void {
    const entries = this.source.imports
    if (this.#started)
      this.#rebind?.(
        entries
          .filter(entry => !this.#early.has(entry))
          .map(entry => staleBinding(() => stale(`import ${entry.localName}`))),
      )
    if (this.#opened) this.#opened = { kind: 'cut', stale: () => stale('evaluation') }
    this.#early.cut(stale)
    this.#exports.cut(stale)
    // What it imported from goes on, and must not bring back what was cut.
    this.#rebind = undefined
    this.#early = NO_EARLY_IMPORTS
    this.#resolved = []
    this.requested = []
    this.#importers = undefined
  }

  /** Lets the text go, which only a message about an import could show, if the file has run: then all its imports have been found. */
  dropText(): boolean {
    if (!this.#exports.isComplete) return false
    this.text = ''
    return true
  }

  #evalCode(code: unknown, shadowed: string, place: string): unknown {
    const { imports, localExports } = this.source
    return directEvalCode(code, {
      imported: new Set(imports.map(entry => entry.localName)),
      exported: new Set(localExports.map(entry => entry.localName)),
      shadowed: shadowed.split(' '),
      inFunction: place === 'function',
    })
  }

  #refuseAssignment(): never {
    this.#refresh()
    throw new TypeError('Assignment to constant variable.')
  }
}

const NO_EDITS: ModuleSource['edits'] = []

const MAY_HOIST = /\bfunction\b/
