import { readdirSync } from 'node:fs'
import type { ControlClient } from '../control/client.ts'
import type { LingeringImage } from '../kernel/lingering.ts'
import type { ModuleRow } from '../kernel/lsmod.ts'
import { isModuleFile, nameOfFile } from '../kernel/module_location.ts'
import { nearest } from './similar.ts'

const OF_MODULES_IN_SERVICE = ['rmmod', 'replace']
const OF_IMAGES = ['why', 'reclaim']

/**
 * What somebody may do next whom a host refused: a line for a terminal, where there is anything to say. It asks the host once more, so programs, who do not read
 * it, are spared that.
 */
export async function adviceOn(
  error: { readonly code: string; readonly data: Readonly<Record<string, unknown>> },
  command: string,
  host: ControlClient,
): Promise<string | undefined> {
  if (error.code === 'EPERM') return `this host loads from ${(await foldersOf(host)).join(', ')}`
  if (error.code !== 'ENOENT') return undefined
  const { module } = error.data
  const meant = typeof module === 'string' ? nearest(module, await namesOf(command, host)) : undefined
  return meant === undefined ? undefined : `did you mean ${meant}?`
}

const foldersOf = async (host: ControlClient): Promise<string[]> => (await host.get<{ modules: string[] }>('/')).modules

async function namesOf(command: string, host: ControlClient): Promise<string[]> {
  const names = (await host.get<ModuleRow[]>('/lsmod')).map(row => row.name)
  if (OF_MODULES_IN_SERVICE.includes(command)) return names
  if (OF_IMAGES.includes(command))
    return [...names, ...(await host.get<LingeringImage[]>('/lingering')).map(({ image }) => image)]
  return [...names, ...(await foldersOf(host)).flatMap(modulesIn)]
}

/** By the names of files and folders alone: this is a guess. */
function modulesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap(entry =>
      entry.isDirectory() ? [entry.name] : isModuleFile(entry.name) ? [nameOfFile(entry.name)] : [],
    )
  } catch {
    return []
  }
}
