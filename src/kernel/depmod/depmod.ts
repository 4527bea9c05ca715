import fs from 'node:fs'
import { join, relative, sep } from 'node:path'
import { sha256 } from '../../images/node_parts.ts'
import { patternFault } from '../../modprobe/glob.ts'
import { formatAliases, formatDependencies, formatSoftdeps, formatSymbols } from '../../modprobe/text_forms.ts'
import type { Core } from '../core.ts'
import { ModuleError } from '../errno.ts'
import { ModuleFolders } from '../module_folders.ts'
import { messageOf } from '../thrown.ts'
import { Catalogue } from './catalogue.ts'
import { formatIndex, INDEX_FILE, PREPARED_FILE, writeAtomically } from './index_file.ts'
import type { DepmodProblem } from './record.ts'

export interface DepmodOptions {
  /** Writes kmod's text forms too: modules.dep, modules.alias, modules.symbols and modules.softdep. */
  readonly text?: boolean
}

/** What depmod found and wrote. */
export interface DepmodReport {
  readonly modules: number
  /** Modules whose files were read: those that had changed since the last time. */
  readonly read: number
  readonly aliases: number
  /** What is wrong, each with its place. The index is written all the same, for the modules that are well. */
  readonly problems: readonly DepmodProblem[]
  /** Files written; none when they said all that already. */
  readonly written: readonly string[]
  readonly ms: number
}

/**
 * Reads every module of the folders without running it, and writes an index into each.
 *
 * @param folder one folder; all of the kernel's when it is left out
 * @throws ModuleError ENOENT for a folder that is not there, EINVAL when there is none or it cannot be written
 */
export async function depmod(core: Core, folder: string | undefined, options: DepmodOptions): Promise<DepmodReport> {
  const started = core.seam.now()
  const own = folder === undefined || (core.folders.folders.length === 1 && core.folders.has(folder))
  const folders = own ? core.folders : new ModuleFolders(folder)
  if (folders.folders.length === 0) throw new ModuleError('EINVAL', { reason: 'depmod needs a folder of modules' })
  for (const path of folders.folders)
    if (!fs.statSync(path, { throwIfNoEntry: false })?.isDirectory())
      throw new ModuleError('ENOENT', { missing: path, reason: 'No such directory' })
  const catalogue = own ? core.catalogue : new Catalogue(folders, core.seam)
  const { read } = await core.seam.step('depmod: the catalogue is current', catalogue.refresh())
  const written: string[] = []
  for (const path of catalogue.folders) {
    const files = {
      ...(!catalogue.isWritten(path) && index(catalogue, path)),
      ...(options.text && texts(catalogue, path)),
    }
    for (const [name, contents] of Object.entries(files)) write(join(path, name), contents, written)
    const prepared = files[PREPARED_FILE]
    if (prepared !== undefined)
      catalogue.markWritten(path, sha256(Buffer.from(prepared)), catalogue.aliasesIn(path).size)
  }
  return {
    modules: catalogue.size,
    read,
    aliases: catalogue.aliasCount,
    problems: catalogue.problems(),
    written,
    ms: core.seam.now() - started,
  }
}

function write(file: string, contents: string | Uint8Array, written: string[]): void {
  try {
    writeAtomically(file, contents)
    written.push(file)
  } catch (error) {
    throw new ModuleError('EINVAL', { reason: `cannot write ${file}: ${messageOf(error)}` }, { cause: error })
  }
}

/** The prepared aliases before the index that has their hash: whoever reads between the two finds that they do not belong together. */
function index(catalogue: Catalogue, folder: string): Record<string, Uint8Array> {
  const aliases = catalogue.aliasesIn(folder)
  const prepared = aliases.prepared()
  return {
    [PREPARED_FILE]: prepared,
    [INDEX_FILE]: formatIndex(
      { folder, folders: catalogue.folders },
      {
        fingerprint: catalogue.fingerprintOf(folder),
        prepared: sha256(prepared),
        aliases: aliases.size,
        problems: catalogue.problems(),
      },
      catalogue.stampsIn(folder),
      catalogue.records,
    ),
  }
}

/** Nothing stands in a line of a text form that matches nothing, or would be a line of its own. */
const isWhole = (pattern: string): boolean => patternFault(pattern) === undefined

function texts(catalogue: Catalogue, folder: string): Record<string, string> {
  const { needs } = catalogue.relations.sorted()
  const records = [...catalogue.records.records()].filter(({ name }) => catalogue.folderOf(name) === folder)
  // A folder's own modules by their paths within it, as kmod has them.
  const shown = (name: string): string => {
    const { root, file } = catalogue.location(name)!
    return relative(folder, root ?? file).replaceAll(sep, '/')
  }
  return {
    'modules.dep': formatDependencies(
      records.map(({ name }) => ({ file: shown(name), needs: (needs.get(name) ?? []).map(shown) })),
    ),
    'modules.alias': formatAliases(
      records.flatMap(({ name, info }) => info.aliases.filter(isWhole).map(pattern => ({ pattern, module: name }))),
    ),
    'modules.symbols': formatSymbols(
      records.flatMap(({ name, symbols }) => symbols.filter(isWhole).map(pattern => ({ pattern, module: name }))),
    ),
    'modules.softdep': formatSoftdeps(
      records.flatMap(({ name, info: { softdeps } }) =>
        softdeps.pre.length + softdeps.post.length > 0 ? [{ module: name, ...softdeps }] : [],
      ),
    ),
  }
}
