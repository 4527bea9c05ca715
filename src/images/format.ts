import fs from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { isCommonJs } from './compile.ts'
import { awaitsAtTopLevel } from './parse.ts'
import { hasModuleSyntax } from './scan.ts'

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

export const formatByName = (file: string): Format | undefined => BY_EXTENSION[extname(file)]

/**
 * Tells ES modules from CommonJS: by extension, then by the nearest package.json, then by the syntax, as Node does. A file with
 * `import` or `export` is an ES module even where package.json says "commonjs": it could not run as anything else.
 */
export function formatOf(file: string, text: string): Format {
  const named = formatByName(file)
  if (named) return named
  if (packageType(file) === 'module') return 'module'
  return hasModuleSyntax(text) || onlyRunsAsModule(file, text) ? 'module' : 'commonjs'
}

/** A text that CommonJS cannot take and that awaits at its top level. */
const onlyRunsAsModule = (file: string, text: string): boolean =>
  /\bawait\b/.test(text) && !isCommonJs(text) && awaitsAtTopLevel(file, text)

export function packageType(file: string): unknown {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = readPackage(folder)
    if (manifest) return manifest.type
    if (folder === dirname(folder) || folder.endsWith('node_modules')) return undefined
  }
}

export interface PackageManifest {
  readonly name?: unknown
  readonly type?: unknown
  readonly main?: unknown
  readonly exports?: unknown
}

/** What `readPackage` gives for a package.json that is no JSON: it counts as empty. */
export const BROKEN_PACKAGE: PackageManifest = {}

/** The parsed package.json of a folder; undefined where there is none. */
export function readPackage(folder: string): PackageManifest | undefined {
  let text: string
  try {
    text = fs.readFileSync(join(folder, 'package.json'), 'utf8')
  } catch {
    return undefined
  }
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return BROKEN_PACKAGE
  }
}
