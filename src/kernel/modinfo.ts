import fs from 'node:fs'
import { dirname } from 'node:path'
import { codeFrame } from '../images/code_frame.ts'
import type { Core } from './core.ts'
import { Listing } from './depmod/listing.ts'
import { readModule } from './depmod/read_module.ts'
import { ModuleError } from './errno.ts'
import type { ModuleInfo } from './info.ts'
import { foldName } from './module.ts'
import { ModuleFolders } from './module_folders.ts'
import { locate, type ModuleLocation } from './module_location.ts'
import { notFound, probeSource } from './probe_source.ts'
import { readSignature } from './signature.ts'

/** What modinfo prints: read off the files, nothing is run. */
export interface ModuleDescription extends ModuleInfo {
  readonly name: string
  readonly filename: string
  /** Names that other modules may import. */
  readonly symbols: readonly string[]
  /** Specifiers that the entry imports. */
  readonly imports: readonly string[]
  /** Modules that it imports from. */
  readonly depends: readonly string[]
  /** Bytes of the entry file. */
  readonly size: number
  /** SHA-256 of the entry file, in hexadecimal. */
  readonly hash: string
  /** Ed25519, in base64, as it is written down; `none`, or `malformed`. Whether it is valid is told by loading the module. */
  readonly signature: string
  /** Who says to have signed it. */
  readonly signer?: string
  /** SHA-256 of the public key that it was signed with, in hexadecimal. */
  readonly signatureKey?: string
}

/**
 * @param name a loaded module, a module of the folders, an alias (then the first module that has it), or a path
 * @throws ModuleError ENOENT, ENOEXEC
 */
export async function modinfo(core: Core, name: string): Promise<ModuleDescription> {
  const loaded = core.modules.get(foldName(name))
  if (loaded) return describe(core, { name: loaded.name, file: loaded.file, root: loaded.root })
  return describe(core, (await findByName(core, name)) ?? locatePath(core, name))
}

async function findByName(core: Core, name: string): Promise<ModuleLocation | undefined> {
  if (core.folders.folders.length === 0) return undefined
  const source = await probeSource(core, name)
  const [first] = source.lookup(name)
  return first && source.catalogue.location(first.module)
}

function locatePath(core: Core, path: string): ModuleLocation {
  if (core.folders.folders.length > 0 && !path.includes('/') && !fs.existsSync(path)) throw notFound(core, path)
  return locate(path)
}

function describe(core: Core, location: ModuleLocation): ModuleDescription {
  const { file, root } = location
  // A file by itself has its neighbours for modules.
  const folders = core.folders.contains(file) ? core.folders : new ModuleFolders(dirname(root ?? file))
  const { record } = readModule(location, new Listing(folders.contents()))
  const broken = record.problems?.find(({ code, place }) => code === 'ENOEXEC' || place === file)
  if (broken?.code === 'ENOENT') throw new ModuleError('ENOENT', { missing: file, reason: broken.message })
  if (broken) throw unreadable(file, broken)
  return {
    name: record.name,
    filename: file,
    ...record.info,
    symbols: record.symbols,
    imports: record.imports,
    depends: [...new Set(record.uses.map(({ module }) => module))],
    size: record.size,
    hash: record.hash,
    ...signatureIn(location),
  }
}

function unreadable(file: string, { message: reason, place }: { message: string; place: string }): ModuleError {
  const [, source, line, column] = /^(.*):(\d+):(\d+)$/.exec(place) ?? []
  if (source === undefined) return new ModuleError('ENOEXEC', { doing: 'read', file, reason, place })
  const at = { source, line: Number(line), column: Number(column) }
  const frame = codeFrame(fs.readFileSync(source, 'utf8'), at.line, at.column)
  return new ModuleError('ENOEXEC', { doing: 'read', file, reason, place, ...at, frame })
}

function signatureIn(location: ModuleLocation): Pick<ModuleDescription, 'signature' | 'signer' | 'signatureKey'> {
  try {
    const found = readSignature(location)
    if (!found) return { signature: 'none' }
    const { signature, signer, key } = found
    return { signature, signer, signatureKey: key }
  } catch {
    return { signature: 'malformed' }
  }
}
