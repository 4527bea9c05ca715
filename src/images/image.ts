import type { ImageFault } from './fault.ts'
import type { ModuleRecord } from './module_record.ts'
import type { OwnPackages } from './own_packages.ts'

/** Variables around the files of an image, in place of globals. */
export interface ImageGlobals {
  /** The same list for as many images as possible: what depends on it alone is made once. */
  readonly names: readonly string[]
  of(name: string): unknown
}

export const NO_GLOBALS: ImageGlobals = { names: [], of: () => undefined }

/** What an image is told of the world outside it. */
export interface ImageEnvironment {
  /** The image's own views of globals. */
  readonly globals: ImageGlobals
  /** The image's own view of a builtin, as `require` would give it. */
  builtin(name: string): unknown
  /** The file of a package that this environment brings along, whatever is installed beside the importing file. */
  provided?(specifier: string): string | undefined
  /** Told of each native addon that a file of the image loads, for the first time, before it is loaded: it belongs to the process, and stays. */
  usesAddon?(file: string): void
  /** Packages that belong to the image wherever they are installed; none when undefined. */
  readonly ownPackages?: OwnPackages | undefined
  /** Is this file the entry of a module of the kernel? */
  isModule(file: string): boolean
  /**
   * Looks at the contents of each file of the image before it is used.
   *
   * @throws when they are not what was signed
   */
  verify?(file: string, contents: Uint8Array): void
  /** The exports of another module, asked for while the code runs (`import()`). */
  requestModule(file: string, specifier: string): Promise<ModuleRecord>
}

/** An import of another module of the kernel, found while reading the files. */
export interface Dependency {
  readonly file: string
  readonly specifier: string
  /** What is imported by name, and where, for the message when it is not there. */
  readonly importer: string
  readonly symbols: readonly string[]
  readonly offset: number
}

export interface ImageOptions {
  /** `hello#3`: for messages. */
  readonly label: string
  readonly entry: string
  /** The module's folder, when it is one. */
  readonly root: string | undefined
  readonly environment: ImageEnvironment
}

/** A file of an image whose imports can be pointed at another module: see `relink`. */
export interface Importer {
  /** Requests `to` wherever `from` was requested; the result takes that back. Bindings stay as they were until `resolveAgain`. */
  retarget(from: ModuleRecord, to: ModuleRecord): () => void
  /**
   * Resolves the imports anew; the result binds them, and cannot fail.
   *
   * @throws ImageFault `symbol`; the bindings have not changed then
   */
  resolveAgain(): () => void
}

/**
 * The code and data of one insertion, as the kernel sees it. It is collected when, and only when, nobody can call any function of it.
 */
export interface Image {
  /** `hello#3` */
  readonly label: string
  /** Bytes of source text that this image keeps compiled, its own files only. */
  readonly bytes: number
  /** The files that the image has read. A change of any of them makes it out of date. */
  readonly files: readonly string[]
  readonly dependencies: readonly Dependency[]
  readonly entryRecord: ModuleRecord
  /**
   * Reads the entry and everything that it imports, runs nothing of it, and loads the host's packages.
   *
   * @throws ImageFault
   */
  read(): Promise<void>
  /** The text of one of its files, types stripped. */
  readText(file: string): string
  /** A fault at the import statement of a dependency. */
  faultOf(dependency: Dependency, symbol: string): ImageFault
  /**
   * Resolves every import and compiles every file. `modules` holds the entry records of the dependencies by file.
   *
   * @throws ImageFault `symbol`, `syntax`
   */
  link(modules: ReadonlyMap<string, ModuleRecord>): void
  /** Runs the entry and what it imports, in the order of the specification. Undefined when all has run to its end by now. */
  evaluate(): Promise<void> | undefined
  sourceModules(): Iterable<Importer>
  /** Lets go of texts that nobody needs any more once the image is removed. */
  dropTexts(): void
  /**
   * Makes the image useless: whatever its files import or export throws `stale(name)` when it is touched, and everything that it held is let go. Code that is running goes
   * on as far as it needs none of that.
   */
  cut(stale: (name: string) => Error): void
}

/** Makes the image of one insertion; nothing is read yet. */
export type CreateImage = (options: ImageOptions) => Image
