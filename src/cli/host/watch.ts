import { lstatSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { watch as watchFiles } from 'chokidar'
import { isInside } from '../../images/resolve.ts'
import { isSameStamp, type Stamp, stampAt } from '../../images/stamp.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { realPath } from '../../kernel/module_location.ts'
import { tryToRead } from '../../kernel/thrown.ts'
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

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/**
 * Replaces modules whose files change, inserts new ones, removes those whose file is gone. What fails because of another module is tried
 * again when one goes into service. Watched are the module folders, and whatever else modules were made of: files of packages, and files outside of the folders.
 *
 * @param waiting what failed already
 */
export async function watchModules(kernel: Kernel, report: Reporter, waiting: Waiting): Promise<Watcher> {
  const updates = new Updates(kernel, report, waiting)
  const folders = kernel.folders.map(folder => resolve(folder))
  // Files of an image have their real places.
  const roots = new Set([...folders, ...folders.map(folder => realPath(folder) ?? folder)])
  /** Undefined for what is outside of the folders. */
  const belowFolder = (path: string): string | undefined => {
    const folder = [...roots].find(candidate => path === candidate || isInside(path, candidate))
    return folder === undefined ? undefined : relative(folder, path)
  }
  /** Files that are watched one by one. */
  const single = new Set<string>()
  /** What files were when a module of them went into service: they may change before they are watched. */
  const loaded = new Map<string, Stamp | undefined>()
  const watcher = watchFiles(folders, { ignored: path => !single.has(path) && isLeftOut(belowFolder(path) ?? '') })

  const watchFilesOf = (name: string): void => {
    const files = kernel.filesOf(name)
    for (const file of files) loaded.set(file, stampNow(file))
    const others = files.filter(file => {
      const below = belowFolder(file)
      return !single.has(file) && (below === undefined || isLeftOut(below))
    })
    for (const file of others) single.add(file)
    watcher.add(others)
  }
  const onLive = ({ module }: { readonly module: string }): void => {
    watchFilesOf(module)
    updates.tryAgain()
  }
  kernel.on('live', onLive)
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
  let isReady = false
  /** Each file is told when it begins to be watched, too. */
  const isNews = (path: string): boolean => {
    const before = loaded.get(path)
    const now = before && stampNow(path)
    return before && now ? !isSameStamp(before, now) : isReady
  }
  watcher.on('all', (event, path) => {
    if (event === 'addDir' ? isReady : event !== 'add' || isNews(path)) onChange(path)
  })
  // A link that leads to another folder now is no event of its own.
  watcher.on('raw', (_event, name, details) => {
    const { watchedPath } = details as { readonly watchedPath?: string }
    if (typeof name !== 'string' || watchedPath === undefined || !roots.has(watchedPath)) return
    const path = join(watchedPath, name)
    if (isLink(path)) onChange(join(path, 'package.json'))
  })
  watcher.on('error', error => report.problem(`watch: ${(error as Error).message}`))
  await new Promise<void>(ready => watcher.once('ready', ready))
  isReady = true
  return {
    async close() {
      kernel.off('live', onLive)
      updates.close()
      await watcher.close()
    },
  }
}
