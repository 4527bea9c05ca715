import type { ModuleRecord } from './record.ts'

/**
 * Records by name, kept as bytes outside of the JavaScript heap: thousands of them are there for the few that are looked at.
 */
export class RecordStore {
  readonly #known = new Map<string, Buffer>()
  #rest: Iterable<readonly [name: string, line: Buffer]> | undefined

  /** @param rest more of them, not gone through before somebody asks */
  constructor(rest?: Iterable<readonly [name: string, line: Buffer]>) {
    this.#rest = rest
  }

  get #lines(): Map<string, Buffer> {
    if (this.#rest) {
      for (const [name, line] of this.#rest) if (!this.#known.has(name)) this.#known.set(name, line)
      this.#rest = undefined
    }
    return this.#known
  }

  set(name: string, line: Buffer): void {
    this.#lines.set(name, line)
  }

  add(record: ModuleRecord): void {
    this.#lines.set(record.name, Buffer.from(JSON.stringify(record)))
  }

  line(name: string): Buffer | undefined {
    return this.#lines.get(name)
  }

  get(name: string): ModuleRecord | undefined {
    const line = this.#lines.get(name)
    return line && (JSON.parse(line.toString('utf8')) as ModuleRecord)
  }

  names(): IterableIterator<string> {
    return this.#lines.keys()
  }

  *records(): Generator<ModuleRecord> {
    for (const name of this.#lines.keys()) yield this.get(name)!
  }
}
