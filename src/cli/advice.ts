import { readdirSync } from 'node:fs'
import type { ControlClient } from '../control/client.ts'
import type { LingeringImage } from '../kernel/lingering.ts'
import type { ModuleRow } from '../kernel/lsmod.ts'
import type { ModuleDescription } from '../kernel/modinfo.ts'
import { isModuleFile, nameOfFile } from '../kernel/module_location.ts'
import { nearest } from './similar.ts'

const OF_MODULES_IN_SERVICE = ['rmmod', 'replace']
const OF_IMAGES = ['why', 'reclaim']

/** What is the way to what somebody may have wanted, by command and code. */
const WAYS: Readonly<Record<string, (module: string) => string>> = {
  'insmod EEXIST': module => `outlive replace ${module} puts a new version into its place`,
  'rmmod EHOLDERS': module => `outlive rmmod --recursive ${module} takes them out first`,
  'rmmod EINUSE': module => `outlive rmmod --wait ${module} waits until nobody uses it`,
}

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
  const { module } = error.data
  const way = WAYS[`${command} ${error.code}`]
  if (way !== undefined) return way(String(module))
  if (error.code !== 'ENOENT') return undefined
  const meant = typeof module === 'string' ? nearest(module, await namesOf(command, host)) : undefined
  return meant === undefined ? undefined : `did you mean ${meant}?`
}

/** The kernel ignores a parameter that a module does not declare, and says so in its log; who wrote it looks at a terminal. */
export async function adviceOnParams(
  params: Readonly<Record<string, string>>,
  module: string,
  host: ControlClient,
): Promise<string[]> {
  const given = Object.keys(params)
  if (given.length === 0) return []
  const { params: declared } = await host.get<ModuleDescription>('/modinfo', { name: module })
  const known = Object.keys(declared)
  const unknown = given.filter(name => !known.some(each => fold(each) === fold(name)))
  return unknown.map(name => {
    const meant = nearest(name, known)
    return `${module} has no parameter ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`
  })
}

const fold = (name: string): string => name.replaceAll('-', '_')

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
