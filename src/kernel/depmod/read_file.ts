import { commonJsExports } from '../../images/commonjs_text.ts'
import { authorsPlace } from '../../images/fault.ts'
import { formatByName, packageType } from '../../images/format.ts'
import { sha256 } from '../../images/node_parts.ts'
import { parseModule } from '../../images/parse.ts'
import { hasModuleSyntax, scanModule } from '../../images/scan.ts'
import { toJavaScript } from '../../images/strip.ts'

/** Where something stands in a file: `line:column`, both from 1. */
type LineColumn = string

/** One specifier of a file, and what is imported by it. */
export interface FileImport {
  readonly specifier: string
  /** Names; a namespace import has none. */
  readonly symbols: readonly string[]
  readonly at: LineColumn
}

/** What can be read off one file's text. */
export interface FileFacts {
  readonly hash: string
  readonly size: number
  /** The text as JavaScript, for whoever reads `info` from it; kept by nobody. */
  readonly text: string
  readonly imports: readonly FileImport[]
  readonly exports: readonly string[]
  /** Places in `imports` of what is exported with `export *`. */
  readonly stars: readonly number[]
  /** True when it may export more than `exports`: CommonJS decides while it runs. */
  readonly open: boolean
}

/**
 * Reads a file's imports and exports without running it.
 *
 * @throws ImageFault `syntax`
 */
export function readFacts(file: string, bytes: Buffer, hash = sha256(bytes)): FileFacts {
  const raw = bytes.toString('utf8')
  const text = toJavaScript(file, raw)
  const common = { hash, size: bytes.length, text }
  if (!isEsModule(file, text)) {
    const { names } = commonJsExports(text)
    return { ...common, imports: [], exports: names, stars: [], open: true }
  }
  const source = scanModule(text) ?? parseModule(file, text)
  const entries = [...source.imports, ...source.indirectExports]
  const imports = source.requests.map(({ specifier, offset }, request) => ({
    specifier,
    symbols: [
      ...new Set(
        entries.flatMap(entry =>
          entry.request === request && entry.importName !== undefined ? [entry.importName] : [],
        ),
      ),
    ],
    at: lineColumn(raw, text, offset),
  }))
  const exports = [...source.localExports, ...source.indirectExports].map(({ exportName }) => exportName)
  return { ...common, imports, exports, stars: source.starExports, open: false }
}

function lineColumn(raw: string, text: string, offset: number): LineColumn {
  const { line, column } = authorsPlace(raw, text, offset)
  return `${line}:${column}`
}

/** As the loader decides, in another order: what has `import` or `export` is an ES module whatever package.json says, and that file need not be read. */
function isEsModule(file: string, text: string): boolean {
  const named = formatByName(file)
  return named !== undefined ? named === 'module' : hasModuleSyntax(text) || packageType(file) === 'module'
}
