import { dirname, join } from 'node:path'
import { ImageFault } from '../../images/fault.ts'
import { formatByName } from '../../images/format.ts'
import { sha256 } from '../../images/node_parts.ts'
import { readFile } from '../../images/plain_file.ts'
import { isInside, resolveTarget, type Target } from '../../images/resolve.ts'
import { isShortage } from '../../images/system_errors.ts'
import { aliasFaults, type ModuleInfo, NO_INFO, parseInfo } from '../info.ts'
import { loadError } from '../load_errors.ts'
import type { ModuleLocation } from '../module_location.ts'
import { type KnownModules, stemOf } from './paths.ts'
import { type FileFacts, type FileImport, readFacts } from './read_file.ts'
import { type DepmodProblem, isSymbol, type ModuleRecord, type ModuleUse } from './record.ts'
import { absentStamp, type FileStamp, stampOf } from './stamp.ts'

interface ReadModule {
  readonly record: ModuleRecord
  /** The entry first, then the other files that belong to the module. */
  readonly stamps: readonly FileStamp[]
}

/**
 * Reads a module and the files that belong to it. What is wrong with it is part of its record, and nothing is run.
 *
 * @throws ModuleError ENOENT when the process has no descriptors left to read it: that says nothing of the module
 */
export function readModule(location: ModuleLocation, known: KnownModules): ReadModule {
  try {
    return new Reader(location, known).read()
  } catch (error) {
    throw isShortage(error) ? loadError(error, location.file) : error
  }
}

class Reader {
  readonly #location: ModuleLocation
  readonly #known: KnownModules
  readonly #facts = new Map<string, FileFacts>()
  readonly #stamps: FileStamp[] = []
  readonly #problems: DepmodProblem[] = []
  readonly #uses: ModuleUse[] = []
  /** By file: the files of this module whose exports it passes on. */
  readonly #ownStars = new Map<string, string[]>()
  readonly #stars = new Set<string>()
  readonly #asksFor = new Set<string>()
  #open = false

  constructor(location: ModuleLocation, known: KnownModules) {
    this.#location = location
    this.#known = known
  }

  read(): ReadModule {
    const { name, file, root } = this.#location
    const manifest = root === undefined ? undefined : join(root, 'package.json')
    const pending = [file]
    // A set of files grows while it is walked: cycles end.
    const seen = new Set(pending)
    for (const next of pending)
      for (const own of this.#readFile(next)) {
        if (seen.has(own)) continue
        seen.add(own)
        pending.push(own)
      }
    if (manifest !== undefined) this.#stamp(manifest)
    const entry = this.#facts.get(file)
    const exported = this.#exportsOf(file)
    const info = this.#readInfo(entry)
    const record: ModuleRecord = {
      name,
      file,
      ...(root !== undefined && { root }),
      info,
      symbols: exported.filter(isSymbol).sort(),
      ...(this.#open && { open: true as const }),
      others: exported.filter(name => !isSymbol(name)).sort(),
      imports: [...new Set(entry?.imports.map(({ specifier }) => specifier))],
      uses: this.#uses,
      asksFor: [...this.#asksFor],
      ...(this.#stars.size > 0 && { stars: [...this.#stars] }),
      size: entry?.size ?? 0,
      hash: entry?.hash ?? '',
      ...(this.#problems.length > 0 && { problems: this.#problems }),
    }
    return { record, stamps: this.#stamps }
  }

  #stamp(path: string): Buffer | undefined {
    try {
      const bytes = readFile(path)
      this.#stamps.push(stampOf(path, bytes, sha256(bytes)))
      return bytes
    } catch (error) {
      if (isShortage(error)) throw error
      this.#stamps.push(absentStamp(path))
      this.#problem(
        'ENOENT',
        path,
        (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'No such file' : 'cannot be read',
      )
      return undefined
    }
  }

  /** @returns the other files of the module that this one imports */
  #readFile(file: string): string[] {
    const bytes = this.#stamp(file)
    if (bytes === undefined || (formatByName(file) ?? 'module') === 'json' || /\.(node|wasm)$/.test(file)) return []
    let facts: FileFacts
    try {
      facts = readFacts(file, bytes, this.#stamps.at(-1)!.hash)
    } catch (error) {
      this.#fault(error, file)
      return []
    }
    this.#facts.set(file, facts)
    const own: string[] = []
    for (const [index, found] of facts.imports.entries()) {
      const target = this.#resolve(found, file)
      if (target?.owner === 'image') own.push(target.file)
      if (facts.stars.includes(index)) this.#star(file, target)
    }
    return own
  }

  #resolve({ specifier, symbols, at }: FileImport, from: string): Target | undefined {
    const place = `${from}:${at}`
    if (specifier.startsWith('.')) this.#asksFor.add(stemOf(specifier))
    const use = (module: string): void => void this.#uses.push({ module, symbols, place })
    // Most imports name a module of the same folder by its very path.
    if (specifier.startsWith('./')) {
      const file = join(dirname(from), specifier)
      const module = this.#known.nameOf(file)
      const { root } = this.#location
      if (module !== undefined && file !== this.#location.file && !(root !== undefined && isInside(file, root))) {
        use(module)
        return { owner: 'module', file }
      }
    }
    const target = resolveTarget(specifier, from, 'import', {
      root: this.#location.root,
      isModule: file => file !== this.#location.file && this.#known.nameOf(file) !== undefined,
    })
    if (target === undefined) {
      this.#stamps.push(absentStamp(join(dirname(from), specifier)))
      this.#problem('ENOENT', place, `Cannot find '${specifier}'`)
    }
    if (target?.owner === 'module') use(this.#known.nameOf(target.file)!)
    return target
  }

  #star(file: string, target: Target | undefined): void {
    if (target?.owner === 'image') this.#ownStars.set(file, [...(this.#ownStars.get(file) ?? []), target.file])
    else if (target?.owner === 'module') this.#stars.add(this.#known.nameOf(target.file)!)
    else this.#open = true
  }

  /** What a file exports, `export *` of the module's other files included. */
  #exportsOf(file: string): string[] {
    const names = new Set<string>()
    const files = new Set([file])
    for (const next of files) {
      const facts = this.#facts.get(next)
      // A file that could not be read may export anything.
      if (facts === undefined || facts.open) this.#open = true
      for (const name of facts?.exports ?? []) if (next === file || name !== 'default') names.add(name)
      for (const star of this.#ownStars.get(next) ?? []) files.add(star)
    }
    return [...names]
  }

  #readInfo(entry: FileFacts | undefined): ModuleInfo {
    if (!entry) return NO_INFO
    const { file } = this.#location
    try {
      const info = parseInfo(file, entry.text)
      for (const { line, column, reason } of aliasFaults(entry.text, info))
        this.#problem('EINVAL', `${file}:${line}:${column}`, reason)
      return info
    } catch (error) {
      this.#fault(error, file)
      return NO_INFO
    }
  }

  #fault(error: unknown, file: string): void {
    if (!(error instanceof ImageFault)) throw error
    const place = 'place' in error.fault ? error.fault.place : undefined
    this.#problem('ENOEXEC', place ? `${place.file}:${place.line}:${place.column}` : file, error.message)
  }

  #problem(code: DepmodProblem['code'], place: string, message: string): void {
    this.#problems.push({ code, module: this.#location.name, place, message })
  }
}
