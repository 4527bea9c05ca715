import type { Export, Import, StaticImport } from 'es-module-lexer'
import { FIELDS } from './code_reader.ts'

type Fields<Of> = Of extends unknown
  ? Pick<
      Of,
      Extract<keyof Of, 'type' | 'name' | 'localName' | 'importName' | 'importIndex' | 'exportStart' | 'typeOnly'>
    >
  : never
/** What is used of what the lexer gives. */
export type FoundExport = Fields<Export>

/** Imports and exports of a text. */
export interface FoundDeclarations {
  readonly imports: readonly Import[]
  /** As the lexer gives them. */
  readonly exports: readonly FoundExport[]
  /** What `export` stands before, where that is known: a statement can begin there, and the name is as it is written. */
  readonly declared: readonly DeclaredExport[]
  /** Where exports of lists end, by where they begin, if that is known and there are any. */
  readonly lists: ReadonlyMap<number, number> | undefined
}

/** `export const name = …` */
interface DeclaredExport {
  readonly name: string
  readonly exportStart: number
}

// Kinds of declarations, as in assembly/declarations.ts.
const DECLARED = 1
const DEFAULTED = 2
const IMPORTED = 3
const LISTED = 4
const RENAMED = 5
const EXPORTED_FROM = 6
const STARRED = 7
const LIST_END = 8

/**
 * The imports and exports that a reading found, most of them as the lexer would give them. But one that exports an imported name by a list without `from` is told as direct.
 *
 * @param fields of each its kind, where the statement begins, and from where to where the name or specifier stands
 */
export function foundDeclarations(text: string, fields: Int32Array): FoundDeclarations {
  const imports: StaticImport[] = []
  const exports: FoundExport[] = []
  const declared: DeclaredExport[] = []
  let lists: Map<number, number> | undefined
  /** What the list or star that is read exports, until it is known from where. */
  let open: Listed[] = []
  const add = (listed: readonly Listed[], importIndex: number | undefined): void => {
    for (const { exportStart, name, importName } of listed)
      exports.push(
        importIndex === undefined
          ? { type: 'direct', name: name!, localName: importName!, exportStart, typeOnly: false }
          : name === undefined
            ? { type: 'reexport-all', importIndex, exportStart, typeOnly: false }
            : { type: 'reexport', name, importName, importIndex, exportStart, typeOnly: false },
      )
    open = []
  }
  for (let at = 0; at < fields.length; at += FIELDS) {
    const kind = fields[at]!
    const start = fields[at + 1]!
    const from = fields[at + 2]!
    const to = fields[at + 3]!
    const name = to === 0 ? undefined : text.slice(from, to)
    if (open.length > 0 && open[0]!.exportStart !== start) add(open, undefined)
    switch (kind) {
      case DECLARED:
        declared.push({ name: name!, exportStart: start })
        break
      case DEFAULTED:
        exports.push({ type: 'direct', name: 'default', localName: name, exportStart: start, typeOnly: false })
        break
      case LISTED:
        open.push({ exportStart: start, name: name!, importName: name! })
        break
      case RENAMED:
        open.at(-1)!.name = name!
        break
      case LIST_END:
        lists ??= new Map()
        lists.set(start, to)
        break
      case STARRED:
        open.push({ exportStart: start, name, importName: null })
        break
      case IMPORTED:
      case EXPORTED_FROM: {
        const type = kind === EXPORTED_FROM && open[0]?.name === undefined ? 'reexport-star' : 'static'
        imports.push(importOf(type, text, start, from, to))
        if (lists?.has(start)) lists.set(start, to + 1)
        if (kind === EXPORTED_FROM) add(open, imports.length - 1)
      }
    }
  }
  add(open, undefined)
  return { imports, exports, declared, lists }
}

interface Listed {
  readonly exportStart: number
  /** Undefined of all that another module exports. */
  name: string | undefined
  /** Null of its namespace. */
  readonly importName: string | null
}

/** @param start where the specifier begins, without its quotes */
function importOf(
  type: StaticImport['type'],
  text: string,
  importStart: number,
  start: number,
  end: number,
): StaticImport {
  const without = { phase: null, attributes: null, attributesStart: -1, typeOnly: false }
  return { type, specifier: text.slice(start, end), start, end, importStart, importEnd: end + 1, ...without }
}
