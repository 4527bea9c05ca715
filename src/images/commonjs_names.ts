import { commonJsExports } from './commonjs_text.ts'
import type { Target } from './resolve.ts'
import type { TextFacts } from './text_facts.ts'

type FileTarget = Extract<Target, { readonly file: string }>

/** What following a CommonJS file to the files that it exports again asks of its image. */
export interface NamedTexts {
  resolve(specifier: string, from: string): Target | undefined
  read(target: FileTarget): string
  facts(file: string, text: string): TextFacts
}

/** The names that an ES module may import from a CommonJS file: its own, and those of what it exports again. */
export function importableNames(file: string, text: string, of: NamedTexts): Set<string> {
  const names = new Set<string>()
  const texts = new Map([[file, text]])
  for (const [from, source] of texts) {
    const found = of.facts(from, source).recall('exports', () => commonJsExports(source))
    for (const name of found.names) names.add(name)
    for (const specifier of found.reexports) {
      const target = of.resolve(specifier, from)
      if (!target || !('file' in target) || texts.has(target.file) || !IS_SCRIPT.test(target.file)) continue
      texts.set(target.file, of.read(target))
    }
  }
  return names
}

const IS_SCRIPT = /\.[cm]?[jt]sx?$/
