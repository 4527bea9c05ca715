import { dirname, extname } from 'node:path'
import { commonJsFault } from './compile.ts'
import { manifestOf } from './disk.ts'
import { awaitsAtTopLevel, isModuleText } from './parse.ts'
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

/** A text that CommonJS cannot take, and that awaits at its top level, declares what CommonJS has, or imports and exports in a way that is too much for the lexer. */
function onlyRunsAsModule(file: string, text: string): boolean {
  const declares = DECLARES.test(text)
  if (!declares && !/\bawait\b/.test(text) && !MAY_REDECLARE.test(text)) return false
  const fault = commonJsFault(text)
  if (fault === undefined) return false
  if (declares || awaitsAtTopLevel(file, text)) return true
  return REDECLARED.test(fault) && packageType(file) === undefined && isModuleText(file, text)
}

const GIVEN = '(?:exports|require|module|__filename|__dirname)'
/** In a pattern or a list of declarations, too; mostly it is in a function. */
const MAY_REDECLARE = new RegExp(String.raw`\b(?:let|const|class)\b[^;=(]{0,200}?\b${GIVEN}\b`)
const REDECLARED = new RegExp(`^Identifier '${GIVEN}' has already been declared`)

const DECLARES = /(?:^|;)\s*(?:export\b|import\b(?!\s*[.(]))/m

export function packageType(file: string): unknown {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = manifestOf(folder)
    if (manifest) return manifest.type
    if (folder === dirname(folder) || folder.endsWith('node_modules')) return undefined
  }
}
