import fs from 'node:fs'
import type { ConfigFile } from '../modprobe/config.ts'
import { Policy } from '../modprobe/policy.ts'
import { findConfig, loadConfig } from './config_file.ts'

/** What modprobe is told: the configuration files of the module folders, or the one that was named, and then what the host's own code says. */
export class PolicySource {
  readonly #folders: readonly string[]
  readonly #file: string | false | undefined
  readonly #own: ConfigFile
  #policy: Policy | undefined
  #stamp: string | undefined

  constructor(folders: readonly string[], file: string | false | undefined, own: ConfigFile) {
    this.#folders = folders
    this.#file = file
    this.#own = own
  }

  /**
   * The policy as the files say now.
   *
   * @throws ModuleError for a configuration that cannot be used
   */
  async current(): Promise<Policy> {
    const files = this.#files()
    const stamp = files.map(file => `${file} ${fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs}`).join('\n')
    if (this.#policy === undefined || this.#stamp !== stamp) {
      const configs: ConfigFile[] = []
      for (const file of files) configs.push(await loadConfig(file))
      this.#policy = new Policy(...configs, this.#own)
      this.#stamp = stamp
    }
    return this.#policy
  }

  #files(): string[] {
    if (this.#file === false) return []
    if (this.#file !== undefined) return [this.#file]
    return [...new Set(this.#folders.flatMap(folder => findConfig(folder) ?? []))]
  }
}
