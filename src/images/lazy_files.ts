import { commonJsExports, literalRequires } from './commonjs_text.ts'
import { formatByName, formatOf } from './format.ts'
import type { Loader, Target } from './resolve.ts'
import { literalSpecifiers } from './scan.ts'
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

  /** Follows what a text of this image can load, from the file on. */
  keep(file: string, text: string): void {
    const pending: (readonly [file: string, text: string])[] = [[file, text]]
    for (let next = pending.pop(); next; next = pending.pop()) {
      const [from, source] = next
      for (const [specifier, loader] of specifiersOf(from, source)) {
        const found = this.#fresh(specifier, from, loader)
        if (found) pending.push(found)
      }
    }
  }

  #fresh(specifier: string, from: string, loader: Loader): [file: string, text: string] | undefined {
    const target = this.#resolve(specifier, from, loader)
    if (target?.owner !== 'image' || formatByName(target.file) === 'addon' || this.#texts.has(target.file))
      return undefined
    try {
      return [target.file, this.#texts.read(target.file)]
    } catch {
      return undefined
    }
  }
}

function specifiersOf(file: string, text: string): [specifier: string, loader: Loader][] {
  const format = formatOf(file, text)
  if (format !== 'module' && format !== 'commonjs') return []
  const imported = literalSpecifiers(text).map(specifier => [specifier, 'import'] as [string, Loader])
  // An ES module may have a `require` of its own making.
  const required = [...literalRequires(text), ...(format === 'commonjs' ? commonJsExports(text).reexports : [])]
  return [...imported, ...required.map(specifier => [specifier, 'require'] as [string, Loader])]
}
