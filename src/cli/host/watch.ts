import { lstatSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { type FSWatcher, watch as watchFiles } from 'chokidar'
import { isInside } from '../../images/resolve.ts'
import { isSameStamp, type Stamp, stampAt } from '../../images/stamp.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { realPath } from '../../kernel/module_location.ts'
import { messageOf, tryToRead } from '../../kernel/thrown.ts'
import { formatError, type Reporter } from './report.ts'
import { Updates, type Waiting } from './updates.ts'

interface Watcher {
  close(): Promise<void>
}

/** Hidden files, and what editors and databases write beside a file. */
const NOISE = /(?:^|[\\/])\.[^\\/]*$|~$|\.(?:sw[a-z]|tmp|db)$|-(?:journal|wal|shm)$/

const IN_PACKAGES = /(?:^|[\\/])node_modules[\\/]/

/** What npm, pnpm and Yarn write at the end of an installation. */
const INSTALLED = /(?:^|[\\/])node_modules[\\/]\.(?:package-lock\.json|modules\.yaml|yarn-state\.yml)$/

/**
 * What is watched of a folder before anything of it is loaded: all but packages, which may have more files than the system lets a process watch.
 *
 * @param below the path inside of the folder, which may have any name itself
 */
const isLeftOut = (below: string): boolean => !INSTALLED.test(below) && (IN_PACKAGES.test(below) || NOISE.test(below))

/** Undefined also of what may not be looked at. */
const stampNow = (file: string): Stamp | undefined => tryToRead(() => stampAt(file))

/** How often to look whether the folders are still those that are watched: nobody tells of that. In milliseconds. */
const LOOK = 500

/** Which folder a path leads to, through links; undefined while there is none. */
const identityOf = (folder: string): string | undefined =>
  tryToRead(() => {
    const stats = statSync(folder, { throwIfNoEntry: false })
    return stats && `${stats.dev} ${stats.ino}`
  })

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/**
 * Replaces modules whose files change, inserts new ones, removes those whose file is gone. What fails because of another module is tried
 * again when one goes into service or is gone. A folder of modules may be moved away, come back, and be another one by then. Watched are the module folders, and whatever else modules were made of: files of packages, and files outside of the folders.
 *
 * @param waiting what failed already
 */
export async function watchModules(kernel: Kernel, report: Reporter, waiting: Waiting): Promise<Watcher> {
  const updates = new Updates(kernel, report, waiting)
  const folders = kernel.folders.map(folder => resolve(folder))
  // Files of an image have their real places.
  const rootsNow = (): Set<string> => new Set([...folders, ...folders.map(folder => realPath(folder) ?? folder)])
  let roots = rootsNow()
  /** Undefined for what is outside of the folders. */
  const belowFolder = (path: string): string | undefined => {
    const folder = [...roots].find(candidate => path === candidate || isInside(path, candidate))
    return folder === undefined ? undefined : relative(folder, path)
  }
  /** Files that are watched one by one. */
  const single = new Set<string>()
  /** What files were when a module of them went into service: they may change before they are watched. */
  const loaded = new Map<string, Stamp | undefined>()
  let watcher: FSWatcher | undefined

  const watchFilesOf = (name: string): void => {
    const files = kernel.filesOf(name)
    for (const file of files) loaded.set(file, stampNow(file))
    const others = files.filter(file => {
      const below = belowFolder(file)
      return !single.has(file) && (below === undefined || isLeftOut(below))
    })
    for (const file of others) single.add(file)
    watcher?.add(others)
  }
  const onLive = ({ module }: { readonly module: string }): void => {
    watchFilesOf(module)
    updates.tryAgain()
  }
  const onGone = (): void => updates.tryAgain()
  kernel.on('live', onLive)
  kernel.on('gone', onGone)
  for (const { name } of kernel.lsmod()) watchFilesOf(name)

  const onChange = (path: string): void => {
    // An installation is a change of the package that it was made for.
    const changed = INSTALLED.test(path) ? join(dirname(dirname(path)), 'package.json') : path
    try {
      for (const name of kernel.modulesOf(changed)) updates.changed(name)
    } catch (error) {
      report.problem(`watch: ${path}: ${formatError(error)}`)
    }
  }
  /** The folders that are watched; undefined for one that is there no more. */
  let identities = folders.map(identityOf)
  /** Begins to watch. @returns once everything is */
  const begin = async (): Promise<FSWatcher> => {
    const begun = watchFiles([...folders, ...single], {
      ignored: path => !single.has(path) && isLeftOut(belowFolder(path) ?? ''),
    })
    watcher = begun
    let isReady = false
    /** Each file is told when it begins to be watched, too. */
    const isNews = (path: string): boolean => {
      const before = loaded.get(path)
      const now = before && stampNow(path)
      return before && now ? !isSameStamp(before, now) : isReady
    }
    begun.on('all', (event, path) => {
      // It may be back by the next look.
      if (event === 'unlinkDir')
        identities = identities.map((identity, at) => (folders[at] === path ? undefined : identity))
      if (event === 'addDir' ? isReady : event !== 'add' || isNews(path)) onChange(path)
    })
    // A link that leads to another folder now is no event of its own.
    begun.on('raw', (_event, name, details) => {
      const { watchedPath } = details as { readonly watchedPath?: string }
      if (typeof name !== 'string' || watchedPath === undefined || !roots.has(watchedPath)) return
      const path = join(watchedPath, name)
      if (isLink(path)) onChange(join(path, 'package.json'))
    })
    begun.on('error', error => report.problem(`watch: ${messageOf(error)}`))
    await new Promise<void>(ready => begun.once('ready', ready))
    isReady = true
    return begun
  }

  /** Whether the files of the module are those that it was made of. */
  const isAsLoaded = (name: string): boolean =>
    kernel.filesOf(name).every(file => {
      const before = loaded.get(file)
      const now = before && stampNow(file)
      return before && now && isSameStamp(before, now)
    })

  let isClosed = false
  /** Watchers stay with the folders that they were made for. */
  const beginAnew = async (): Promise<void> => {
    await watcher?.close()
    if (isClosed) return
    roots = rootsNow()
    await begin()
    const found = new Map(kernel.available().map(({ name, file }) => [name, file]))
    for (const { name, file } of kernel.lsmod()) {
      if (found.get(name) !== file || !isAsLoaded(name)) updates.changed(name)
      found.delete(name)
    }
    for (const name of found.keys()) updates.changed(name)
  }
  let beginning: Promise<unknown> = begin()
  await beginning
  const looking = setInterval(() => {
    const now = folders.map(identityOf)
    const isOther = now.some((identity, at) => identity !== identities[at])
    identities = now
    if (isOther) beginning = beginning.then(beginAnew).catch(error => report.problem(`watch: ${formatError(error)}`))
  }, LOOK)
  return {
    async close() {
      isClosed = true
      clearInterval(looking)
      kernel.off('live', onLive)
      kernel.off('gone', onGone)
      updates.close()
      await watcher?.close()
    },
  }
}
