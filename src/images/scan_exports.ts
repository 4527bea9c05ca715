import type { Import } from 'es-module-lexer'
import { blankStatement } from './blank.ts'
import type { FoundDeclarations, FoundExport } from './declarations.ts'
import {
  DEFAULT,
  type Edit,
  type ImportEntry,
  type IndirectExport,
  type LocalExport,
  REEXPORTS_NAMESPACES,
} from './module_source.ts'
import { standsAfter } from './statement_position.ts'

interface ScannedExports {
  readonly local: readonly LocalExport[]
  readonly indirect: readonly IndirectExport[]
  readonly stars: readonly number[]
  readonly namesDefault: boolean
  /** Local names that stand in export lists. */
  readonly listed: readonly string[]
}

/** What was found of exports, with the edits that take them out of the text; undefined where it cannot be sure. */
export function readExports(
  text: string,
  { imports: found, exports, declared, lists }: FoundDeclarations,
  imports: readonly ImportEntry[],
  requestOf: ReadonlyMap<number, number>,
  edits: Edit[],
): ScannedExports | undefined {
  const local: LocalExport[] = []
  const indirect: IndirectExport[] = []
  const stars: number[] = []
  const listed: string[] = []
  const imported = new Map(imports.map(entry => [entry.localName, entry]))
  let namesDefault = false
  let edited = -1
  for (const { name, exportStart } of declared) {
    if (imported.has(name)) return undefined
    local.push({ exportName: name, localName: name })
    edits.push(blankExport(exportStart))
  }
  // Of a name that is declared twice the engine tells, unless both times by `var`.
  const names = exports.length > 0 || VAR.test(text) ? new Set(declared.map(({ name }) => name)) : undefined
  if (names && names.size < declared.length) return undefined
  for (const entry of exports) {
    const offset = entry.exportStart
    if (entry.type === 'reexport-all') stars.push(requestOf.get(entry.importIndex)!)
    else {
      if (names!.has(entry.name) || !isAsWritten(entry)) return undefined
      names!.add(entry.name)
      const namespaces = entry.type === 'reexport' ? importedNamespaces(entry, found, imports, requestOf) : []
      if (namespaces.length > 1) return undefined
      if (namespaces.length === 1 && !REEXPORTS_NAMESPACES)
        local.push({ exportName: entry.name, localName: namespaces[0]!.localName })
      else if (entry.type === 'reexport') {
        const importName = entry.importName ?? undefined
        indirect.push({ exportName: entry.name, request: requestOf.get(entry.importIndex)!, importName, offset })
      } else {
        const localName = entry.localName ?? DEFAULT
        if (entry.localName === undefined) namesDefault = true
        const from = imported.get(localName)
        if (from && (REEXPORTS_NAMESPACES || from.importName !== undefined))
          indirect.push({ exportName: entry.name, request: from.request, importName: from.importName, offset })
        else {
          local.push({ exportName: entry.name, localName })
          if (!from && entry.localName !== undefined && (lists ? lists.has(offset) : isInList(text, offset))) {
            // An undeclared name would silently mean the global of that name, and these words a value.
            if (localName in globalThis || WORDS_WITH_VALUES.has(localName)) return undefined
            listed.push(localName)
          }
        }
      }
    }
    if (offset === edited || lists?.has(offset)) continue
    edited = offset
    const edit = exportEdit(text, entry, found)
    if (!edit) return undefined
    edits.push(edit)
  }
  for (const [start, end] of lists ?? []) {
    const edit = blankStatement(text, start, end)
    if (!edit) return undefined
    edits.push(edit)
  }
  return { local, indirect, stars, namesDefault, listed }
}

const VAR = /\bvar\b/

const WORDS_WITH_VALUES: ReadonlySet<string> = new Set(['this', 'null', 'true', 'false'])

/** Is this the export of an imported name, by a list without `from`? The lexer tells both alike. */
const isOfImport = (entry: Exclude<FoundExport, { type: 'direct' }>, found: readonly Import[]): boolean =>
  found[entry.importIndex]!.importStart !== entry.exportStart

/** An imported namespace that is exported is a binding of this module; which one, only the imports tell. */
const importedNamespaces = (
  entry: Extract<FoundExport, { type: 'reexport' }>,
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

/** In text that has no strings. */
export const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*/g
/** As the name of an export. What is exported without `from` is a binding, which a string cannot name (16.2.3.1). */
const PLAIN_STRING = /\bas\s*(["'])[\w.$ -]*\1/g

/** Is this all of a list without `from`, and does the brace at its end stand neither in a comment nor in a string? Nothing may stand between two commas. */
function isPlainList(list: string): boolean {
  const bare = list.replace(COMMENT, ' ').replace(PLAIN_STRING, 'as s')
  return bare.endsWith('}') && !/[/"']|[{,]\s*,/.test(bare)
}

const EXPORT_HEAD = /export(\s+default\b)?\s*(?:(\{)|(async\s+function|function|class|let|const|var)\b)?/y
/** The lexer leaves escapes in names as they are, and takes some white space for a part of a name; a lone surrogate is no name: the parser tells. */
const NOT_AS_WRITTEN = /[\\\s\ud800-\udfff]/

function isAsWritten(entry: Exclude<FoundExport, { type: 'reexport-all' }>): boolean {
  const other = entry.type === 'reexport' ? entry.importName : entry.localName
  return !NOT_AS_WRITTEN.test(entry.name) && (!other || other === entry.name || !NOT_AS_WRITTEN.test(other))
}

const blankExport = (start: number): Edit => ({ start, end: start + 6, text: '      ' })

function exportEdit(text: string, entry: FoundExport, found: readonly Import[]): Edit | undefined {
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
    if (close === -1 || !isPlainList(text.slice(start, close + 1))) return undefined
    return blankStatement(text, start, close + 1)
  }
  if (standsAfter(text, start) === 'inside') return undefined
  if (!isDefault && declaration === undefined) return undefined
  if (!isDefault) return blankExport(start)
  // The brace behind `default` is that of an object.
  return defaultEdit(text, start, list ? head[0].slice(0, -1) : head[0], declaration, entry)
}

/** `export default` before an expression becomes `let ìdefault=`, as long; before a declaration it is blanked, and the declaration named. */
function defaultEdit(
  text: string,
  start: number,
  head: string,
  declaration: string | undefined,
  entry: FoundExport,
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
