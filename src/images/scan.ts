import { type Export, type Import, init, parse, type StaticImport } from 'es-module-lexer'
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

/**
 * Constructs that a lexer cannot judge: what a function body allows and a module does not (`arguments`, `new.target`,
 * HTML-like comments), `await` that could be a name or an operator, direct eval, and `export {}`, which it does not list.
 */
const NEEDS_PARSER =
  /\barguments\b|\bexport\s*\{\s*\}|\bnew\s*\.|<!--|-->|\beval\s*\(|\bawait\b(?!\s+[\w$'"]|\s*\()|\bawait\s*\(|\busing\b/

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
    if (found.type === 'dynamic' || found.type === 'import-meta') {
      edits.push({ start: found.importStart, end: found.importStart + IMPORT.length, text: IMPORT })
      if (found.type === 'dynamic' && found.specifier !== undefined && !found.glob)
        dynamicRequests.push(found.specifier)
      continue
    }
    requestOf.set(index, requests.add(found))
    if (!text.startsWith('import', found.importStart)) continue
    const entries = readImportClause(text, found, requestOf.get(index)!)
    if (!entries) return undefined
    imports.push(...entries)
    edits.push(blank(text, found.importStart, found.importEnd))
  }
  const exports = readExports(text, lexed[1], imports, requestOf, edits)
  if (!exports) return undefined
  const bound = new Set(imports.map(entry => entry.localName))
  for (const entry of exports.local) bound.add(entry.localName)
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
    declarationEnds: [],
    namesDefault: exports.namesDefault,
  }
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
export function blank(text: string, start: number, end: number): Edit {
  return { start, end, text: `;${text.slice(start + 1, end).replace(/[^\r\n\u2028\u2029]/g, ' ')}` }
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
  for (const part of clause.slice(1, -1).split(',')) {
    if (part.trim() === '') continue
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
  found: readonly Export[],
  imports: readonly ImportEntry[],
  requestOf: ReadonlyMap<number, number>,
  edits: Edit[],
): { local: LocalExport[]; indirect: IndirectExport[]; stars: number[]; namesDefault: boolean } | undefined {
  const local: LocalExport[] = []
  const indirect: IndirectExport[] = []
  const stars: number[] = []
  const names = new Set<string>()
  const imported = new Map(imports.map(entry => [entry.localName, entry]))
  let namesDefault = false
  let edited = -1
  for (const entry of found) {
    const offset = entry.exportStart
    if (entry.type === 'reexport-all') stars.push(requestOf.get(entry.importIndex)!)
    else {
      if (names.has(entry.name)) return undefined
      names.add(entry.name)
      if (entry.type === 'reexport') {
        const importName = entry.importName ?? undefined
        indirect.push({ exportName: entry.name, request: requestOf.get(entry.importIndex)!, importName, offset })
      } else {
        const localName = entry.localName ?? DEFAULT
        if (entry.localName === undefined) namesDefault = true
        const from = imported.get(localName)
        if (from && from.importName !== undefined)
          indirect.push({ exportName: entry.name, request: from.request, importName: from.importName, offset })
        else {
          // An undeclared name would silently mean the global of that name.
          if (localName in globalThis && !from) return undefined
          local.push({ exportName: entry.name, localName })
        }
      }
    }
    if (offset === edited) continue
    edited = offset
    const edit = exportEdit(text, entry)
    if (!edit) return undefined
    edits.push(edit)
  }
  return { local, indirect, stars, namesDefault }
}

const EXPORT_HEAD = /export(\s+default)?\s*(?:(\{|\*)|(async\s+function|function|class|abstract)\b)?/y

function exportEdit(text: string, entry: Export): Edit | undefined {
  const start = entry.exportStart
  EXPORT_HEAD.lastIndex = start
  const head = EXPORT_HEAD.exec(text)
  if (!head) return undefined
  const [, isDefault, list, declaration] = head
  if (list && entry.type === 'direct') {
    const close = text.indexOf('}', start)
    const inside = text.slice(start, close + 1)
    if (close === -1 || /\/[/*]|["']/.test(inside)) return undefined
    return blank(text, start, close + 1)
  }
  if (list) {
    // Re-exports end with their specifier, or with their attributes; leave the odd forms to the parser.
    const tail = /^[^;{}]*?\bfrom\s*(?:"[^"\n]*"|'[^'\n]*')/.exec(
      text.slice(text.indexOf(list === '{' ? '}' : '*', start) + 1),
    )
    if (!tail) return undefined
    const end = text.indexOf(list === '{' ? '}' : '*', start) + 1 + tail[0].length
    if (/\/[/*]/.test(text.slice(start, end)) || /^\s*with\b/.test(text.slice(end, end + 32))) return undefined
    return blank(text, start, end)
  }
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
    const keyword = head.lastIndexOf('default') + 'default'.length
    return { start, end: start + keyword, text: ' '.repeat(keyword) }
  }
  if (declaration === undefined) {
    const end = start + head.trimEnd().length
    return { start, end, text: `let ${DEFAULT}=`.padEnd(end - start) }
  }
  if (declaration === 'abstract') return undefined
  const star = declaration.endsWith('function') ? (/^\s*\*/.exec(text.slice(start + head.length))?.[0] ?? '') : ''
  const end = start + head.length + star.length
  const named = `${declaration}${star === '' ? '' : '*'} ${DEFAULT}`
  return named.length <= end - start ? { start, end, text: named.padStart(end - start) } : undefined
}
