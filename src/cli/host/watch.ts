import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { watch as watchFiles } from 'chokidar'
import { isInside } from '../../images/resolve.ts'
import { ModuleError } from '../../kernel/errno.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { realPath } from '../../kernel/module_location.ts'
import { formatError, type Reporter } from './report.ts'

/** Editors write a file in several steps: what comes within this time is one change. In milliseconds. */
const SETTLE = 60

interface Watcher {
  close(): Promise<void>
}

/** A module that could not be brought up to date because of another one, and what was said of it. */
export type Waiting = Map<string, string>

/** Could it work when other modules have changed? */
export const waitsForOthers = (error: unknown): boolean =>
  error instanceof ModuleError &&
  (['ESYMBOL', 'ENOENT', 'ENOTLIVE', 'ELOOP'].includes(error.code) || error.data.importer !== undefined)

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

/**
 * Replaces modules whose files change, inserts new ones, removes those whose file is gone. What fails because of another module is tried
 * again when one goes into service. Watched are the module folders, and whatever else modules were made of: files of packages, and files outside of the folders.
 *
 * @param waiting what failed already
 */
export async function watchModules(kernel: Kernel, report: Reporter, waiting: Waiting): Promise<Watcher> {
  const queues = new Map<
    string,
    { timer: NodeJS.Timeout | undefined; running: Promise<void> | undefined; again: boolean }
  >()

  /** @param known what was said of it before, and needs no saying again */
  const schedule = (name: string, known?: string): void => {
    const queue = queues.get(name) ?? { timer: undefined, running: undefined, again: false }
    queues.set(name, queue)
    clearTimeout(queue.timer)
    queue.timer = setTimeout(() => {
      if (queue.running) queue.again = true
      else
        queue.running = bringUpToDate(kernel, name, report, waiting, known).finally(() => {
          queue.running = undefined
          if (queue.again) schedule(name)
          queue.again = false
        })
    }, SETTLE)
  }

  const folders = kernel.folders.map(folder => resolve(folder))
  // Files of an image have their real places.
  const roots = new Set([...folders, ...folders.map(folder => realPath(folder) ?? folder)])
  /** Undefined for what is outside of the folders. */
  const belowFolder = (path: string): string | undefined => {
    const folder = [...roots].find(candidate => path === candidate || isInside(path, candidate))
    return folder === undefined ? undefined : relative(folder, path)
  }
  /** Files that are watched one by one. */
  const loaded = new Set<string>()
  const watcher = watchFiles(folders, {
    ignoreInitial: true,
    ignored: path => !loaded.has(path) && isLeftOut(belowFolder(path) ?? ''),
  })

  const watchFilesOf = (name: string): void => {
    const others = kernel.filesOf(name).filter(file => {
      const below = belowFolder(file)
      return !loaded.has(file) && (below === undefined || isLeftOut(below))
    })
    for (const file of others) loaded.add(file)
    watcher.add(others)
  }
  const tryAgain = (): void => {
    const names = [...waiting]
    waiting.clear()
    for (const [name, said] of names) schedule(name, said)
  }
  const onLive = ({ module }: { readonly module: string }): void => {
    watchFilesOf(module)
    tryAgain()
  }
  kernel.on('live', onLive)
  for (const { name } of kernel.lsmod()) watchFilesOf(name)

  watcher.on('all', (_event, path) => {
    // An installation is a change of the package that it was made for.
    const changed = INSTALLED.test(path) ? join(dirname(dirname(path)), 'package.json') : path
    try {
      for (const name of kernel.modulesOf(changed)) schedule(name)
    } catch (error) {
      report.problem(`watch: ${path}: ${formatError(error)}`)
    }
  })
  watcher.on('error', error => report.problem(`watch: ${(error as Error).message}`))
  await new Promise<void>(ready => watcher.once('ready', ready))
  return {
    async close() {
      kernel.off('live', onLive)
      for (const queue of queues.values()) clearTimeout(queue.timer)
      await watcher.close()
    },
  }
}

async function bringUpToDate(
  kernel: Kernel,
  name: string,
  report: Reporter,
  waiting: Waiting,
  known: string | undefined,
): Promise<void> {
  const row = kernel.lsmod().find(module => module.name === name)
  waiting.delete(name)
  try {
    if (!row) await kernel.modprobe(name)
    else if (existsSync(row.file)) await kernel.replace(name)
    else await kernel.rmmod(name)
  } catch (error) {
    // A file that came and went again, or one that is no module.
    if (!row && error instanceof ModuleError && error.code === 'ENOENT' && error.data.directory !== undefined) return
    const said = `${name}: ${formatError(error)}`
    if (waitsForOthers(error)) waiting.set(name, said)
    if (said !== known) report.problem(said, row ? `; ${name}#${row.generation} keeps serving` : '')
  }
}
