import { type DynamicImport, type Export, type Import, init, parse, type StaticImport } from 'es-module-lexer'
import { assignsAny } from './assignments.ts'
import {
  DEFAULT,
  type Edit,
  IMPORT,
  type ImportEntry,
  type IndirectExport,
  type LocalExport,
  type ModuleRequest,
  type ModuleSource,
} from './module_source.ts'
import { endsAt, standsAfter } from './statement_position.ts'

/**
 * Constructs that a lexer cannot judge: what a function body allows and a module does not (`arguments`, `new.target`,
 * HTML-like comments), `await` that could be a name or an operator, words written with escapes, direct eval, and `export {}`, which it does not list.
 */
const NEEDS_PARSER = new RegExp(
  [
    String.raw`\barguments\b`,
    String.raw`\bexport\s*\{\s*\}`,
    String.raw`\bnew\s*(?:\.|import\b)`,
    '<!--|-->',
    String.raw`\beval\s*\(`,
    String.raw`\bawait\b(?![ \t]+(?!(?:in|instanceof|of|extends)\b)[\w$'"])`,
    String.raw`\\u(?:\{0*|00)(?:[46][1-9a-fA-F]|[57][0-9aA])`,
    String.raw`\busing\b`,
  ].join('|'),
)

const IDENTIFIER = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*`
const BINDING = new RegExp(
  String.raw`^(?:(${IDENTIFIER})|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))(?:\s+as\s+(${IDENTIFIER}))?$`,
  'u',
)
const DEFAULT_IMPORT = new RegExp(String.raw`^(${IDENTIFIER})\s*(?:,\s*|$)`, 'u')
const NAMESPACE_IMPORT = new RegExp(String.raw`^\*\s*as\s+(${IDENTIFIER})$`, 'u')

/** The lexer is WebAssembly: it is ready once this has resolved, and everything else here is synchronous. */
export const prepareLexer = (): Promise<void> => init()

/** True when the text has `import` or `export` declarations or `import.meta`: Node's own test for an ES module. */
export function hasModuleSyntax(text: string): boolean {
  try {
    return parse(text)[3]
  } catch {
    return false
  }
}

/** Where a text has `import(…)`; undefined when the lexer cannot tell. */
export function dynamicImportOffsets(text: string): number[] | undefined {
  try {
    return parse(text)[0].flatMap(found => (found.type === 'dynamic' ? [found.importStart] : []))
  } catch {
    return undefined
  }
}

/** What a text imports by name, statically or while it runs; as far as the lexer can tell. */
export function literalSpecifiers(text: string): string[] {
  if (!text.includes('import') && !text.includes('from')) return []
  try {
    return parse(text)[0].flatMap(found =>
      typeof found.specifier === 'string' && !(found.type === 'dynamic' && found.glob) ? [found.specifier] : [],
    )
  } catch {
    return []
  }
}

/**
 * Reads a module with a lexer, about ten times faster than a parser. Gives up (undefined) on whatever it cannot be sure of; the
 * parser then decides. It never guesses: a text that it accepts is read the same way by `parseModule`.
 */
export function scanModule(text: string): ModuleSource | undefined {
  if (NEEDS_PARSER.test(text)) return undefined
  let lexed: ReturnType<typeof parse>
  try {
    lexed = parse(text)
  } catch {
    return undefined
  }
  const requests = new Requests()
  const edits: Edit[] = []
  const imports: ImportEntry[] = []
  const dynamicRequests: string[] = []
  const requestOf = new Map<number, number>()
  for (const [index, found] of lexed[0].entries()) {
    if (found.type !== 'import-meta' && found.phase) return undefined
    if (found.type === 'import-meta' && !MEMBER_ACCESS.test(text.slice(found.end, found.end + 16))) return undefined
    if (found.type === 'dynamic' && !isPlainCall(text, found)) return undefined
    if (found.type === 'dynamic' || found.type === 'import-meta') {
      edits.push({ start: found.importStart, end: found.importStart + IMPORT.length, text: IMPORT })
      if (found.type === 'dynamic' && found.specifier !== undefined && !found.glob)
        dynamicRequests.push(found.specifier)
      continue
    }
    if (found.typeOnly) return undefined
    requestOf.set(index, requests.add(found))
    if (!text.startsWith('import', found.importStart)) continue
    const entries = readImportClause(text, found, requestOf.get(index)!)
    const edit = blankStatement(text, found.importStart, found.importEnd)
    if (!entries || !edit) return undefined
    imports.push(...entries)
    edits.push(edit)
  }
  const exports = readExports(text, lexed, imports, requestOf, edits)
  if (!exports) return undefined
  const bound = new Set(imports.map(entry => entry.localName))
  for (const entry of exports.local) bound.add(entry.localName)
  if (bound.has('await')) return undefined
  if (assignsAny(text, bound)) return undefined
  edits.sort((a, b) => a.start - b.start)
  return {
    requests: requests.list,
    imports,
    localExports: exports.local,
    indirectExports: exports.indirect,
    starExports: exports.stars,
    dynamicRequests,
    edits,
    hasTopLevelAwait: false,
    mutableExports: false,
    namesDefault: exports.namesDefault,
    unchecked: { exportedNames: exports.listed },
  }
}

/** What is written `import.meta.url` is no target of an assignment; anything else may be one. */
const MEMBER_ACCESS = /^\s*\.\s*[A-Za-z]/
/** `import()` and `import(...list)`: a call of a function would take them. */
const NO_SPECIFIER = /\s*(?:\.\.\.|[,)]|$)/y
const ASSIGNED = /\s*(?:[^\w\s=]{0,3}=(?![=>])|\+\+|--|(?:of|in)\b)/y

/** A call of a function may be written in some ways that `import()` may not. */
function isPlainCall(text: string, found: DynamicImport): boolean {
  if (
    found.attributesStart !== -1 ||
    /[-+]{2}\s*$/.test(text.slice(Math.max(0, found.importStart - 16), found.importStart))
  )
    return false
  NO_SPECIFIER.lastIndex = found.start
  ASSIGNED.lastIndex = found.importEnd
  return !NO_SPECIFIER.test(text) && !ASSIGNED.test(text)
}

/** One entry for each pair of specifier and attributes, as [[RequestedModules]] has it. */
class Requests {
  readonly list: ModuleRequest[] = []
  readonly #seen = new Map<string, number>()

  add(found: StaticImport): number {
    const attributes = Object.fromEntries(found.attributes ?? [])
    const key = JSON.stringify([found.specifier, attributes])
    const known = this.#seen.get(key)
    if (known !== undefined) return known
    this.#seen.set(key, this.list.length)
    return this.list.push({ specifier: found.specifier, attributes, offset: found.importStart }) - 1
  }
}

/** Spaces in place of a statement, line ends kept, and a semicolon so that the statement before it still ends there. */
export function blank(text: string, start: number, end: number, first = ';'): Edit {
  return { start, end, text: first + text.slice(start + first.length, end).replace(/[^\r\n\u2028\u2029]/g, ' ') }
}

/** Blanks what is surely a statement of its own. */
function blankStatement(text: string, start: number, end: number): Edit | undefined {
  const before = standsAfter(text, start)
  if (before === 'inside' || !endsAt(text, end)) return undefined
  // After `x = {}` on the same line no statement can begin: an empty block shows that to the engine, as a semicolon would not.
  return blank(text, start, end, before === 'brace' ? '{}' : ';')
}

function readImportClause(text: string, found: Import, request: number): ImportEntry[] | undefined {
  const offset = found.importStart
  // The clause is what stands between `import` and `from "…"`; a bare `import "…"` has none.
  const head = text.slice(offset + 'import'.length, found.start - 1)
  if (head.includes('//') || head.includes('/*')) return undefined
  let clause = head.trim()
  if (clause === '') return []
  if (!clause.endsWith('from')) return undefined
  clause = clause.slice(0, -'from'.length).trim()
  const entries: ImportEntry[] = []
  const byDefault = DEFAULT_IMPORT.exec(clause)
  if (byDefault) {
    entries.push({ request, importName: 'default', localName: byDefault[1]!, offset })
    clause = clause.slice(byDefault[0].length)
    if (clause === '') return entries
  }
  const namespace = NAMESPACE_IMPORT.exec(clause)
  if (namespace) {
    entries.push({ request, importName: undefined, localName: namespace[1]!, offset })
    return entries
  }
  if (!clause.startsWith('{') || !clause.endsWith('}')) return undefined
  const parts = clause.slice(1, -1).split(',')
  // Nothing may stand after the last comma, but not between two.
  if (parts.at(-1)!.trim() === '') parts.pop()
  for (const part of parts) {
    const binding = BINDING.exec(part.trim())
    if (!binding) return undefined
    const [, name, quoted, local] = binding
    if (quoted !== undefined && (local === undefined || quoted.includes('\\'))) return undefined
    entries.push({ request, importName: name ?? quoted!.slice(1, -1), localName: local ?? name!, offset })
  }
  return entries
}

function readExports(
  text: string,
  [found, exports]: ReturnType<typeof parse>,
  imports: readonly ImportEntry[],
  requestOf: ReadonlyMap<number, number>,
  edits: Edit[],
):
  | { local: LocalExport[]; indirect: IndirectExport[]; stars: number[]; namesDefault: boolean; listed: string[] }
  | undefined {
  const local: LocalExport[] = []
  const indirect: IndirectExport[] = []
  const stars: number[] = []
  const names = new Set<string>()
  const listed: string[] = []
  const imported = new Map(imports.map(entry => [entry.localName, entry]))
  let namesDefault = false
  let edited = -1
  for (const entry of exports) {
    const offset = entry.exportStart
    if (entry.type === 'reexport-all') stars.push(requestOf.get(entry.importIndex)!)
    else {
      if (names.has(entry.name) || SURROGATE.test(entry.name)) return undefined
      names.add(entry.name)
      const namespaces = entry.type === 'reexport' ? importedNamespaces(entry, found, imports, requestOf) : []
      if (namespaces.length > 1) return undefined
      if (namespaces.length === 1) local.push({ exportName: entry.name, localName: namespaces[0]!.localName })
      else if (entry.type === 'reexport') {
        const importName = entry.importName ?? undefined
        indirect.push({ exportName: entry.name, request: requestOf.get(entry.importIndex)!, importName, offset })
      } else {
        const localName = entry.localName ?? DEFAULT
        if (entry.localName === undefined) namesDefault = true
        const from = imported.get(localName)
        if (from && from.importName !== undefined)
          indirect.push({ exportName: entry.name, request: from.request, importName: from.importName, offset })
        else {
          local.push({ exportName: entry.name, localName })
          if (!from && entry.localName !== undefined && isInList(text, offset)) {
            // An undeclared name would silently mean the global of that name.
            if (localName in globalThis) return undefined
            listed.push(localName)
          }
        }
      }
    }
    if (offset === edited) continue
    edited = offset
    const edit = exportEdit(text, entry, found)
    if (!edit) return undefined
    edits.push(edit)
  }
  return { local, indirect, stars, namesDefault, listed }
}

/** Is this the export of an imported name, by a list without `from`? The lexer tells both alike. */
const isOfImport = (entry: Exclude<Export, { type: 'direct' }>, found: readonly Import[]): boolean =>
  found[entry.importIndex]!.importStart !== entry.exportStart

/** An imported namespace that is exported is a binding of this module; which one, only the imports tell. */
const importedNamespaces = (
  entry: Extract<Export, { type: 'reexport' }>,
  found: readonly Import[],
  imports: readonly ImportEntry[],
  requestOf: ReadonlyMap<number, number>,
): readonly ImportEntry[] =>
  entry.importName === null && isOfImport(entry, found)
    ? imports.filter(
        ({ importName, request }) => importName === undefined && request === requestOf.get(entry.importIndex),
      )
    : []

const LIST_HEAD = /export\s*\{/y

function isInList(text: string, offset: number): boolean {
  LIST_HEAD.lastIndex = offset
  return LIST_HEAD.test(text)
}

const EXPORT_HEAD = /export(\s+default\b)?\s*(?:(\{)|(async\s+function|function|class|let|const|var)\b)?/y
/** A lone one is no name; the parser tells. */
const SURROGATE = /[\ud800-\udfff]/

function exportEdit(text: string, entry: Export, found: readonly Import[]): Edit | undefined {
  const start = entry.exportStart
  if (entry.typeOnly) return undefined
  if (entry.type !== 'direct' && !isOfImport(entry, found))
    return blankStatement(text, start, found[entry.importIndex]!.importEnd)
  EXPORT_HEAD.lastIndex = start
  const head = EXPORT_HEAD.exec(text)
  if (!head) return undefined
  const [, isDefault, list, declaration] = head
  if (list && !isDefault) {
    const close = text.indexOf('}', start)
    const inside = text.slice(start, close + 1)
    if (close === -1 || /\/[/*]|["']|[{,]\s*,/.test(inside)) return undefined
    return blankStatement(text, start, close + 1)
  }
  if (standsAfter(text, start) === 'inside') return undefined
  if (!isDefault && declaration === undefined) return undefined
  if (!isDefault) return { start, end: start + 'export'.length, text: ' '.repeat('export'.length) }
  return defaultEdit(text, start, head[0], declaration, entry)
}

/** `export default` before an expression becomes `let ìdefault=`, as long; before a declaration it is blanked, and the declaration named. */
function defaultEdit(
  text: string,
  start: number,
  head: string,
  declaration: string | undefined,
  entry: Export,
): Edit | undefined {
  if (/[\r\n]/.test(head)) return undefined
  if (entry.type === 'direct' && entry.localName !== undefined) {
    // The lexer takes `class extends Base` for a class of that name.
    if (entry.localName === 'extends') return undefined
    const keyword = head.lastIndexOf('default') + 'default'.length
    return { start, end: start + keyword, text: ' '.repeat(keyword) }
  }
  // A default class that can look at its own name while it is defined.
  if (/^\(*\s*class\b/.test(text.slice(start + head.length - (declaration?.length ?? 0))) && /\bstatic\b/.test(text))
    return undefined
  if (declaration === undefined) {
    const end = start + head.trimEnd().length
    return { start, end, text: `let ${DEFAULT}=`.padEnd(end - start) }
  }
  const star = declaration.endsWith('function') ? (/^\s*\*/.exec(text.slice(start + head.length))?.[0] ?? '') : ''
  const end = start + head.length + star.length
  const named = `${declaration}${star === '' ? '' : '*'} ${DEFAULT}`
  return named.length <= end - start ? { start, end, text: named.padStart(end - start) } : undefined
}
