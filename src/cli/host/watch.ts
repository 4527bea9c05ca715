import { existsSync } from 'node:fs'
import { watch as watchFiles } from 'chokidar'
import { ModuleError } from '../../kernel/errno.ts'
import type { Kernel } from '../../kernel/kernel.ts'
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

/**
 * Replaces modules whose files change, inserts new ones, removes those whose file is gone. What fails because of another module is tried
 * again when one goes into service.
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

  const tryAgain = (): void => {
    const names = [...waiting]
    waiting.clear()
    for (const [name, said] of names) schedule(name, said)
  }
  kernel.on('live', tryAgain)

  const watcher = watchFiles([...kernel.folders], {
    ignoreInitial: true,
    ignored: path => /[\\/]\.[^\\/]*$/.test(path) || /(?:~|\.sw[a-z]|\.tmp|-journal|-wal|-shm|\.db)$/.test(path),
  })
  watcher.on('all', (_event, path) => {
    try {
      for (const name of kernel.modulesOf(path)) schedule(name)
    } catch (error) {
      report.problem(`watch: ${path}: ${formatError(error)}`)
    }
  })
  watcher.on('error', error => report.problem(`watch: ${(error as Error).message}`))
  await new Promise<void>(ready => watcher.once('ready', ready))
  return {
    async close() {
      kernel.off('live', tryAgain)
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
