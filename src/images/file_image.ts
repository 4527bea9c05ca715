import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { attributesOf, checkAttributes } from './attributes.ts'
import type { CommonJsFiles } from './commonjs.ts'
import { importableNames, type NamedTexts } from './commonjs_names.ts'
import { commonJsRecord } from './commonjs_record.ts'
import { forgetDisk } from './disk.ts'
import { evaluate, evaluateAtOnce } from './evaluate.ts'
import { faultAt, type ImageFault } from './fault.ts'
import { formatByName, isOnlyTyped } from './format.ts'
import { type GraphOwner, ModuleGraph } from './graph.ts'
import { hostNamespace } from './host_modules.ts'
import type { Dependency, Image, ImageEnvironment, ImageGlobals, ImageOptions } from './image.ts'
import { ImageRequire, type RequireOwner } from './image_require.ts'
import { importMetaOf } from './import_meta.ts'
import { placeOfImport } from './import_place.ts'
import { LazyFiles } from './lazy_files.ts'
import { LoadMemory, type LoadStores } from './load_memory.ts'
import { mentionsOf, REQUIRE } from './mentions.ts'
import { type ModuleRecord, SyntheticModule } from './module_record.ts'
import type { ModuleSource } from './module_source.ts'
import { viewNodeModule } from './node_module_view.ts'
import type { OwnPackages } from './own_packages.ts'
import { parseModule } from './parse.ts'
import { isInside, type Loader, resolveTarget, type Target, urlOfFile } from './resolve.ts'
import { scanModule } from './scan.ts'
import { SourceModule } from './source_module.ts'
import { SourceTexts } from './source_texts.ts'
import { errorForCode, resolutionError } from './specifier_errors.ts'
import { KnownText, NO_FACTS, type TextFacts } from './text_facts.ts'
import { fileOfSource, sourceTarget } from './wasm.ts'

/**
 * An image that is read from files. Every function of its files holds it, so it is collected when, and only when, nobody can call any of them.
 */
export class FileImage implements Image, RequireOwner, GraphOwner {
  readonly label: string
  readonly entry: string
  readonly globals: ImageGlobals
  readonly dependencies: Dependency[] = []
  #addons: Set<string> | undefined
  readonly #environment: ImageEnvironment
  #stale: ((name: string) => Error) | undefined
  readonly #root: string | undefined
  readonly #own: OwnPackages | undefined
  readonly #texts: SourceTexts
  readonly #graph = new ModuleGraph(this)
  #imageRequire: ImageRequire | undefined
  readonly #lazy: LazyFiles
  #nodeModule: object | undefined
  #namedTexts: NamedTexts | undefined
  /** Where the image's own files were found. They are found there again when the disk has changed. */
  readonly #resolved = new Map<string, Target>()

  readonly #stores: LoadStores | undefined
  /** What is known from earlier loads, while this one lasts. */
  #memory: LoadMemory | undefined

  /** @param stores where loads of whole folders, of single files of TypeScript, and of files with packages of their own, are remembered, if anywhere */
  constructor(options: ImageOptions, stores?: LoadStores) {
    this.label = options.label
    this.entry = options.entry
    this.#root = options.root
    this.#own = options.environment.ownPackages
    this.#environment = options.environment
    this.globals = options.environment.globals
    // What was remembered on disk was not signed.
    this.#stores = options.environment.verify ? undefined : stores
    const folder = options.root ?? dirname(options.entry)
    this.#texts = new SourceTexts(options.label, () => this.#memory, options.environment.verify, folder)
    this.#lazy = new LazyFiles(this.#texts, (specifier, from, loader) => this.resolve(specifier, from, loader))
  }

  /** Made for the first file that needs it: most images have no CommonJS. */
  get #commonJs(): CommonJsFiles {
    this.#imageRequire ??= new ImageRequire(this, this.#texts, this.#graph)
    return this.#imageRequire.files
  }

  get bytes(): number {
    return this.#texts.bytes
  }

  get files(): readonly string[] {
    return this.#texts.files
  }

  get entryRecord(): ModuleRecord {
    return this.#graph.get(this.entry)!
  }

  get #isRemembered(): boolean {
    const mayHavePackages = this.#root !== undefined || this.#own !== undefined
    return this.#stores !== undefined && (mayHavePackages || isOnlyTyped(this.entry))
  }

  async read(): Promise<void> {
    forgetDisk()
    if (this.#isRemembered) this.#memory = new LoadMemory(this.#stores!, this.entry)
    await this.#graph.read(this.entry)
    for (const { module, targets } of this.#graph.unlinked(this.entry))
      for (const [request, target] of targets.entries())
        if (target.owner === 'module') this.#addDependency(module, request, target.file)
  }

  #addDependency(module: SourceModule, request: number, file: string): void {
    const { specifier, offset } = module.source.requests[request]!
    const symbols = [...module.source.imports, ...module.source.indirectExports].flatMap(entry =>
      entry.request === request && entry.importName !== undefined ? [entry.importName] : [],
    )
    this.dependencies.push({ file, specifier, importer: module.file, symbols, offset })
  }

  faultOf(dependency: Dependency, symbol: string): ImageFault {
    const { importer, specifier, offset } = dependency
    const text = this.#texts.read(importer)
    const place = placeOfImport(text, offset, symbol)
    return faultAt({ kind: 'symbol', symbol, specifier, ambiguous: false }, importer, text, place)
  }

  link(modules: ReadonlyMap<string, ModuleRecord>): void {
    this.#graph.link(this.entry, modules)
  }

  evaluate(): Promise<void> | undefined {
    const evaluated = evaluateAtOnce(this.entryRecord)
    const end = (): void => this.#endLoad()
    if (!this.#memory) return evaluated
    if (evaluated) void evaluated.then(end, end)
    else end()
    return evaluated
  }

  #endLoad(): void {
    this.#memory?.close(this, this.#texts.known)
    this.#memory = undefined
  }

  sourceModules(): Iterable<SourceModule> {
    return this.#graph.sourceModules()
  }

  dropTexts(): void {
    // What is remembered for the next load is held by its image.
    if (this.#isRemembered) return
    for (const module of this.sourceModules()) if (module.dropText()) this.#texts.drop(module.file)
  }

  cut(stale: (name: string) => Error): void {
    for (const module of this.sourceModules()) module.cut(stale)
    this.#stale = stale
    this.#graph.clear()
    this.#texts.clear()
    this.#stores?.recent.forget(this)
    this.#imageRequire?.files.clear()
  }

  textOf(file: string): string | undefined {
    return this.#texts.has(file) ? this.#texts.read(file) : undefined
  }

  readText(file: string): string {
    return this.#texts.read(file)
  }

  facts(file: string): TextFacts {
    return this.#texts.facts(file)
  }

  importMeta(file: string): object {
    const find = (specifier: string) => this.resolveNow(specifier, file, 'import')
    if (formatByName(file) !== 'wasm') return importMetaOf(file, find)
    const fileOf = (specifier: string) => {
      const target = find(specifier)
      return target?.owner === 'image' ? target.file : undefined
    }
    return {
      instantiate: (namespaces: [string, object][]) => this.#texts.wasm.instantiate(file, namespaces, fileOf),
    }
  }

  async dynamicImport(referrer: string, specifier: unknown, options: unknown): Promise<object> {
    // A symbol is no specifier: this throws, as String(specifier) would not.
    const name = `${specifier as string}`
    const attributes = attributesOf(options)
    const target = this.resolveNow(name, referrer, 'import')
    if (!target) throw resolutionError(name, referrer)
    checkAttributes(target, attributes, (reason, code) => Object.assign(new TypeError(reason), { code }))
    switch (target.owner) {
      case 'host':
      case 'url':
        return hostNamespace(target, attributes)
      case 'module':
        return (await this.#environment.requestModule(target.file, name)).namespace
      case 'builtin':
        return this.builtin(target.name).namespace
      case 'image':
        // Awaited here, so that the stack of what the file throws goes on to the code that imports it.
        return await this.#importFile(target.file)
    }
  }

  async importSource(referrer: string, specifier: unknown): Promise<object> {
    const name = `${specifier as string}`
    const target = this.resolveNow(name, referrer, 'import')
    if (!target) throw resolutionError(name, referrer)
    const { file } = sourceTarget(target, reason =>
      Object.assign(new SyntaxError(reason), { code: 'ERR_SOURCE_PHASE_NOT_DEFINED' }),
    )
    return this.readFile(file).readBinding('default') as object
  }

  async #importFile(file: string): Promise<object> {
    try {
      await this.#graph.read(file)
    } catch (error) {
      throw errorForCode(error)
    }
    const modules = new Map<string, ModuleRecord>()
    for (const { targets } of this.#graph.unlinked(file))
      for (const target of targets)
        if (target.owner === 'module' && !modules.has(target.file))
          modules.set(target.file, await this.#environment.requestModule(target.file, target.file))
    this.#graph.link(file, modules)
    const record = this.#graph.get(file)!
    await evaluate(record)
    return record.namespace
  }

  /** @throws what Node has to say of a file that is no addon */
  loadAddon(file: string): unknown {
    this.#environment.verify?.(file, readFileSync(file))
    this.#addons ??= new Set()
    if (!this.#addons.has(file)) this.#environment.usesAddon?.(file)
    this.#addons.add(file)
    return createRequire(file)(file)
  }

  /** While code runs, what was not there a moment ago may be there now. */
  resolveNow(specifier: string, from: string, loader: Loader): Target | undefined {
    const target = this.resolve(specifier, from, loader)
    if (target) return target
    forgetDisk()
    return this.resolve(specifier, from, loader)
  }

  resolve(specifier: string, from: string, loader: Loader): Target | undefined {
    if (this.#stale) throw this.#stale(`${loader} of '${specifier}'`)
    const key = `${loader} ${from} ${specifier}`
    const known = this.#resolved.get(key)
    if (known) return known
    const target = resolveTarget(specifier, from, loader, {
      root: this.#root,
      provided: name => this.#environment.provided?.(name),
      isModule: file => this.#environment.isModule(file),
      recall: this.#memory?.answer,
      own: this.#own,
    })
    if (target?.owner === 'image') this.#resolved.set(key, target)
    return target
  }

  readFile(file: string): ModuleRecord {
    const ofSource = fileOfSource(file)
    if (ofSource !== undefined) {
      this.#texts.read(ofSource)
      return new SyntheticModule(file, ['default'], () => this.#texts.wasm.moduleOf(ofSource))
    }
    const named = formatByName(file)
    if (named === 'addon') return commonJsRecord(file, [], () => this.loadAddon(file))
    const text = this.#texts.read(file)
    switch (this.#texts.format(file)) {
      case 'json': {
        // One object for `import` and `require`.
        const value = this.#commonJs.load(file, undefined)
        return new SyntheticModule(
          file,
          ['default'],
          () => value,
          () => {},
        )
      }
      case 'commonjs':
        this.#lazy.keepLate(file)
        return commonJsRecord(file, importableNames(file, text, this.#named), () =>
          this.#commonJs.load(file, undefined),
        )
      default: {
        const facts = this.#texts.facts(file)
        const { asked, mark } = mentionsOf(this.globals)
        const source = facts.recall(`source ${mark}`, () => scanModule(text, asked) ?? parseModule(file, text))
        if (mayLoadMore(source)) this.#lazy.keepLate(file)
        return new SourceModule(file, urlOfFile(file), text, source, this, facts)
      }
    }
  }

  /** Of files of the host too, which own files may export again. */
  get #named(): NamedTexts {
    this.#namedTexts ??= {
      resolve: (specifier, from) => this.resolve(specifier, from, 'require'),
      read: target => (target.owner === 'image' ? this.#texts.read(target.file) : readFileSync(target.file, 'utf8')),
      facts: (file, text) =>
        this.#texts.has(file) ? this.#texts.facts(file) : (this.#memory?.facts(new KnownText(text)) ?? NO_FACTS),
    }
    return this.#namedTexts
  }

  builtin(name: string): ModuleRecord {
    const view = this.builtinView(name) as Record<string, unknown>
    // A view may inherit most of what it shows, so the names are those of the builtin itself.
    const names = new Set(['default', ...Object.keys(nativeRequire(name) as object)])
    const key = name.startsWith('node:') ? name : `node:${name}`
    const known = this.#graph.get(key)
    return (
      known ?? new SyntheticModule(key, [...names], exportName => (exportName === 'default' ? view : view[exportName]))
    )
  }

  /** A part of Node as the image sees it. */
  builtinView(name: string): unknown {
    if (!/^(?:node:)?module$/.test(name)) return this.#environment.builtin(name)
    this.#nodeModule ??= viewNodeModule(this.#environment.builtin(name) as object, this.#commonJs, file =>
      this.owns(file) ? this.#commonJs.requireOf(file) : undefined,
    )
    return this.#nodeModule
  }

  owns(file: string): boolean {
    return this.#root === undefined ? this.#texts.has(file) || this.holds(file) : this.holds(file)
  }

  holds(file: string): boolean {
    return (this.#root !== undefined && isInside(file, this.#root)) || this.#own?.has(file) === true
  }
}

/** While it runs. */
const mayLoadMore = ({ unchecked }: ModuleSource): boolean =>
  unchecked === undefined || unchecked.mayImport || unchecked.names.includes(REQUIRE)

const nativeRequire = createRequire(import.meta.url)
