import fs from 'node:fs'
import { join } from 'node:path'
import { forgetDisk } from '../../images/disk.ts'
import { prepareLexer } from '../../images/scan.ts'
import { AliasIndex } from '../../modprobe/alias_index.ts'
import { needsOf, type SortedDependencies, sortDependencies } from '../../modprobe/sort_dependencies.ts'
import type { ModuleFolders, ModuleLocation } from '../module_folders.ts'
import type { Seam } from '../seam.ts'
import { checkModules } from './check.ts'
import { type FolderIndex, PREPARED_FILE, readIndex } from './index_file.ts'
import { asksForAny, changedStems, Listing } from './listing.ts'
import { hashOf } from './read_file.ts'
import { readModule, stampOf } from './read_module.ts'
import type { DepmodProblem, FileStamp, ModuleRecord } from './record.ts'
import { RecordStore } from './record_store.ts'

/** The host goes on between pieces of this many milliseconds. */
const PIECE = 8

/** What a refresh did. */
export interface Refreshed {
  /** Modules that were read, because they or what they import from changed. */
  readonly read: number
}

/**
 * What is known of the modules of the folders without running them. Read when it is first asked for, from the written index where that is
 * still true and from the files where it is not; kept in memory, and brought up to date by looking at the files' times.
 */
export class Catalogue {
  readonly #folders: ModuleFolders
  readonly #seam: Seam
  #listing: Listing | undefined
  #records = new RecordStore()
  #stamps = new Map<string, readonly FileStamp[]>()
  /** By folder: the index as written there, while it says the same as this catalogue. */
  #written = new Map<string, { readonly prepared: string; readonly aliases: number }>()
  #refreshing: Promise<Refreshed> | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  #aliases: AliasIndex | undefined
  #symbols: AliasIndex | undefined
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
    if (this.#seam.now() - this.#checkedAt > age || !this.#listing?.isCurrent) await this.refresh()
  }

  /** Makes sure of one module and all that it needs; looks at no other file unless one of these has changed. */
  async refreshFor(name: string): Promise<void> {
    const listed = this.#listing?.isCurrent && this.#listing.modules.has(name)
    if (!listed || !this.#chain(name).every(module => this.#isCurrent(module))) await this.refresh()
  }

  location(name: string): ModuleLocation | undefined {
    return this.#listing?.modules.get(name)
  }

  get locations(): ReadonlyMap<string, ModuleLocation> {
    return this.#listing?.modules ?? new Map()
  }

  /** The folders, symbolic links followed. */
  get folders(): readonly string[] {
    return this.#listing?.folders ?? []
  }

  folderOf(name: string): string | undefined {
    return this.#listing?.folderOf.get(name)
  }

  record(name: string): ModuleRecord | undefined {
    return this.#records.get(name)
  }

  /** How many modules there are. */
  get size(): number {
    return this.#stamps.size
  }

  get records(): RecordStore {
    return this.#records
  }

  /** Does the folder's written index say the same as this catalogue? */
  isWritten(folder: string): boolean {
    return this.#written.has(folder)
  }

  stampsIn(folder: string): Map<string, readonly FileStamp[]> {
    return new Map([...this.#stamps].filter(([name]) => this.folderOf(name) === folder))
  }

  /** The index of all aliases. */
  get aliases(): AliasIndex {
    this.#aliases ??= this.#preparedAliases() ?? this.#indexOf(this.#stamps.keys(), ({ info }) => info.aliases)
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
    return this.#indexOf(this.stampsIn(folder).keys(), ({ info }) => info.aliases)
  }

  /** `symbol:NAME`, for every symbol. */
  get symbols(): AliasIndex {
    this.#symbols ??= this.#indexOf(this.#stamps.keys(), ({ symbols }) => symbols.map(symbol => `symbol:${symbol}`))
    return this.#symbols
  }

  /**
   * All that a module needs, nearest first.
   *
   * @throws DependencyLoopError
   */
  needs(module: string): readonly string[] {
    const direct = new Map<string, readonly string[]>()
    const pending = [module]
    for (const next of pending) {
      if (direct.has(next)) continue
      direct.set(next, this.#uses(next))
      pending.push(...direct.get(next)!)
    }
    return needsOf(module, direct)
  }

  sorted(): SortedDependencies {
    return sortDependencies(new Map([...this.#records.names()].map(name => [name, this.#uses(name)])))
  }

  /** All that is wrong in the folders. */
  problems(): readonly DepmodProblem[] {
    const records = () => new Map([...this.#records.records()].map(record => [record.name, record]))
    this.#problems ??= checkModules(records(), this.sorted().loops, this.#listing?.duplicates ?? [])
    return this.#problems
  }

  /** Says that the folder's index now tells what this catalogue does. */
  markWritten(folder: string, prepared: string, aliases: number): void {
    this.#written.set(folder, { prepared, aliases })
  }

  #uses(name: string): string[] {
    return [...new Set(this.#records.get(name)?.uses.map(({ module }) => module))]
  }

  #chain(name: string): string[] {
    const chain = new Set([name])
    for (const module of chain) for (const used of this.#uses(module)) chain.add(used)
    return [...chain]
  }

  async #refresh(): Promise<Refreshed> {
    await prepareLexer()
    const listing = new Listing(this.#folders)
    if (this.#listing === undefined) this.#readWritten(listing)
    const pause = pauses(this.#seam)
    const restamped = new Map<string, readonly FileStamp[]>()
    const stale = new Set<string>()
    for (const [name, { file }] of listing.modules) {
      const stamps = this.#stamps.get(name)
      const current = stamps?.[0]?.path === file ? currentStamps(stamps) : undefined
      if (current === undefined) stale.add(name)
      else if (current !== stamps) restamped.set(name, current)
      const paused = pause()
      if (paused) await paused
    }
    if (stale.size > 0 || restamped.size > 0 || this.#stamps.size !== listing.modules.size)
      await this.#rebuild(listing, stale, restamped)
    this.#listing = listing
    this.#checkedAt = this.#seam.now()
    return { read: stale.size }
  }

  /** Reads what is stale, `stale` growing by those whom a file concerns that came or went, and keeps the rest. */
  async #rebuild(
    listing: Listing,
    stale: Set<string>,
    restamped: ReadonlyMap<string, readonly FileStamp[]>,
  ): Promise<void> {
    const pause = pauses(this.#seam)
    const stems = changedStems(new Map([...this.#stamps].map(([name, [entry]]) => [name, entry!.path])), listing)
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
        stamps.set(name, restamped.get(name) ?? this.#stamps.get(name)!)
        records.set(name, this.#records.line(name)!)
      }
      const paused = pause()
      if (paused) await paused
    }
    this.#records = records
    this.#stamps = stamps
    this.#written.clear()
    this.#aliases = this.#symbols = this.#problems = undefined
  }

  #readWritten(listing: Listing): void {
    const indexes: FolderIndex[] = []
    for (const folder of listing.folders) {
      const index = readIndex({ folder, folders: listing.folders })
      if (!index) continue
      this.#written.set(folder, index)
      this.#problems = index.problems
      indexes.push(index)
      for (const [name, stamps] of index.stamps)
        if (stamps.length > 0 && !this.#stamps.has(name)) this.#stamps.set(name, stamps)
    }
    this.#records = new RecordStore(linesOf(indexes))
  }

  #isCurrent(name: string): boolean {
    const stamps = this.#stamps.get(name)
    return stamps?.every(stamp => freshStamp(stamp) === stamp) === true
  }

  #preparedAliases(): AliasIndex | undefined {
    const [folder] = this.#written.keys()
    if (folder === undefined || !this.#isOfOneFolder) return undefined
    try {
      const bytes = fs.readFileSync(join(folder, PREPARED_FILE))
      return hashOf(bytes) === this.#written.get(folder)!.prepared ? AliasIndex.fromPrepared(bytes) : undefined
    } catch {
      return undefined
    }
  }

  #indexOf(names: Iterable<string>, aliasesOf: (record: ModuleRecord) => readonly string[]): AliasIndex {
    const index = new AliasIndex()
    for (const name of names) for (const alias of aliasesOf(this.#records.get(name)!)) index.add(alias, name)
    return index
  }
}

function* linesOf(indexes: readonly FolderIndex[]): Generator<readonly [name: string, line: Buffer]> {
  for (const index of indexes) yield* index.lines()
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

/** The stamps of a module whose files have not changed: the very same where their times have not either. Undefined when one has changed. */
function currentStamps(stamps: readonly FileStamp[]): readonly FileStamp[] | undefined {
  const fresh: FileStamp[] = []
  let same = true
  for (const stamp of stamps) {
    const now = freshStamp(stamp)
    if (now === undefined) return undefined
    same &&= now === stamp
    fresh.push(now)
  }
  return same ? stamps : fresh
}

/** The same stamp when the file's time and size are, a new one when only its time is another, undefined when its contents are. */
function freshStamp(stamp: FileStamp): FileStamp | undefined {
  const { path, mtime, size, hash } = stamp
  const found = fs.statSync(path, { throwIfNoEntry: false })
  if (found?.size !== size) return undefined
  if (found.mtimeMs === mtime) return stamp
  try {
    const bytes = fs.readFileSync(path)
    return hashOf(bytes) === hash ? stampOf(path, bytes, hash) : undefined
  } catch {
    return undefined
  }
}
