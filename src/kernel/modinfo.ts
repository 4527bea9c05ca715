import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { formatOf, isTypeScript } from '../images/format.ts'
import { parseModule } from '../images/parse.ts'
import { prepareLexer, scanModule } from '../images/scan.ts'
import { stripTypes } from '../images/strip.ts'
import type { Core } from './core.ts'
import { type ModuleInfo, parseInfo } from './info.ts'
import { loadError } from './load_errors.ts'
import { foldName } from './module.ts'
import { locate, type ModuleLocation } from './module_folders.ts'

/** What modinfo prints: read off the files, nothing is run. */
export interface ModuleDescription extends ModuleInfo {
  readonly name: string
  readonly filename: string
  /** Names that other modules may import. */
  readonly symbols: readonly string[]
  /** Specifiers that the entry imports. */
  readonly imports: readonly string[]
  /** Bytes of the entry file. */
  readonly size: number
  /** SHA-256 of the entry file, in hexadecimal. */
  readonly hash: string
}

/** Exports that the kernel itself uses are not symbols. */
const OWN_EXPORTS = new Set(['info', 'init', 'exit', 'handoff', 'probe', 'default'])

export async function modinfo(core: Core, name: string): Promise<ModuleDescription> {
  const loaded = core.modules.get(foldName(name))
  const location = loaded
    ? { name: loaded.name, file: loaded.file, root: loaded.root }
    : (core.folders.find(name) ?? locate(name))
  return describe(location)
}

/** @throws ModuleError ENOENT, ENOEXEC */
export async function describe(location: ModuleLocation): Promise<ModuleDescription> {
  await prepareLexer()
  const { file, name } = location
  try {
    const bytes = fs.readFileSync(file)
    const raw = bytes.toString('utf8')
    const text = isTypeScript(file) ? stripTypes(file, raw) : raw
    const isModule = formatOf(file, text) === 'module'
    const source = isModule ? (scanModule(text) ?? parseModule(file, text)) : undefined
    const exported = [...(source?.localExports ?? []), ...(source?.indirectExports ?? [])].map(
      entry => entry.exportName,
    )
    return {
      name,
      filename: file,
      ...parseInfo(file, isModule ? text : ''),
      symbols: exported.filter(symbol => !OWN_EXPORTS.has(symbol)).sort(),
      imports: [...new Set(source?.requests.map(request => request.specifier) ?? [])],
      size: bytes.length,
      hash: createHash('sha256').update(bytes).digest('hex'),
    }
  } catch (error) {
    throw loadError(error, file)
  }
}
