import { type Format, formatByName } from './format.ts'
import type { Loader, Target } from './resolve.ts'
import { literalDynamicImports, literalRequires, literalSpecifiers } from './scan.ts'
import type { SourceTexts } from './source_texts.ts'

/**
 * Keeps the texts of files that may be loaded while the code runs (`import()`, `require`): they must be this image's version, also when the disk has changed
 * by then. What can be named without running the code is followed; what is not there, or cannot be read, is left for the run to tell.
 */
export class LazyFiles {
  readonly #texts: SourceTexts
  readonly #resolve: (specifier: string, from: string, loader: Loader) => Target | undefined

  constructor(texts: SourceTexts, resolve: (specifier: string, from: string, loader: Loader) => Target | undefined) {
    this.#texts = texts
    this.#resolve = resolve
  }

  /** Follows all that a file names, from there on. */
  keep(file: string): void {
    this.#follow(this.#specifiers(file, 'all'))
  }

  /** Follows what a file can load while it runs, from there on; its static imports are read by who links it. */
  keepLate(file: string): void {
    this.#follow(this.#specifiers(file, 'late'))
  }

  #follow(first: readonly Requested[]): void {
    const pending = [...first]
    for (let next = pending.pop(); next; next = pending.pop()) {
      const found = this.#fresh(next)
      if (found !== undefined) pending.push(...this.#specifiers(found, 'all'))
    }
  }

  #specifiers(file: string, which: Which): readonly Requested[] {
    const format = this.#texts.format(file)
    const find = () => specifiersOf(this.#texts.read(file), format, which)
    const specifiers = this.#texts.facts(file).recall(`${which} specifiers of ${format}`, find)
    return specifiers.map(([specifier, loader]) => ({ specifier, loader, from: file }))
  }

  #fresh({ specifier, loader, from }: Requested): string | undefined {
    const target = this.#resolve(specifier, from, loader)
    if (target?.owner !== 'image' || this.#texts.has(target.file)) return undefined
    if (formatByName(target.file) === 'addon' || DECLARATIONS.test(target.file)) return undefined
    try {
      this.#texts.read(target.file)
      return target.file
    } catch {
      return undefined
    }
  }
}

/** Named in comments for the sake of types. There is nothing in them to run, and a compiler of a megabyte would be loaded to find that out. */
const DECLARATIONS = /\.d\.[cm]?ts$/

type Which = 'all' | 'late'

interface Requested {
  readonly specifier: string
  readonly loader: Loader
  readonly from: string
}

function specifiersOf(text: string, format: Format, which: Which): (readonly [specifier: string, loader: Loader])[] {
  if (format !== 'module' && format !== 'commonjs' && format !== 'wasm') return []
  const imported = which === 'late' || format === 'commonjs' ? literalDynamicImports(text) : literalSpecifiers(text)
  return [
    ...imported.map((specifier): [string, Loader] => [specifier, 'import']),
    // An ES module may have a `require` of its own making.
    ...literalRequires(text).map((specifier): [string, Loader] => [specifier, 'require']),
  ]
}
