import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A temporary folder of modules, written from strings. */
export class Folder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'outlive-modules-')))

  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    this.write(files)
  }

  /** Where a file of the folder is, or would be. */
  file(name: string): string {
    return join(this.path, name)
  }

  write(files: Readonly<Record<string, string | Uint8Array>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(this.file(name)), { recursive: true })
      writeFileSync(this.file(name), text)
    }
  }

  remove(name?: string): void {
    rmSync(name === undefined ? this.path : this.file(name), { recursive: true, force: true })
  }
}
