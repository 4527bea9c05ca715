import nodeModule, { createRequire } from 'node:module'
import { dirname, extname } from 'node:path'
import { dynamicImportEdits } from './commonjs_text.ts'
import { type CommonJsBody, compileCommonJs } from './compile.ts'
import { faultAt, syntaxReason } from './fault.ts'
import { type FileOwner, importFunction } from './file_owner.ts'
import { parseJson } from './json.ts'
import { mayAdd } from './listener_calls.ts'
import { parseProgram } from './parse.ts'
import { addsListeners } from './shared_emitters.ts'
import { NO_FACTS, type TextFacts } from './text_facts.ts'

const NO_IMPORTS: ReadonlySet<string> = new Set()
const NODES_EXTENSIONS = ['.js', '.json', '.node']

/** What a CommonJS file sees as `module`. */
export interface CommonJsModule {
  id: string
  path: string
  filename: string
  exports: unknown
  loaded: boolean
  parent: CommonJsModule | undefined
  children: CommonJsModule[]
  paths: string[]
  require: Require
  /** Runs a text as this module. */
  _compile(text: string, file: string): unknown
}

export interface Require {
  (specifier: string): unknown
  cache: Record<string, CommonJsModule>
  resolve: { (specifier: string, options?: { paths?: readonly string[] }): string; paths(specifier: string): unknown }
  extensions: Record<string, Load>
  main: undefined
}

type Load = (module: CommonJsModule, file: string) => void

/** What CommonJS needs of its image. */
export interface CommonJsOwner extends FileOwner {
  readText(file: string): string
  /** The text of a file that was read before. */
  textOf(file: string): string | undefined
  facts(file: string): TextFacts
}

/** Where `require` leads. */
export interface Requires {
  require(specifier: string, from: CommonJsModule): unknown
  /** Of what is no part of Node, its path. */
  resolve(specifier: string, from: CommonJsModule): string
}

/** Node's own class, so that `module instanceof require('module')`, and two of its functions, which are as old as Node. */
const NodeModule = nodeModule as unknown as { prototype: object; _nodeModulePaths(folder: string): string[] }

/** The CommonJS files of one image, with a cache of their own: `require.cache` shows this image's files and no others. */
export class CommonJsFiles {
  readonly cache: Record<string, CommonJsModule> = Object.create(null) as Record<string, CommonJsModule>
  readonly #owner: CommonJsOwner
  readonly #requires: Requires
  /** How files are loaded, by their extension. Code may change it, for the files of this image. */
  readonly extensions: Record<string, Load>
  readonly #load: Load = (module, file) => {
    if (file.endsWith('.json')) module.exports = readJson(file, this.#owner.readText(file))
    else if (file.endsWith('.node')) module.exports = createRequire(file)(file)
    else module._compile(this.#owner.readText(file), file)
  }

  constructor(owner: CommonJsOwner, requires: Requires) {
    this.#owner = owner
    this.#requires = requires
    this.extensions = Object.assign(
      Object.create(null) as Record<string, Load>,
      Object.fromEntries(NODES_EXTENSIONS.map(extension => [extension, this.#load])),
    )
  }

  clear(): void {
    for (const file of Object.keys(this.cache)) delete this.cache[file]
  }

  /** What code has put into `require.extensions` for files of this kind. */
  hookOf(file: string): Load | undefined {
    const hook = this.extensions[extname(file)]
    return hook === this.#load || typeof hook !== 'function' ? undefined : hook
  }

  /** Runs the file once. One that throws is forgotten, so that it can be required again, as in Node. */
  load(file: string, parent: CommonJsModule | undefined): unknown {
    const known = this.cache[file]
    if (known) {
      adopt(parent, known)
      return known.exports
    }
    const module = this.#create(file, parent)
    adopt(parent, module)
    this.cache[file] = module
    try {
      const load = this.hookOf(file) ?? this.#load
      load(module, file)
      module.loaded = true
      return module.exports
    } catch (error) {
      delete this.cache[file]
      const place = parent ? parent.children.indexOf(module) : -1
      if (place !== -1) parent!.children.splice(place, 1)
      throw error
    }
  }

  /** Is the file on its way, and has not run to its end? */
  runs(file: string): boolean {
    return this.cache[file]?.loaded === false
  }

  /** Shows an ES module that was required in the cache, as Node does; it is evaluated once whatever becomes of the entry. */
  list(file: string, exports: unknown, parent: CommonJsModule | undefined): unknown {
    const module = this.#create(file, parent)
    adopt(parent, module)
    Object.assign(module, { exports, loaded: true })
    this.cache[file] = module
    return exports
  }

  /** Of which kinds code has said how they are loaded, besides those of Node: they need not be written. */
  get ownExtensions(): readonly string[] {
    return Object.keys(this.extensions).filter(extension => !NODES_EXTENSIONS.includes(extension))
  }

  /** A `require` as a file of this name would have it: what `createRequire` gives. */
  requireOf(file: string): Require {
    return this.#create(file, undefined).require
  }

  #create(file: string, parent: CommonJsModule | undefined): CommonJsModule {
    const folder = dirname(file)
    const hidden = <T>(value: T) => ({ value, writable: true, configurable: true })
    const module = Object.create(NodeModule.prototype, {
      parent: hidden(parent),
      require: hidden(this.#requireFor(file, () => module)),
      _compile: hidden((text: string, name: string) =>
        this.#compile(name, text).call(module.exports, module.exports, module.require, module, name, dirname(name)),
      ),
    }) as CommonJsModule
    return Object.assign(module, {
      id: file,
      path: folder,
      exports: {},
      filename: file,
      loaded: false,
      children: [],
      paths: NodeModule._nodeModulePaths(folder),
    })
  }

  #requireFor(file: string, module: () => CommonJsModule): Require {
    const require = (specifier: string): unknown => {
      // Node says best what is wrong.
      if (typeof specifier !== 'string' || specifier === '') return createRequire(file)(specifier)
      return this.#requires.require(specifier, module())
    }
    const resolve = (specifier: string, options?: { paths?: readonly string[] }): string => {
      return options?.paths || typeof specifier !== 'string' || specifier === ''
        ? createRequire(file).resolve(specifier, options as { paths?: string[] })
        : this.#requires.resolve(specifier, module())
    }
    return Object.assign(require, {
      resolve: Object.assign(resolve, { paths: (specifier: string) => createRequire(file).resolve.paths(specifier) }),
      main: undefined,
      extensions: this.extensions,
      cache: this.cache,
    })
  }

  #compile(file: string, text: string): CommonJsBody {
    // What is remembered of a file holds for its own text, not for one that is given to `_compile`.
    const facts = text === this.#owner.textOf(file) ? this.#owner.facts(file) : NO_FACTS
    const findImports = () => dynamicImportEdits(file, text)
    const findListeners = () => mayAdd(text) && addsListeners(text, 'script')
    const edits = facts.recall('dynamic', findImports)
    const listens = facts.recall('listens', findListeners)
    const { globals } = this.#owner
    const request = { url: file, text, edits, globals, ownImports: listens ? NO_IMPORTS : undefined, facts }
    try {
      return compileCommonJs(request, this, importFunction(this.#owner, file))
    } catch (error) {
      // V8 runs out of its stack on code that is nested too deeply.
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error
      parseProgram(file, text, 'script')
      throw faultAt({ kind: 'syntax', reason: syntaxReason(error) }, file, text, 0)
    }
  }
}

/** Who catches the error sees no place, so it names the file. */
function readJson(file: string, text: string): unknown {
  try {
    return parseJson(file, text)
  } catch (error) {
    ;(error as Error).message = `${file}: ${(error as Error).message}`
    throw error
  }
}

function adopt(parent: CommonJsModule | undefined, child: CommonJsModule): void {
  if (parent && !parent.children.includes(child)) parent.children.push(child)
}
