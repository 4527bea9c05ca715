/**
 * What the loader must know of a source text before it can compile it: the fields of a
 * Source Text Module Record (ECMA-262, 16.2.1.7), found with a parser or without one.
 */
export interface ModuleRequest {
  readonly specifier: string
  readonly attributes: Readonly<Record<string, string>>
  /** `import source`: asks for the compiled module, and runs nothing. */
  readonly phase?: 'source'
  /** Offset of the statement in the author's text, for messages. */
  readonly offset: number
}

/** ImportEntry Record: `importName` is undefined for a namespace import. */
export interface ImportEntry {
  readonly request: number
  readonly importName: string | undefined
  readonly localName: string
  readonly offset: number
}

/** ExportEntry Record of an own binding. */
export interface LocalExport {
  readonly exportName: string
  readonly localName: string
}

/** ExportEntry Record of another module's binding; `importName` is undefined for its namespace. */
export interface IndirectExport {
  readonly exportName: string
  readonly request: number
  readonly importName: string | undefined
  readonly offset: number
}

const [v8Major = 0, v8Minor = 0] = process.versions.v8.split('.').map(Number)

/**
 * `import * as ns` with `export { ns }` is another binding of this module, or the same as `export * as ns` (ECMA-262, 16.2.1.7.1 ParseModule, step 10): the
 * specification was changed, and an image does as the engine that it runs on.
 */
export const REEXPORTS_NAMESPACES = v8Major > 14 || (v8Major === 14 && v8Minor >= 6)

/** Replaces `text.slice(start, end)`. Kept to the same length wherever possible, so that places stay the author's. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface ModuleSource {
  readonly requests: readonly ModuleRequest[]
  readonly imports: readonly ImportEntry[]
  readonly localExports: readonly LocalExport[]
  readonly indirectExports: readonly IndirectExport[]
  /** Indexes into `requests`. */
  readonly starExports: readonly number[]
  readonly edits: readonly Edit[]
  readonly hasTopLevelAwait: boolean
  /**
   * Exported local names that are assigned after their declaration: importers must be told.
   * The edits wrap each such assignment in `PUBLISH(...)`.
   */
  readonly mutableExports: boolean
  /** The anonymous default export's local binding is present and wants the name "default". */
  readonly namesDefault: boolean
  /** Undefined once a parser has read the text. */
  readonly unchecked: Unchecked | undefined
}

/** What remains to be checked of a text that no parser has read, and what was found beside. */
interface Unchecked {
  /** Names in export lists: are they declared? */
  readonly exportedNames: readonly string[]
  /** A `return` or `yield` may stand where a module has none. */
  readonly mayStray: boolean
  /** It may have an `import()` or `import.meta`. */
  readonly mayImport: boolean
  /** Of the names that were asked for those that it may have. */
  readonly names: readonly string[]
}

/**
 * Names that the generated code adds. Each starts with a letter that nobody types by accident, and IMPORT is
 * as long as `import`, so that `import(x)` and `import.meta` keep their columns.
 */
export const IMPORT = 'ìmport'
/** Stands for `arguments` outside of functions, where a module has none. Its first letter is Cyrillic: "arguments is not defined" reads as it should. */
export const ARGUMENTS = '\u0430rguments'
export const DEFAULT = 'ìdefault'
export const PUBLISH = 'ì'
export const FILE = 'ìfile'
/** What an image has for looking after the listeners that it adds to what others own; see `wrapSharedEmitters`. */
export const EMITTER = 'í'
/** The same where the call stands one column behind the author's. */
export const MOVED_EMITTER = 'î'
