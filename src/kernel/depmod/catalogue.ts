import fs from 'node:fs'
import { join } from 'node:path'
import { forgetDisk } from '../../images/disk.ts'
import { lazily } from '../../images/lazy.ts'
import { sha256 } from '../../images/node_parts.ts'
import { AliasIndex } from '../../modprobe/alias_index.ts'
import type { Softdeps } from '../../modprobe/dependency_order.ts'
import type { FolderContents } from '../folder_contents.ts'
import type { ModuleFolders } from '../module_folders.ts'
import type { ModuleLocation } from '../module_location.ts'
import type { Seam } from '../seam.ts'
import { checkModules } from './check.ts'
import { type Fingerprint, fingerprintOf, stillHolds } from './fingerprint.ts'
import { type FolderIndex, INDEX_FILE, PREPARED_FILE, readIndex } from './index_file.ts'
import { asksForAny, changedStems, Listing } from './listing.ts'
import { readModule } from './read_module.ts'
import type { DepmodProblem, ModuleRecord } from './record.ts'
import { RecordStore } from './record_store.ts'
import { Relations } from './relations.ts'
import { currentStamps, type FileStamp } from './stamp.ts'

/** The host goes on between pieces of this many milliseconds. */
const PIECE = 8

/** What a refresh did. */
interface Refreshed {
  /** Modules that were read, because they or what they import from changed. */
  readonly read: number
}

/** For who loads this late: a class cannot be stood in for. */
export const createCatalogue = (folders: ModuleFolders, seam: Seam): Catalogue => new Catalogue(folders, seam)

/**
 * What is known of the modules of the folders without running them. Read when it is first asked for, from the written index where that is
 * still true and from the files where it is not; kept in memory, and brought up to date by looking at the files' times.
 */
export class Catalogue {
  readonly #folders: ModuleFolders
  readonly #seam: Seam
  /** Undefined before the first refresh. */
  #contents: readonly FolderContents[] | undefined
  #listing = lazily(() => new Listing([]))
  #records = new RecordStore()
  #relations = new Relations(this.#records)
  #stamps: () => ReadonlyMap<string, readonly FileStamp[]> = () => new Map()
  #size = 0
  /** By folder: while they hold, so does all that is known. */
  #fingerprints = new Map<string, Fingerprint>()
  /** By folder: the index of which something may not have been read yet. */
  readonly #indexes = new Map<string, FolderIndex>()
  /** By folder: the index as written there, while it says the same as this catalogue. */
  #written = new Map<string, Pick<FolderIndex, 'fingerprint' | 'prepared' | 'aliases'>>()
  #refreshing: Promise<Refreshed> | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  #aliases: AliasIndex | undefined
  #problems: readonly DepmodProblem[] | undefined

  constructor(folders: ModuleFolders, seam: Seam) {
    this.#folders = folders
    this.#seam = seam
  }

  /** Looks at every file's time, and reads what has changed. Several at once are one. */
  refresh(): Promise<Refreshed> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** As `refresh`, unless that was done at most `age` milliseconds ago and no file has come or gone in the folders. */
  async refreshOlderThan(age: number): Promise<void> {
    if (this.#seam.now() - this.#checkedAt > age || !this.#isListed) await this.refresh()
  }

  /**
   * Makes sure of one module and all that it needs or wishes for; looks at no other file unless one of these has changed, or is no module: then any may have it for an alias.
   *
   * @param configured the wishes that count instead of a module's own
   */
  async refreshFor(name: string, configured: (module: string) => Softdeps | undefined): Promise<void> {
    if (!this.#isListed || !this.#relations.chain(name, configured).every(module => this.#isCurrent(module)))
      await this.refresh()
  }

  location(name: string): ModuleLocation | undefined {
    return this.#listing().modules.get(name)
  }

  /** The folders, symbolic links followed. */
  get folders(): readonly string[] {
    return (this.#contents ?? []).map(({ folder }) => folder)
  }

  folderOf(name: string): string | undefined {
    return this.#listing().folderOf.get(name)
  }

  record(name: string): ModuleRecord | undefined {
    return this.#records.get(name)
  }

  /** How many modules there are. */
  get size(): number {
    return this.#size
  }

  get records(): RecordStore {
    return this.#records
  }

  get relations(): Relations {
    return this.#relations
  }

  /** Does the folder's written index say the same as this catalogue? */
  isWritten(folder: string): boolean {
    return this.#written.has(folder) && fs.existsSync(join(folder, INDEX_FILE))
  }

  stampsIn(folder: string): Map<string, readonly FileStamp[]> {
    return new Map([...this.#stamps()].filter(([name]) => this.folderOf(name) === folder))
  }

  /** While it holds, nothing in the folder has changed. */
  fingerprintOf(folder: string): Fingerprint | undefined {
    return this.#fingerprints.get(folder)
  }

  /** The index of all aliases. */
  get aliases(): AliasIndex {
    this.#aliases ??= this.#preparedAliases() ?? this.#relations.aliases
    return this.#aliases
  }

  /** How many aliases there are. Where the written index says so, none of them is read. */
  get aliasCount(): number {
    const [written] = this.#written.values()
    return this.#aliases === undefined && written !== undefined && this.#isOfOneFolder
      ? written.aliases
      : this.aliases.size
  }

  get #isOfOneFolder(): boolean {
    return this.#written.size === 1 && this.#folders.folders.length === 1
  }

  /** The aliases of one folder's modules. */
  aliasesIn(folder: string): AliasIndex {
    if (this.#folders.folders.length === 1) return this.aliases
    return this.#relations.aliasesOf(this.stampsIn(folder).keys())
  }

  /** All that is wrong in the folders. */
  problems(): readonly DepmodProblem[] {
    const records = () => new Map([...this.#records.records()].map(record => [record.name, record]))
    this.#problems ??= checkModules(records(), this.#relations.sorted().loops, this.#listing().duplicates)
    return this.#problems
  }

  /** Says that the folder's index now tells what this catalogue does. */
  markWritten(folder: string, prepared: string, aliases: number): void {
    this.#written.set(folder, { fingerprint: this.#fingerprints.get(folder), prepared, aliases })
  }

  get #isListed(): boolean {
    return this.#contents?.every(({ isCurrent }) => isCurrent) === true
  }

  async #refresh(): Promise<Refreshed> {
    const contents = this.#folders.contents(this.#contents)
    if (this.#contents === undefined || ![...this.#indexes.values()].every(index => index.isThere()))
      this.#readWritten(contents)
    const read = (await this.#stillHolds(contents)) ? 0 : await this.#bringUpToDate(contents)
    this.#contents = contents
    this.#checkedAt = this.#seam.now()
    return { read }
  }

  async #stillHolds(folders: readonly FolderContents[]): Promise<boolean> {
    const pause = pauses(this.#seam)
    for (const contents of folders) {
      const fingerprint = this.#fingerprints.get(contents.folder)
      if (fingerprint === undefined || !(await stillHolds(fingerprint, contents, pause))) return false
    }
    return true
  }

  /** Looks at each module, and reads those that have changed. */
  async #bringUpToDate(folders: readonly FolderContents[]): Promise<number> {
    const listing = new Listing(folders)
    const pause = pauses(this.#seam)
    const restamped = new Map<string, readonly FileStamp[]>()
    const stale = new Set<string>()
    for (const [name, { file }] of listing.modules) {
      const stamps = this.#stamps().get(name)
      const current = stamps?.[0]?.path === file ? currentStamps(stamps) : undefined
      if (current === undefined) stale.add(name)
      else if (current !== stamps) restamped.set(name, current)
      const paused = pause()
      if (paused) await paused
    }
    if (stale.size > 0 || restamped.size > 0 || this.#stamps().size !== listing.modules.size)
      await this.#rebuild(listing, stale, restamped)
    this.#listing = () => listing
    // Two modules of one name are a matter of the listing alone.
    this.#problems = undefined
    this.#takeFingerprints(folders)
    return stale.size
  }

  #takeFingerprints(folders: readonly FolderContents[]): void {
    this.#fingerprints.clear()
    for (const contents of folders) {
      const { folder } = contents
      const fingerprint = fingerprintOf(contents, [...this.stampsIn(folder).values()].flat())
      if (fingerprint) this.#fingerprints.set(folder, fingerprint)
      if (this.#written.get(folder)?.fingerprint?.hash !== fingerprint?.hash) this.#written.delete(folder)
    }
  }

  /** Reads what is stale, `stale` growing by those whom a file concerns that came or went, and keeps the rest. */
  async #rebuild(
    listing: Listing,
    stale: Set<string>,
    restamped: ReadonlyMap<string, readonly FileStamp[]>,
  ): Promise<void> {
    const pause = pauses(this.#seam)
    const stems = changedStems(new Map([...this.#stamps()].map(([name, [entry]]) => [name, entry!.path])), listing)
    const records = new RecordStore()
    const stamps = new Map<string, readonly FileStamp[]>()
    forgetDisk()
    for (const [name, location] of listing.modules) {
      if (stems.size > 0 && !stale.has(name) && asksForAny(this.#records.get(name)!, stems)) stale.add(name)
      if (stale.has(name)) {
        const made = readModule(location, listing)
        stamps.set(name, made.stamps)
        records.add(made.record)
      } else {
        stamps.set(name, restamped.get(name) ?? this.#stamps().get(name)!)
        records.set(name, this.#records.line(name)!)
      }
      const paused = pause()
      if (paused) await paused
    }
    this.#take(records)
    this.#stamps = () => stamps
    this.#size = stamps.size
    this.#forget()
  }

  /** Takes what the folders' indexes say, instead of all that was known. */
  #readWritten(folders: readonly FolderContents[]): void {
    this.#forget()
    this.#fingerprints.clear()
    this.#size = 0
    const place = folders.map(({ folder }) => folder)
    for (const { folder } of folders) {
      const index = readIndex({ folder, folders: place })
      if (!index) continue
      this.#indexes.set(folder, index)
      this.#written.set(folder, index)
      if (index.fingerprint) this.#fingerprints.set(folder, index.fingerprint)
      this.#problems = index.problems
      this.#size += index.count
    }
    const indexes = new Map(this.#indexes)
    this.#listing = lazily(() => new Listing(folders))
    this.#take(new RecordStore(linesOf(indexes, this.#listing)))
    this.#stamps = lazily(() => new Map([...indexes.values()].flatMap(index => [...index.stamps()])))
  }

  /** What was made of records that have changed since. */
  #forget(): void {
    this.#indexes.clear()
    this.#written.clear()
    this.#aliases = this.#problems = undefined
  }

  #take(records: RecordStore): void {
    this.#records = records
    this.#relations = new Relations(records)
  }

  #isCurrent(name: string): boolean {
    const stamps = this.#stamps().get(name)
    return stamps !== undefined && currentStamps(stamps) === stamps
  }

  #preparedAliases(): AliasIndex | undefined {
    const [folder] = this.#written.keys()
    if (folder === undefined || !this.#isOfOneFolder) return undefined
    try {
      const bytes = fs.readFileSync(join(folder, PREPARED_FILE))
      return sha256(bytes) === this.#written.get(folder)!.prepared ? AliasIndex.fromPrepared(bytes) : undefined
    } catch {
      return undefined
    }
  }
}

/** The records that the indexes of the folders have. Where one cannot be read to its end any more, the folder's modules are read instead. */
function* linesOf(
  indexes: ReadonlyMap<string, FolderIndex>,
  listing: () => Listing,
): Generator<readonly [name: string, line: Buffer]> {
  for (const [folder, index] of indexes) {
    const lines = index.lines()
    if (lines) yield* lines
    else
      for (const location of listing().modules.values())
        if (listing().folderOf.get(location.name) === folder)
          yield [location.name, Buffer.from(JSON.stringify(readModule(location, listing()).record))]
  }
}

/** Lets the host go on when it has had to wait for long enough. */
function pauses(seam: Seam): () => Promise<void> | undefined {
  let end = seam.now() + PIECE
  return () => {
    if (seam.now() < end) return undefined
    return seam.loopTurn().then(() => {
      end = seam.now() + PIECE
    })
  }
}
