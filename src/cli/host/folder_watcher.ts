import { lstatSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { type FSWatcher, watch as watchFiles } from 'chokidar'
import { isInside } from '../../images/resolve.ts'
import { realPath } from '../../kernel/module_location.ts'
import { tryToRead } from '../../kernel/thrown.ts'
import { isLeftOut } from './left_out.ts'
import type { LoadedFiles } from './loaded_files.ts'

/** Who is told. */
interface Listener {
  changed(path: string): void
  /** One of the folders is another one by now: anything in it may have changed. */
  foldersChanged(): void
  failed(error: unknown): void
}

/** How often to look whether the folders are still those that are watched: nobody tells of that. In milliseconds. */
const LOOK = 500

/** Which folder a path leads to, through links; undefined while there is none. */
const identityOf = (folder: string): string | undefined =>
  tryToRead(() => {
    const stats = statSync(folder, { throwIfNoEntry: false })
    return stats && `${stats.dev} ${stats.ino}`
  })

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/** Watches folders, and single files elsewhere. A folder may be moved away, come back, and be another one by then. */
export class FolderWatcher {
  readonly #folders: readonly string[]
  readonly #loaded: LoadedFiles
  readonly #listener: Listener
  /** The folders, and where they really are: files of an image have their real places. */
  #roots: ReadonlySet<string>
  readonly #single = new Set<string>()
  /** Of the folders that are watched; undefined for one that is there no more. */
  #identities: readonly (string | undefined)[]
  #watcher: FSWatcher | undefined
  #beginning: Promise<void> = Promise.resolve()
  #looking: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(folders: readonly string[], loaded: LoadedFiles, listener: Listener) {
    this.#folders = folders.map(folder => resolve(folder))
    this.#loaded = loaded
    this.#listener = listener
    this.#roots = this.#findRoots()
    this.#identities = this.#folders.map(identityOf)
  }

  #findRoots(): ReadonlySet<string> {
    return new Set(this.#folders.flatMap(folder => [folder, realPath(folder) ?? folder]))
  }

  /** Watches from here on those of the files that are not watched with their folder. */
  add(files: readonly string[]): void {
    const others = files.filter(file => {
      const below = this.#belowFolder(file)
      return !this.#single.has(file) && (below === undefined || isLeftOut(below))
    })
    for (const file of others) this.#single.add(file)
    this.#watcher?.add(others)
  }

  /** Undefined for what is outside of the folders. */
  #belowFolder(path: string): string | undefined {
    const folder = [...this.#roots].find(candidate => path === candidate || isInside(path, candidate))
    return folder === undefined ? undefined : relative(folder, path)
  }

  /** @returns once everything is watched */
  async begin(): Promise<void> {
    await this.#watch()
    this.#looking = setInterval(() => this.#look(), LOOK)
  }

  async #watch(): Promise<void> {
    const watcher = watchFiles([...this.#folders, ...this.#single], {
      ignored: path => !this.#single.has(path) && isLeftOut(this.#belowFolder(path) ?? ''),
    })
    this.#watcher = watcher
    let isReady = false
    watcher.on('all', (event, path) => {
      // It may be back by the next look.
      if (event === 'unlinkDir') this.#forget(path)
      // Each file and folder is told when it begins to be watched, too.
      const isNews = event === 'add' ? (this.#loaded.hasChanged(path) ?? isReady) : event !== 'addDir' || isReady
      if (isNews) this.#listener.changed(path)
    })
    // A link that leads to another folder now is no event of its own.
    watcher.on('raw', (_event, name, details) => {
      const { watchedPath } = details as { readonly watchedPath?: string }
      if (typeof name !== 'string' || watchedPath === undefined || !this.#roots.has(watchedPath)) return
      const path = join(watchedPath, name)
      if (isLink(path)) this.#listener.changed(join(path, 'package.json'))
    })
    watcher.on('error', error => this.#listener.failed(error))
    await new Promise<void>(ready => watcher.once('ready', ready))
    isReady = true
  }

  #forget(folder: string): void {
    this.#identities = this.#identities.map((identity, at) => (this.#folders[at] === folder ? undefined : identity))
  }

  #look(): void {
    const before = this.#identities
    this.#identities = this.#folders.map(identityOf)
    if (this.#identities.every((identity, at) => identity === before[at])) return
    this.#beginning = this.#beginning
      .then(() => this.#beginAnew())
      .catch((error: unknown) => this.#listener.failed(error))
  }

  /** Watchers stay with the folders that they were made for. */
  async #beginAnew(): Promise<void> {
    await this.#watcher?.close()
    if (this.#isClosed) return
    this.#roots = this.#findRoots()
    await this.#watch()
    if (!this.#isClosed) this.#listener.foldersChanged()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#looking)
    await this.#watcher?.close()
  }
}
