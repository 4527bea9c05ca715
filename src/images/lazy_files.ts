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

  /** Follows what a file that is being linked can load, from there on. What it imports statically is read by who links it. */
  keep(file: string): void {
    const pending = [file]
    for (let from = pending.pop(); from !== undefined; from = pending.pop())
      for (const [specifier, loader] of this.#specifiers(from, from === file)) {
        const found = this.#fresh(specifier, from, loader)
        if (found !== undefined) pending.push(found)
      }
  }

  #specifiers(file: string, isLinked: boolean): readonly Requested[] {
    const format = this.#texts.format(file)
    const what = `${isLinked ? 'lazy of linked' : 'lazy'} ${format}`
    return this.#texts.facts(file).recall(what, () => specifiersOf(this.#texts.read(file), format, isLinked))
  }

  #fresh(specifier: string, from: string, loader: Loader): string | undefined {
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

type Requested = readonly [specifier: string, loader: Loader]

function specifiersOf(text: string, format: Format, isLinked: boolean): readonly Requested[] {
  if (format !== 'module' && format !== 'commonjs' && format !== 'wasm') return []
  const imported = isLinked || format === 'commonjs' ? literalDynamicImports(text) : literalSpecifiers(text)
  return [
    ...imported.map((specifier): Requested => [specifier, 'import']),
    // An ES module may have a `require` of its own making.
    ...literalRequires(text).map((specifier): Requested => [specifier, 'require']),
  ]
}
