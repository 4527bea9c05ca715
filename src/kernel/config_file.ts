import fs from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import { ConfigError, type ConfigFile, parseConfig } from '../modprobe/config.ts'
import { ModuleError } from './errno.ts'
import { runHostCode } from './host_code.ts'
import { messageOf, tryToRead } from './thrown.ts'

export type { ConfigFile, Hook, HookCall } from '../modprobe/config.ts'

const NAMES = ['outlive.config.ts', 'outlive.config.js', 'outlive.config.mjs', 'outlive.config.json'] as const
const WRITABLE_BY_OTHERS = 0o002

/**
 * The configuration that belongs to a folder of modules: in it, beside it, or above it as far as the project goes, which is the nearest folder with
 * a package.json. A folder that anybody may write to, such as /tmp, is no place for a file that is run.
 */
export function findConfig(modules: string): string | undefined {
  const start = resolve(modules)
  const above = [start]
  while (dirname(above.at(-1)!) !== above.at(-1)) above.push(dirname(above.at(-1)!))
  const project = above.findIndex(folder => isThere(join(folder, 'package.json')))
  for (const folder of above.slice(0, Math.max(project, 1) + 1)) {
    const mode = tryToRead(() => fs.statSync(folder))?.mode
    if (mode === undefined || mode & WRITABLE_BY_OTHERS) continue
    const found = NAMES.map(name => join(folder, name)).find(isThere)
    if (found !== undefined) return found
  }
  return undefined
}

/** Under `--permission`, Node refuses to look at what it may not read. */
const isThere = (path: string): boolean => tryToRead(() => fs.existsSync(path)) === true

/**
 * Reads a configuration; one in JavaScript or TypeScript is run, and exports it by default.
 *
 * @throws ModuleError ENOENT, ENOEXEC, EINIT, EINVAL
 */
export async function loadConfig(file: string): Promise<ConfigFile> {
  try {
    return parseConfig(extname(file) === '.json' ? readJson(file) : await defaultExport(file), file)
  } catch (error) {
    if (error instanceof ConfigError) throw new ModuleError('EINVAL', { reason: error.message }, { cause: error })
    throw error
  }
}

function readJson(file: string): unknown {
  let text: string
  try {
    text = fs.readFileSync(file, 'utf8')
  } catch (error) {
    throw new ModuleError('ENOENT', { missing: file, reason: reasonOf(error) }, { cause: error })
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ConfigError(file, '', messageOf(error))
  }
}

const reasonOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'No such file or directory' : messageOf(error)

async function defaultExport(file: string): Promise<unknown> {
  const exported = await runHostCode('configuration', file)
  if (!('default' in exported)) throw new ConfigError(file, '', 'must export the configuration by default')
  return exported.default
}
