import { resolve } from 'node:path'
import { TextFolder } from '../kernel/depmod/text_folder.ts'
import { ModuleError } from '../kernel/errno.ts'
import { Kernel } from '../kernel/kernel.ts'
import type { ModprobeOptions } from '../kernel/modprobe.ts'
import type { Params } from '../kernel/moduleparam.ts'
import type { ShownStep } from '../kernel/show_depends.ts'
import { folderNamed } from './usage.ts'

/** Who answers modprobe's questions: a host, or a folder of modules. */
export interface ProbeAnswers {
  resolveAlias(name: string): Promise<string[]>
  /** @throws ModuleError ENOENT */
  showDepends(name: string, params: Params): Promise<ShownStep[]>
  loaded(): Promise<string[]>
  directory(): Promise<string>
}

/**
 * Asks a folder without a host: its modules, or kmod's text forms where there are no modules of ours.
 *
 * @throws UsageError for a folder that is not there, ModuleError for a configuration that cannot be used
 */
export async function openFolder(
  folder: string,
  config: string | undefined,
  options: ModprobeOptions,
): Promise<ProbeAnswers> {
  const path = resolve(folderNamed(folder))
  const none = { loaded: () => Promise.resolve([]), directory: () => Promise.resolve(path) }
  const kernel = new Kernel({ modules: path, ...(config !== undefined && { config }) })
  const text = kernel.available().length === 0 ? await TextFolder.open(path, config) : undefined
  if (text === undefined)
    return {
      ...none,
      resolveAlias: name => kernel.resolveAlias(name),
      showDepends: (name, params) => kernel.showDepends(name, params, options),
    }
  return {
    ...none,
    resolveAlias: name => Promise.resolve(text.resolveAlias(name)),
    showDepends: (name, params) => {
      const steps = text.showDepends(name, params, options)
      if (steps === undefined) throw new ModuleError('ENOENT', { module: name, directory: path })
      return Promise.resolve(steps)
    },
  }
}
