import { dirname, join } from 'node:path'
import type { Kernel } from '../../kernel/kernel.ts'
import { printable } from '../../kernel/printable.ts'
import { FolderWatcher } from './folder_watcher.ts'
import { INSTALLED } from './left_out.ts'
import { LoadedFiles } from './loaded_files.ts'
import { formatError, type Reporter } from './report.ts'
import { Updates, type Waiting } from './updates.ts'

interface Watcher {
  close(): Promise<void>
}

/**
 * Replaces modules whose files change, inserts new ones, removes those whose file is gone. What fails because of another module is tried again when one goes
 * into service or is gone. Watched are the module folders, and whatever else modules were made of: files of packages, and files outside of the folders.
 *
 * @param waiting what failed already
 */
export async function watchModules(kernel: Kernel, report: Reporter, waiting: Waiting): Promise<Watcher> {
  const updates = new Updates(kernel, report, waiting)
  const loaded = new LoadedFiles()
  const isAsLoaded = (name: string): boolean => kernel.filesOf(name).every(file => loaded.hasChanged(file) === false)
  const watcher = new FolderWatcher(kernel.folders, loaded, {
    changed(path) {
      // An installation is a change of the package that it was made for.
      const changed = INSTALLED.test(path) ? join(dirname(dirname(path)), 'package.json') : path
      try {
        for (const name of kernel.modulesOf(changed)) updates.changed(name)
      } catch (error) {
        report.problem(`watch: ${printable(path)}: ${formatError(error)}`)
      }
    },
    foldersChanged() {
      const found = new Map(kernel.available().map(({ name, file }) => [name, file]))
      for (const { name, file } of kernel.lsmod()) {
        if (found.get(name) !== file || !isAsLoaded(name)) updates.changed(name)
        found.delete(name)
      }
      for (const name of found.keys()) updates.changed(name)
    },
    failed(error) {
      report.problem(`watch: ${formatError(error)}`)
    },
  })
  const watchFilesOf = (name: string): void => {
    const files = kernel.filesOf(name)
    for (const file of files) loaded.note(file)
    watcher.add(files)
  }
  const onLive = ({ module }: { readonly module: string }): void => {
    watchFilesOf(module)
    updates.tryAgain()
  }
  const onGone = (): void => updates.tryAgain()
  kernel.on('live', onLive)
  kernel.on('gone', onGone)
  for (const { name } of kernel.lsmod()) watchFilesOf(name)
  await watcher.begin()
  return {
    async close() {
      kernel.off('live', onLive)
      kernel.off('gone', onGone)
      updates.close()
      await watcher.close()
    },
  }
}
