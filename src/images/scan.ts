import type { DynamicImport, StaticImport } from 'es-module-lexer'
import { blankStatement } from './blank.ts'
import { type Code, readCode } from './code_reader.ts'
import { type FoundDeclarations, foundDeclarations } from './declarations.ts'
import { lex } from './lexer.ts'
import { type Edit, IMPORT, type ImportEntry, type ModuleRequest, type ModuleSource } from './module_source.ts'
import { COMMENT, readExports } from './scan_exports.ts'

const IDENTIFIER = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*`
const BINDING = new RegExp(
  String.raw`^(?:(${IDENTIFIER})|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))(?:\s+as\s+(${IDENTIFIER}))?$`,
  'u',
)
const DEFAULT_IMPORT = new RegExp(String.raw`^(${IDENTIFIER})\s*(?:,\s*|$)`, 'u')
const FROM = /(?:^|[\s}])from$/
const NAMESPACE_IMPORT = new RegExp(String.raw`^\*\s*as\s+(${IDENTIFIER})$`, 'u')

/** True when the text has `import` or `export` declarations or `import.meta`: Node's own test for an ES module. */
export function hasModuleSyntax(text: string): boolean {
  if (!/\b(?:import|export)\b/.test(text)) return false
  if (readCode(text)?.declarations?.length) return true
  try {
    return lex(text)[3]
  } catch {
    return false
  }
}

/** Where a text has `import(…)`; undefined when the lexer cannot tell. */
export function dynamicImportOffsets(text: string): number[] | undefined {
  if (MAY_HIDE_IMPORT.test(text)) return undefined
  try {
    return lex(text)[0].flatMap(found => (found.type === 'dynamic' ? [found.importStart] : []))
  } catch {
    return undefined
  }
}

/** The lexer takes `import(x)` before a brace for the head of a method, also where the brace opens a block on the next line. */
const MAY_HIDE_IMPORT = /\bimport\s*\((?:[^()]|\([^()]*\))*\)(?:\s|\/\/.*|\/\*[\s\S]*?\*\/)*\{/

const LITERAL_IMPORT = /\bimport\s*(?:\.\s*source\s*)?\(\s*(?:"([^"\n]+)"|'([^'\n]+)'|`([^`$\\\n]+)`)/g

/** Specifiers of `import()` that can be named without running the code. */
export const literalDynamicImports = (text: string): string[] =>
  text.includes('import') ? [...text.matchAll(LITERAL_IMPORT)].map(match => (match[1] ?? match[2] ?? match[3])!) : []

const REQUIRED = /\brequire\s*(?:\.\s*resolve\s*)?\(\s*(?:"([^"\n]+)"|'([^'\n]+)'|`([^`$\\\n]+)`)\s*\)/g

/** Specifiers of `require` calls that can be named without running the code. */
export const literalRequires = (text: string): string[] =>
  [...text.matchAll(REQUIRED)].map(match => (match[1] ?? match[2] ?? match[3])!)

/** What a text imports by name, statically or while it runs; as far as the lexer can tell. */
export function literalSpecifiers(text: string): string[] {
  if (!text.includes('import') && !text.includes('from')) return []
  const called = literalDynamicImports(text)
  try {
    const found = lex(text)[0].flatMap(({ type, specifier }) =>
      type === 'dynamic' || typeof specifier !== 'string' ? [] : [specifier],
    )
    return [...found, ...called]
  } catch {
    return called
  }
}

/** An import of a phase of a module: `import source`, `import.source()`. */
export interface PhaseImport {
  readonly offset: number
  /** From where to where the word stands that names the phase. */
  readonly word: readonly [start: number, end: number]
}

export function phaseImports(text: string): PhaseImport[] {
  if (!MAY_IMPORT_SOURCE.test(text)) return []
  try {
    return lex(text)[0].flatMap(found => {
      if (found.type === 'import-meta' || found.phase !== 'source') return []
      const [before, word] = /^(import\s*)(\.?\s*source)/.exec(text.slice(found.importStart))!.slice(1) as [
        string,
        string,
      ]
      const start = found.importStart + before.length
      return [{ offset: found.importStart, word: [start, start + word.length] as const }]
    })
  } catch {
    return []
  }
}

const MAY_IMPORT_SOURCE = /\bimport\s*\.?\s*source\b/

/**
 * Reads a module without a parser, about ten times faster than with one. Gives up (undefined) on whatever it cannot be sure of; the
 * parser then decides. It never guesses: a text that it accepts is read the same way by `parseModule`.
 *
 * @param names of which is to be told whether the text may have them
 */
export function scanModule(text: string, names: readonly string[] = []): ModuleSource | undefined {
  const code = readCode(text)
  const declared = code && declarationsOf(text, code)
  if (!declared) return undefined
  const requests = new Requests()
  const edits: Edit[] = []
  const imports: ImportEntry[] = []
  const requestOf = new Map<number, number>()
  for (const [index, found] of declared.imports.entries()) {
    if (found.type !== 'import-meta' && found.phase && found.phase !== 'source') return undefined
    if (found.type === 'import-meta' && !MEMBER_ACCESS.test(text.slice(found.end, found.end + 16))) return undefined
    if (found.type === 'dynamic' && !isPlainCall(text, found)) return undefined
    if (found.type === 'dynamic' || found.type === 'import-meta') {
      edits.push({ start: found.importStart, end: found.importStart + IMPORT.length, text: IMPORT })
      continue
    }
    if (found.typeOnly) return undefined
    requestOf.set(index, requests.add(found))
    if (!text.startsWith('import', found.importStart)) continue
    const entries = readImportClause(text, found, requestOf.get(index)!)
    const edit = blankStatement(text, found.importStart, found.importEnd)
    if (!entries || !edit) return undefined
    for (const entry of entries) imports.push(entry)
    edits.push(edit)
  }
  const exports = readExports(text, declared, imports, requestOf, edits)
  if (!exports) return undefined
  const bound = [...imports, ...exports.local]
  if (bound.some(({ localName }) => localName === 'await')) return undefined
  if (code.assigns(bound)) return undefined
  edits.sort((a, b) => a.start - b.start)
  return {
    requests: requests.list,
    imports,
    localExports: exports.local,
    indirectExports: exports.indirect,
    starExports: exports.stars,
    edits,
    hasTopLevelAwait: false,
    mutableExports: false,
    namesDefault: exports.namesDefault,
    unchecked: {
      exportedNames: exports.listed,
      mayStray: code.mayStray,
      mayImport: code.declarations === undefined,
      names: code.named(names),
    },
  }
}

/** Most are written in one of the ways that a reading finds; of the others the lexer tells. */
function declarationsOf(text: string, code: Code): FoundDeclarations | undefined {
  const { declarations } = code
  if (declarations) return foundDeclarations(text, declarations)
  if (MAY_HIDE_IMPORT.test(text)) return undefined
  try {
    const [imports, exports] = lex(text)
    return { imports, exports, declared: [], lists: undefined }
  } catch {
    return undefined
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
    const phase = found.phase === 'source' ? { phase: found.phase } : {}
    const key = JSON.stringify([found.specifier, attributes, phase])
    const known = this.#seen.get(key)
    if (known !== undefined) return known
    this.#seen.set(key, this.list.length)
    return this.list.push({ specifier: found.specifier, attributes, ...phase, offset: found.importStart }) - 1
  }
}

function readImportClause(text: string, found: StaticImport, request: number): ImportEntry[] | undefined {
  const offset = found.importStart
  // The clause is what stands between `import` and `from "…"`; a bare `import "…"` has none.
  const head = text.slice(offset + 'import'.length, found.start - 1)
  const isCommented = head.includes('/')
  if (isCommented && /["']/.test(head)) return undefined
  let clause = (isCommented ? head.replace(COMMENT, ' ') : head).trim()
  if (clause === '') return []
  if (!FROM.test(clause)) return undefined
  clause = clause.slice(0, -'from'.length).trim()
  if (found.phase === 'source') clause = clause.slice('source'.length).trim()
  const entries: ImportEntry[] = []
  const byDefault = DEFAULT_IMPORT.exec(clause)
  if (byDefault) {
    entries.push({ request, importName: 'default', localName: byDefault[1]!, offset })
    clause = clause.slice(byDefault[0].length)
    if (clause === '') return byDefault[0].includes(',') ? undefined : entries
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
