import fs from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { kindOf, manifestOf } from './disk.ts'
import { isInside } from './resolve.ts'

const NODE_MODULES = 'node_modules'

/**
 * Packages of which each image has an instance of its own, wherever they are installed. What lies in the folder of one, its nested node_modules included, goes with it;
 * what is installed beside it does not.
 */
export class OwnPackages {
  readonly #names: readonly string[]
  /** What the path of a file has in it that is installed under one of the names. */
  readonly #installed: readonly string[]
  /** Real folders of those that are installed elsewhere, and linked: known once an import has led there. */
  readonly #linked = new Set<string>()

  constructor(names: readonly string[]) {
    this.#names = names
    this.#installed = names.map(name => join(sep, NODE_MODULES, name, sep))
  }

  /** Is it a file of one of them? */
  has(file: string): boolean {
    if (this.#installed.some(part => file.includes(part))) return true
    for (const folder of this.#linked) if (isInside(file, folder)) return true
    return false
  }

  /** Does a specifier that leads from one file to another lead into one of them? */
  isLedTo(file: string, specifier: string, from: string): boolean {
    if (this.has(file)) return true
    const folder = this.#folderNamed(specifier, file, from) ?? this.#folderOf(file)
    // A file is no part of another's package by being in the folder that both are in: a project may have the name of a package.
    if (folder === undefined || isInside(from, folder)) return false
    this.#linked.add(folder)
    return true
  }

  /** Links may have other names than what they lead to. */
  #folderNamed(specifier: string, file: string, from: string): string | undefined {
    const name = this.#names.find(known => specifier === known || specifier.startsWith(`${known}/`))
    if (name === undefined) return undefined
    for (const above of foldersAbove(from)) {
      const link = join(above, NODE_MODULES, name)
      if (kindOf(link) !== 'folder') continue
      const folder = fs.realpathSync.native(link)
      return isInside(file, folder) ? folder : undefined
    }
    return undefined
  }

  /** The folder of the package that a file is part of, if that has one of the names: the nearest that has a name at all. */
  #folderOf(file: string): string | undefined {
    for (const folder of foldersAbove(file)) {
      const name = manifestOf(folder)?.name
      if (typeof name === 'string') return this.#names.includes(name) ? folder : undefined
    }
    return undefined
  }
}

function* foldersAbove(file: string): Generator<string> {
  let below = file
  for (let folder = dirname(file); folder !== below; folder = dirname(folder)) {
    yield folder
    below = folder
  }
}
