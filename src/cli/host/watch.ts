import { existsSync } from 'node:fs'
import { watch as watchFiles } from 'chokidar'
import { ModuleError } from '../../kernel/errno.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { formatError, type Reporter } from './report.ts'

/** Editors write a file in several steps: what comes within this time is one change. In milliseconds. */
const SETTLE = 60

export interface Watcher {
  close(): Promise<void>
}

/** Replaces modules whose files change, inserts new ones, removes those whose file is gone. */
export async function watchModules(kernel: Kernel, report: Reporter): Promise<Watcher> {
  const queues = new Map<
    string,
    { timer: NodeJS.Timeout | undefined; running: Promise<void> | undefined; again: boolean }
  >()

  const schedule = (name: string): void => {
    const queue = queues.get(name) ?? { timer: undefined, running: undefined, again: false }
    queues.set(name, queue)
    clearTimeout(queue.timer)
    queue.timer = setTimeout(() => {
      if (queue.running) queue.again = true
      else
        queue.running = bringUpToDate(kernel, name, report).finally(() => {
          queue.running = undefined
          if (queue.again) schedule(name)
          queue.again = false
        })
    }, SETTLE)
  }

  const watcher = watchFiles([...kernel.folders], {
    ignoreInitial: true,
    ignored: path => /[\\/]\.[^\\/]*$/.test(path) || /(?:~|\.sw[a-z]|\.tmp|-journal|-wal|-shm|\.db)$/.test(path),
  })
  watcher.on('all', (_event, path) => {
    for (const name of kernel.modulesOf(path)) schedule(name)
  })
  watcher.on('error', error => report.problem(`watch: ${(error as Error).message}`))
  await new Promise<void>(ready => watcher.once('ready', ready))
  return {
    async close() {
      for (const queue of queues.values()) clearTimeout(queue.timer)
      await watcher.close()
    },
  }
}

async function bringUpToDate(kernel: Kernel, name: string, report: Reporter): Promise<void> {
  const row = kernel.lsmod().find(module => module.name === name)
  try {
    if (!row) await kernel.modprobe(name)
    else if (existsSync(row.file)) await kernel.replace(name)
    else await kernel.rmmod(name)
  } catch (error) {
    // A file that came and went again, or one that is no module.
    if (!row && error instanceof ModuleError && error.code === 'ENOENT' && error.data.directory !== undefined) return
    const kept = row ? `; ${name}#${row.generation} keeps serving` : ''
    report.problem(`${name}: ${formatError(error)}`, kept)
  }
}
