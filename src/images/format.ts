import { dirname, extname } from 'node:path'
import { isCommonJs } from './compile.ts'
import { manifestOf } from './disk.ts'
import { awaitsAtTopLevel } from './parse.ts'
import { hasModuleSyntax } from './scan.ts'
import { NO_FACTS, type TextFacts } from './text_facts.ts'

export type Format = 'module' | 'commonjs' | 'json' | 'addon' | 'wasm'

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  '.mjs': 'module',
  '.mts': 'module',
  '.cjs': 'commonjs',
  '.cts': 'commonjs',
  '.json': 'json',
  '.node': 'addon',
  '.wasm': 'wasm',
}

export const isTypeScript = (file: string): boolean => /\.[cm]?tsx?$/.test(file)

export const isJsx = (file: string): boolean => /\.[jt]sx$/.test(file)

/** TypeScript without JSX: what it becomes depends on its contents alone. */
export const isOnlyTyped = (file: string): boolean => isTypeScript(file) && !isJsx(file)

/** A file without an extension is code, too. */
export const isCode = (file: string): boolean => /^(?:\.[cm]?[jt]sx?)?$/.test(extname(file))

export const formatByName = (file: string): Format | undefined => BY_EXTENSION[extname(file)]

/**
 * Tells ES modules from CommonJS: by extension, then by the nearest package.json, then by the syntax, as Node does. A file with
 * `import` or `export` is an ES module even where package.json says "commonjs": it could not run as anything else.
 */
export function formatOf(file: string, text: string, facts: TextFacts = NO_FACTS): Format {
  const named = formatByName(file)
  if (named) return named
  if (packageType(file) === 'module') return 'module'
  const isModule = facts.recall('module', () => hasModuleSyntax(text) || onlyRunsAsModule(file, text))
  return isModule ? 'module' : 'commonjs'
}

/** A text that CommonJS cannot take, and that awaits at its top level or imports and exports in a way that is too much for the lexer. */
const onlyRunsAsModule = (file: string, text: string): boolean =>
  (DECLARES.test(text) || /\bawait\b/.test(text)) &&
  !isCommonJs(text) &&
  (DECLARES.test(text) || awaitsAtTopLevel(file, text))

const DECLARES = /(?:^|;)\s*(?:export\b|import\b(?!\s*[.(]))/m

export function packageType(file: string): unknown {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = manifestOf(folder)
    if (manifest) return manifest.type
    if (folder === dirname(folder) || folder.endsWith('node_modules')) return undefined
  }
}
