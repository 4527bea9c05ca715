import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  CommonJsFiles,
  type CommonJsModule,
  type CommonJsOwner,
  commonJsExports,
  literalRequires,
  parseJson,
  urlOf,
} from './commonjs.ts'
import { findCycles } from './cycles.ts'
import { evaluate } from './evaluate.ts'
import { faultAt, type ImageFault } from './fault.ts'
import { formatByName, formatOf } from './format.ts'
import type { Dependency, Image, ImageEnvironment, ImageOptions } from './image.ts'
import { type ModuleRecord, SyntheticModule } from './module_record.ts'
import type { ModuleSource } from './module_source.ts'
import { parseModule } from './parse.ts'
import { forgetDisk, type Loader, resolveTarget, type Target } from './resolve.ts'
import { prepareLexer, scanModule } from './scan.ts'
import { SourceModule } from './source_module.ts'
import { SourceTexts } from './source_texts.ts'

/**
 * An image that is read from files. Every function of its files holds it, so it is collected when, and only when, nobody can call any of them.
 */
export class FileImage implements Image, CommonJsOwner {
  readonly label: string
  readonly entry: string
  readonly globals: Readonly<Record<string, unknown>>
  readonly dependencies: Dependency[] = []
  /** Native addons that its files loaded. They belong to the process and stay when the image goes. */
  readonly addons: string[] = []
  readonly #environment: ImageEnvironment
  #stale: ((name: string) => Error) | undefined
  readonly #root: string | undefined
  readonly #records = new Map<string, ModuleRecord>()
  readonly #texts: SourceTexts
  readonly #commonJs: CommonJsFiles
  readonly #targets = new Map<SourceModule, readonly Target[]>()

  constructor(options: ImageOptions) {
    this.label = options.label
    this.entry = options.entry
    this.#root = options.root
    this.#environment = options.environment
    this.globals = options.environment.globals
    this.#texts = new SourceTexts(options.label)
    this.#commonJs = new CommonJsFiles(this, options.entry)
  }

  get bytes(): number {
    return this.#texts.bytes
  }

  get files(): readonly string[] {
    return this.#texts.files
  }

  get entryRecord(): ModuleRecord {
    return this.#records.get(this.entry)!
  }

  async read(): Promise<void> {
    await prepareLexer()
    forgetDisk()
    await this.#readGraph(this.entry)
    for (const [module, targets] of this.#targets)
      for (const [index, target] of targets.entries())
        if (target.owner === 'module') this.#addDependency(module, index, target.file)
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
    return faultAt(
      { kind: 'symbol', symbol, specifier, ambiguous: false },
      importer,
      this.#texts.read(importer),
      offset,
    )
  }

  link(modules: ReadonlyMap<string, ModuleRecord>): void {
    const fresh = [...this.#targets.keys()]
    for (const module of fresh)
      module.requested = this.#targets
        .get(module)!
        .map(target => (target.owner === 'module' ? modules.get(target.file)! : this.#records.get(keyOf(target))!))
    this.#targets.clear()
    for (const module of fresh) module.resolveImports()
    const cycles = findCycles(fresh)
    for (const module of fresh) module.instantiate(cycles.get(module) ?? NO_CYCLE)
    for (const module of cycles.keys()) module.publishHoisted()
  }

  async evaluate(): Promise<void> {
    const record = this.entryRecord
    if (record instanceof SourceModule) await evaluate(record)
    else if (record instanceof SyntheticModule) record.evaluateOnce()
  }

  *sourceModules(): Generator<SourceModule> {
    for (const record of this.#records.values()) if (record instanceof SourceModule) yield record
  }

  cut(stale: (name: string) => Error): void {
    for (const module of this.sourceModules()) module.cut(stale)
    this.#stale = stale
    this.#records.clear()
    this.#targets.clear()
    this.#texts.clear()
    this.#commonJs.clear()
  }

  readText(file: string): string {
    return this.#texts.read(file)
  }

  importMeta(file: string): object {
    const url = urlOf(file)
    return Object.assign(Object.create(null) as object, {
      dirname: dirname(file),
      filename: file,
      resolve: (specifier: string) => {
        const target = this.#resolve(specifier, file, 'import')
        if (target?.owner === 'builtin') return target.name.startsWith('node:') ? target.name : `node:${target.name}`
        if (target) return target.owner === 'url' ? target.url : urlOf(target.file)
        throw notFound(specifier, file, 'ERR_MODULE_NOT_FOUND')
      },
      url,
    })
  }

  async dynamicImport(referrer: string, specifier: unknown, options: unknown): Promise<object> {
    const name = String(specifier)
    const attributes = (options as { with?: Record<string, string> } | undefined)?.with ?? {}
    const target = this.#resolve(name, referrer, 'import')
    if (!target) throw notFound(name, referrer, 'ERR_MODULE_NOT_FOUND')
    if (target.owner === 'host' || target.owner === 'url') return hostNamespace(target)
    if (target.owner === 'module') return (await this.#environment.requestModule(target.file, name)).namespace
    if (target.owner === 'builtin') return this.#builtin(target.name).namespace
    checkAttributes(target.file, attributes)
    await this.#readGraph(target.file)
    const modules = new Map<string, ModuleRecord>()
    for (const targets of this.#targets.values())
      for (const found of targets)
        if (found.owner === 'module')
          modules.set(found.file, await this.#environment.requestModule(found.file, found.file))
    this.link(modules)
    const record = this.#records.get(target.file)!
    if (record instanceof SourceModule) await evaluate(record)
    else if (record instanceof SyntheticModule) record.evaluateOnce()
    return record.namespace
  }

  resolveRequire(specifier: string, from: string): string {
    const target = this.#resolve(specifier, from, 'require')
    if (!target || target.owner === 'url') throw notFound(specifier, from, 'MODULE_NOT_FOUND')
    return target.owner === 'builtin' ? target.name : target.file
  }

  require(specifier: string, from: CommonJsModule): unknown {
    const target = this.#resolve(specifier, from.filename, 'require')
    if (!target || target.owner === 'url') throw notFound(specifier, from.filename, 'MODULE_NOT_FOUND')
    switch (target.owner) {
      case 'builtin':
        return this.#environment.builtin(target.name)
      case 'host':
        return createRequire(from.filename)(target.file)
      case 'module':
        throw Object.assign(new Error(`Cannot require('${specifier}'): it is a module of its own; import() it`), {
          code: 'ERR_REQUIRE_MODULE',
        })
      case 'image':
        return this.#requireFile(target.file, from)
    }
  }

  #requireFile(file: string, from: CommonJsModule): unknown {
    const named = formatByName(file)
    if (named === 'addon') return this.#loadAddon(file)
    if (named === 'json' || formatOf(file, this.#texts.read(file)) === 'commonjs')
      return this.#commonJs.load(file, from)
    const packages = this.#walk(file)
    if (packages.length > 0) throw asyncModule(file, 'imports packages of the host')
    this.link(new Map())
    const record = this.#records.get(file) as SourceModule
    const evaluation = evaluate(record)
    evaluation.catch(() => {})
    if (record.status.is === 'failed') throw record.status.error
    if (record.status.is === 'evaluating-async') throw asyncModule(file, 'has top-level await')
    return record.namespace
  }

  #loadAddon(file: string): unknown {
    if (!this.addons.includes(file)) this.addons.push(file)
    return createRequire(file)(file)
  }

  #resolve(specifier: string, from: string, loader: Loader): Target | undefined {
    if (this.#stale) throw this.#stale(`${loader} of '${specifier}'`)
    return resolveTarget(specifier, from, loader, {
      root: this.#root,
      isModule: file => this.#environment.isModule(file),
    })
  }

  async #readGraph(file: string): Promise<void> {
    for (const target of this.#walk(file))
      if (!this.#records.has(keyOf(target))) {
        const namespace = (await hostNamespace(target)) as Record<string, unknown>
        const record = new SyntheticModule(keyOf(target), Object.keys(namespace), name => namespace[name])
        Object.defineProperty(record, 'namespace', { value: namespace })
        this.#records.set(keyOf(target), record)
      }
  }

  /** Reads files from `first` on; returns the packages of the host that they want. */
  #walk(first: string): (Target & { owner: 'host' | 'url' })[] {
    const packages: (Target & { owner: 'host' | 'url' })[] = []
    const pending = [first]
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      if (this.#records.has(file)) continue
      const record = this.#readFile(file)
      this.#records.set(file, record)
      if (!(record instanceof SourceModule)) continue
      const targets = record.source.requests.map(({ specifier, attributes, offset }) => {
        const target = this.#resolve(specifier, file, 'import')
        if (!target) throw faultAt({ kind: 'unresolved', specifier }, file, record.text, offset)
        if (target.owner === 'image') checkAttributes(target.file, attributes, { file, text: record.text, offset })
        return target
      })
      this.#targets.set(record, targets)
      for (const target of targets) {
        if (target.owner === 'image') pending.push(target.file)
        else if (target.owner === 'builtin') this.#builtin(target.name)
        else if (target.owner !== 'module') packages.push(target)
      }
    }
    return packages
  }

  #readFile(file: string): ModuleRecord {
    const named = formatByName(file)
    if (named === 'addon') return new SyntheticModule(file, ['default'], () => this.#loadAddon(file))
    const text = this.#texts.read(file)
    switch (named ?? formatOf(file, text)) {
      case 'json': {
        const value = parseJson(file, text)
        return new SyntheticModule(file, ['default'], () => value)
      }
      case 'commonjs':
        return this.#commonJsRecord(file, text)
      default: {
        const source: ModuleSource = scanModule(text) ?? parseModule(file, text)
        for (const specifier of source.dynamicRequests) this.#remember(specifier, file, 'import')
        return new SourceModule(file, urlOf(file), text, source, this)
      }
    }
  }

  /** Keeps the text of a file that may be loaded lazily: it must be this image's version, also when the disk has changed by then. */
  #remember(specifier: string, from: string, loader: Loader): void {
    const target = this.#resolve(specifier, from, loader)
    if (target?.owner !== 'image' || formatByName(target.file) === 'addon' || this.#texts.has(target.file)) return
    let text: string
    try {
      text = this.#texts.read(target.file)
    } catch {
      return
    }
    if (formatByName(target.file) === 'json') return
    if (formatOf(target.file, text) === 'commonjs') {
      for (const required of literalRequires(text)) this.#remember(required, target.file, 'require')
      return
    }
    const source = scanModule(text)
    for (const request of source?.requests ?? []) this.#remember(request.specifier, target.file, 'import')
    for (const request of source?.dynamicRequests ?? []) this.#remember(request, target.file, 'import')
  }

  #commonJsRecord(file: string, text: string): SyntheticModule {
    for (const specifier of literalRequires(text)) this.#remember(specifier, file, 'require')
    const names = new Set(['default', 'module.exports'])
    this.#collectNames(file, text, names, new Set())
    const exports = (): unknown => this.#commonJs.load(file, undefined)
    return new SyntheticModule(
      file,
      [...names],
      name =>
        name === 'default' || name === 'module.exports'
          ? exports()
          : (exports() as Record<string, unknown> | undefined)?.[name],
      () => void exports(),
    )
  }

  #collectNames(file: string, text: string, names: Set<string>, seen: Set<string>): void {
    if (seen.has(file)) return
    seen.add(file)
    const found = commonJsExports(text)
    for (const name of found.names) names.add(name)
    for (const specifier of found.reexports) {
      const target = this.#resolve(specifier, file, 'require')
      if (target?.owner === 'image' && formatByName(target.file) !== 'addon')
        this.#collectNames(target.file, this.#texts.read(target.file), names, seen)
    }
  }

  #builtin(name: string): SyntheticModule {
    const key = keyOf({ owner: 'builtin', name })
    const known = this.#records.get(key)
    if (known instanceof SyntheticModule) return known
    const view = this.#environment.builtin(name) as Record<string, unknown>
    // A view may inherit most of what it shows, so the names are those of the builtin itself.
    const names = new Set(['default', ...Object.keys(nativeRequire(name) as object)])
    const record = new SyntheticModule(key, [...names], exportName =>
      exportName === 'default' ? view : view[exportName],
    )
    this.#records.set(key, record)
    return record
  }
}

const nativeRequire = createRequire(import.meta.url)

const NO_CYCLE: ReadonlySet<SourceModule> = new Set()

const keyOf = (target: Target): string => {
  if (target.owner === 'builtin') return `node:${target.name.replace(/^node:/, '')}`
  return target.owner === 'url' ? target.url : target.file
}

const hostNamespace = (target: Target & { owner: 'host' | 'url' }): Promise<object> =>
  import(target.owner === 'url' ? target.url : urlOf(target.file)) as Promise<object>

/** Node asks for `with { type: 'json' }` on JSON and refuses it elsewhere. */
function checkAttributes(
  file: string,
  attributes: Readonly<Record<string, string>>,
  at?: { file: string; text: string; offset: number },
): void {
  const wanted = formatByName(file) === 'json' ? 'json' : undefined
  if (attributes.type === wanted && Object.keys(attributes).every(key => key === 'type')) return
  const reason =
    wanted !== undefined && attributes.type === undefined
      ? `Module "${file}" needs an import attribute of "type: json"`
      : `Module "${file}" does not support the import attributes ${JSON.stringify(attributes)}`
  if (at) throw faultAt({ kind: 'syntax', reason }, at.file, at.text, at.offset)
  throw Object.assign(new TypeError(reason), { code: 'ERR_IMPORT_ATTRIBUTE_MISSING' })
}

const notFound = (specifier: string, from: string, code: string): Error =>
  Object.assign(
    new Error(
      `Cannot find module '${specifier}' imported from ${from.startsWith('file:') ? fileURLToPath(from) : from}`,
    ),
    { code },
  )

const asyncModule = (file: string, reason: string): Error =>
  Object.assign(new Error(`Cannot require('${file}'): it ${reason}; import() it`), { code: 'ERR_REQUIRE_ASYNC_MODULE' })
