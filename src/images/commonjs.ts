import { createRequire } from 'node:module'
import { basename, dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse as lexExports } from 'cjs-module-lexer'
import { type CommonJsBody, compileCommonJs } from './compile.ts'
import { faultAt, syntaxReason } from './fault.ts'
import type { Edit } from './module_source.ts'
import { parseProgram } from './parse.ts'
import { scanModule } from './scan.ts'
import type { FileOwner } from './source_module.ts'

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
  require: (specifier: string) => unknown
}

/** What CommonJS needs of its image. */
export interface CommonJsOwner extends FileOwner {
  readText(file: string): string
  /** Follows a `require` to whatever it leads: another file of the image, or something that is not CommonJS. */
  require(specifier: string, from: CommonJsModule): unknown
  resolveRequire(specifier: string, from: string): string
}

/** The CommonJS files of one image, with a cache of their own: `require.cache` shows this image's files and no others. */
export class CommonJsFiles {
  readonly cache: Record<string, CommonJsModule> = Object.create(null) as Record<string, CommonJsModule>
  readonly #owner: CommonJsOwner
  readonly #main: string

  constructor(owner: CommonJsOwner, main: string) {
    this.#owner = owner
    this.#main = main
  }

  clear(): void {
    for (const file of Object.keys(this.cache)) delete this.cache[file]
  }

  /** Runs the file once. One that throws is forgotten, so that it can be required again, as in Node. */
  load(file: string, parent: CommonJsModule | undefined): unknown {
    const known = this.cache[file]
    if (known) return known.exports
    const module = this.#create(file, parent)
    this.cache[file] = module
    try {
      if (file.endsWith('.json')) module.exports = parseJson(file, this.#owner.readText(file))
      else {
        const body = this.#compile(file)
        body.call(module.exports, module.exports, module.require, module, file, dirname(file))
      }
      module.loaded = true
      return module.exports
    } catch (error) {
      delete this.cache[file]
      throw error
    }
  }

  #create(file: string, parent: CommonJsModule | undefined): CommonJsModule {
    const native = createRequire(file)
    const require = (specifier: string): unknown => {
      if (typeof specifier !== 'string' || specifier === '')
        throw Object.assign(
          new TypeError(`The "id" argument must be a non-empty string. Received ${String(specifier)}`),
          {
            code: 'ERR_INVALID_ARG_TYPE',
          },
        )
      return this.#owner.require(specifier, module)
    }
    const resolve = Object.assign((specifier: string) => this.#owner.resolveRequire(specifier, file), {
      paths: (specifier: string) => native.resolve.paths(specifier),
    })
    const module: CommonJsModule = {
      id: file === this.#main ? '.' : file,
      path: dirname(file),
      filename: file,
      exports: {},
      loaded: false,
      parent,
      children: [],
      paths: native.resolve.paths(`${basename(file)}-`) ?? [],
      require: Object.assign(require, {
        cache: this.cache,
        resolve,
        extensions: Object.create(null) as object,
        main: undefined,
      }),
    }
    Object.defineProperty(module, 'parent', { enumerable: false })
    parent?.children.push(module)
    return module
  }

  #compile(file: string): CommonJsBody {
    const text = this.#owner.readText(file)
    const dynamicImport = (specifier: unknown, options: unknown) => this.#owner.dynamicImport(file, specifier, options)
    const request = { url: file, text, edits: dynamicImportEdits(file, text), globals: this.#owner.globals }
    try {
      return compileCommonJs(request, this, dynamicImport)
    } catch (error) {
      // V8 runs out of its stack on code that is nested too deeply.
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error
      parseProgram(file, text, 'script')
      throw faultAt({ kind: 'syntax', reason: syntaxReason(error) }, file, text, 0)
    }
  }
}

const MAY_IMPORT = /\bimport\s*\(/

/** Only a file that has `import(` somewhere is read for where it is. */
function dynamicImportEdits(file: string, text: string): readonly Edit[] {
  if (!MAY_IMPORT.test(text)) return []
  const scanned = scanModule(text)
  if (scanned) return scanned.edits
  return parseDynamicImports(file, text)
}

function parseDynamicImports(file: string, text: string): Edit[] {
  const edits: Edit[] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (typeof value === 'object' && value !== null && 'type' in value) {
      const node = value as { type: string; start: number }
      if (node.type === 'ImportExpression') edits.push({ start: node.start, end: node.start + 6, text: 'ìmport' })
      Object.values(node).forEach(visit)
    }
  }
  visit(parseProgram(file, text, 'script').body)
  return edits.sort((a, b) => a.start - b.start)
}

/** @throws ImageFault `syntax` */
export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    const reason = (error as Error).message
    const offset = Number(/position (\d+)/.exec(reason)?.[1] ?? text.length)
    throw faultAt(
      { kind: 'syntax', reason: reason.replace(/ in JSON at position.*| \(line .*/s, '') },
      file,
      text,
      offset,
    )
  }
}

export interface CommonJsExports {
  readonly names: readonly string[]
  readonly reexports: readonly string[]
}

/** The names that an ES module may import from a CommonJS text, found without running it, as Node finds them. */
export function commonJsExports(text: string): CommonJsExports {
  try {
    const { exports, reexports } = lexExports(text)
    return { names: exports, reexports }
  } catch {
    return { names: [], reexports: [] }
  }
}

const REQUIRED = /\brequire\s*\(\s*(?:"([^"\n]+)"|'([^'\n]+)')\s*\)/g

/** Specifiers of `require` calls that can be named without running the code. */
export const literalRequires = (text: string): string[] =>
  [...text.matchAll(REQUIRED)].map(match => (match[1] ?? match[2])!)

export const urlOf = (file: string): string => pathToFileURL(file).href
