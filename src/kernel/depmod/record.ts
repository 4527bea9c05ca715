import type { ModuleInfo } from '../info.ts'

/** Something that is wrong in a module folder, and where. */
export interface DepmodProblem {
  readonly code: 'ENOENT' | 'ENOEXEC' | 'ESYMBOL' | 'EEXIST' | 'ELOOP' | 'EINVAL'
  readonly module: string
  /** `file:line:column`, or the file alone. */
  readonly place: string
  readonly message: string
}

/** What one module imports from another. */
export interface ModuleUse {
  readonly module: string
  readonly symbols: readonly string[]
  /** `file:line:column` of the import. */
  readonly place: string
}

/** One line of the index: all that is known of a module without running it. */
export interface ModuleRecord {
  readonly name: string
  /** The entry's path. */
  readonly file: string
  /** The module's own folder, when it is one. */
  readonly root?: string
  readonly info: ModuleInfo
  /** What other modules may import. */
  readonly symbols: readonly string[]
  /** True when it may export more than `symbols`: what a package or CommonJS gives is known only once it runs. */
  readonly open?: true
  /** Exports that are no symbols, `init`, `exit`, `probe` and so on: importing one is possible, and unusual. */
  readonly others: readonly string[]
  /** Specifiers that its entry imports. */
  readonly imports: readonly string[]
  readonly uses: readonly ModuleUse[]
  /** Last parts, without extension, of the relative paths that its files import: whom a new or missing file may concern. */
  readonly asksFor: readonly string[]
  /** Modules whose exports it exports with `export *`. */
  readonly stars?: readonly string[]
  /** Bytes and SHA-256 of the entry file. */
  readonly size: number
  readonly hash: string
  readonly problems?: readonly DepmodProblem[]
}

/** Exports that the kernel itself uses are no symbols, and a default export has no name. */
const NO_SYMBOLS: readonly string[] = ['info', 'init', 'exit', 'handoff', 'probe', 'default']

export const isSymbol = (name: string): boolean => !NO_SYMBOLS.includes(name)
