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
import { type EvaluationStatus, mayFollow, type Promised } from './evaluation_status.ts'
import { ExportIndex } from './export_index.ts'
import { faultAt } from './fault.ts'
import { type FileOwner, importFunction } from './file_owner.ts'
import { lazily } from './lazy.ts'
import { LocalExports } from './local_exports.ts'
import { ModuleImports } from './module_imports.ts'
import {
  type Dependent,
  type ModuleRecord,
  makeNamespace,
  type Resolution,
  type ResolveSet,
  readResolved,
} from './module_record.ts'
import { DEFAULT, type ModuleSource } from './module_source.ts'
import type { ModuleNamespace } from './namespace.ts'
import { type OpenedFile, openFile, runToEnd, runToFirstAwait } from './opened_file.ts'
import { parseModule } from './parse.ts'
import { exportNamesOf, resolveExportOf } from './resolve_export.ts'
import { NO_FACTS, type TextFacts } from './text_facts.ts'

/** Emitters of Node that look after the image's listeners by themselves. */
const HAVE_VIEWS: ReadonlySet<string> = new Set(['node:process', 'node:cluster'])

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

  readonly imports: ModuleImports
  readonly #exports = new LocalExports()
  #exportIndex: ExportIndex | undefined
  #namespace: ModuleNamespace | undefined
  /** Importers, of this image or of others, that must be told when an export changes. */
  #importers: Set<WeakRef<Dependent>> | undefined
  /** Undefined before the file is instantiated, and from the moment on at which it runs. */
  #opened: OpenedFile | undefined
  #ended: (() => void) | undefined
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
    this.imports = new ModuleImports(this)
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
    const imported = this.imports.beforeBegin(bindingName)
    if (imported) return readResolved(imported)
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
   * Compiles the file and opens its scope.
   *
   * @param cycle the files that this one imports and is imported by
   * @param reads how its exports may be read before it has run
   */
  instantiate(cycle: ReadonlySet<SourceModule>, reads: EarlyReads): void {
    if (reads === 'by imports')
      this.source = this.#facts.recall('cyclic', () => parseModule(this.file, this.text, true))
    const isSeenBefore = reads !== 'never' && this.source.localExports.length > 0 && MAY_HOIST.test(this.text)
    this.imports.expectEarlyReads(cycle, isSeenBefore)
    this.#opened = openFile(this.#compile(reads))
    this.#facts = NO_FACTS
    // There may be one for each export, and only the compiler of a text needs them.
    this.source = { ...this.source, edits: NO_EDITS }
    this.imports.subscribe()
    this.transition({ is: 'linked' })
  }

  #compile(reads: EarlyReads): ModuleBody {
    const { file, url, text, source, owner, imports } = this
    const isOwn = (index: number): boolean => this.#isOwn(imports.leadsTo(index).module)
    const given = {
      file,
      url,
      text,
      source,
      early: imports.early,
      reads,
      globals: owner.globals,
      isOwn,
      facts: this.#facts,
    }
    const compiled = compileSource(given, this)
    this.source = compiled.source
    imports.early = compiled.early
    return compiled.body
  }

  #isOwn(module: ModuleRecord): boolean {
    if (module instanceof SourceModule) return module.owner === this.owner
    return HAVE_VIEWS.has(module.file) || this.owner.owns(module.file)
  }

  whenChanged(importer: Dependent, isEarly: boolean): void {
    if (!isEarly && !this.source.mutableExports) return
    this.#importers ??= new Set()
    this.#importers.add(importer.reference)
  }

  get hasDeadZone(): boolean {
    return !this.#exports.isComplete
  }

  /** Settles when the file may be run, as long as its body is on the way to its pause. */
  get pausing(): Promise<void> | undefined {
    return this.#opened?.kind === 'async generator' ? this.#opened.pausing : undefined
  }

  #begin(): OpenedFile | undefined {
    this.imports.begin()
    const opened = this.#opened
    this.#opened = undefined
    return opened
  }

  /** ExecuteModule without a capability: runs the file to its end. */
  execute(): void {
    this.#checkEnd(runToEnd(this.#begin()))
  }

  /** ExecuteModule with a capability: runs the file to its first await, and calls back one turn after its end. */
  executeAsync(fulfilled: () => void, rejected: (error: unknown) => void): void {
    const opened = this.#begin()
    // Its own promise takes some turns more to tell of its end.
    const tellsItself = opened?.kind === 'async generator'
    if (tellsItself) this.#ended = () => void Promise.resolve().then(fulfilled)
    const returned = (value: unknown): void => {
      try {
        this.#checkEnd(value)
      } catch (error) {
        rejected(error)
        return
      }
      if (!tellsItself) fulfilled()
    }
    runToFirstAwait(opened, returned, rejected)
  }

  #checkEnd(value: unknown): void {
    if (value === COMPLETED) return
    // The parser knows what is wrong and where; if it sees nothing, the text made its way out of the function around it.
    parseModule(this.file, this.text)
    throw faultAt({ kind: 'syntax', reason: 'Unexpected end of module' }, this.file, this.text, 0)
  }

  link(rebind: Rebind | undefined, pull: (() => ExportValues) | undefined): void {
    this.#exports.open(pull)
    this.imports.open(rebind)
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
    const importer = importFunction(this.owner, this.file)
    return Object.defineProperty(importer, 'meta', { get: lazily(() => this.owner.importMeta(this.file)) })
  }

  publisher(): unknown {
    return Object.assign((value?: unknown) => this.#publish(value), {
      constant: () => this.#refuseAssignment(),
      code: (code: unknown, shadowed: string, place: string) => this.#evalCode(code, shadowed, place),
    })
  }

  nest(scope: () => Generator<unknown, void, unknown>): unknown {
    return this.imports.early.open(scope)
  }

  #publish(value: unknown): unknown {
    this.#namespace?.fill()
    if (!this.#importers) return value
    for (const reference of this.#importers) {
      const importer = reference.deref()
      if (importer) importer.refresh(this)
      else this.#importers.delete(reference)
    }
    return value
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
    const bind = this.imports.resolveAgain()
    return () => {
      this.#namespace = undefined
      bind()
    }
  }

  /** See `Image.cut`. */
  cut(stale: (name: string) => Error): void {
    if (this.#opened) this.#opened = { kind: 'cut', stale: () => stale('evaluation') }
    this.imports.cut(stale)
    this.#exports.cut(stale)
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
    this.imports.refreshAll()
    throw new TypeError('Assignment to constant variable.')
  }
}

const NO_EDITS: ModuleSource['edits'] = []

const MAY_HOIST = /\bfunction\b/
