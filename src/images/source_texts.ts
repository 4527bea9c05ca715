import fs from 'node:fs'
import { ImageFault } from './fault.ts'
import { type Format, formatByName, formatOf } from './format.ts'
import type { ImageEnvironment } from './image.ts'
import { readText } from './large_text.ts'
import { toJavaScript } from './strip.ts'
import { NO_FACTS, type TextFacts } from './text_facts.ts'
import { WasmFiles } from './wasm.ts'

/** The source texts of one image: read once, types stripped, and never read again, so that the image stays one version whatever the disk does. */
export class SourceTexts {
  readonly #label: string
  readonly #verify: ImageEnvironment['verify']
  /** Most images have none. */
  #wasm: WasmFiles | undefined
  readonly #texts = new Map<string, string>()
  readonly #formats = new Map<string, Format>()
  /** The clock tells whole milliseconds and the disk parts of them: a file of this millisecond is not newer. */
  readonly #createdAt = Date.now() + 1
  readonly #factsOf: (text: string) => TextFacts
  #bytes = 0

  /**
   * @param factsOf what is known of a text besides
   * @param verify looks at what is read, before it is used
   */
  constructor(
    label: string,
    factsOf: (text: string) => TextFacts = () => NO_FACTS,
    verify: ImageEnvironment['verify'] = undefined,
  ) {
    this.#label = label
    this.#factsOf = factsOf
    this.#verify = verify
  }

  get bytes(): number {
    return this.#bytes
  }

  get files(): readonly string[] {
    return [...this.#texts.keys()]
  }

  clear(): void {
    this.#texts.clear()
    this.#formats.clear()
    this.#wasm = undefined
  }

  get wasm(): WasmFiles {
    this.#wasm ??= new WasmFiles()
    return this.#wasm
  }

  has(file: string): boolean {
    return this.#texts.has(file)
  }

  /**
   * The text of a file as JavaScript, lines and columns in place.
   *
   * @throws ImageFault `missing`, `unreadable`, `syntax`, and `changed` for a file that is first asked for after it changed
   */
  read(file: string): string {
    const known = this.#texts.get(file)
    if (known !== undefined) return known
    if (formatByName(file) === 'wasm') {
      const bytes = this.#readDisk(file) as Buffer
      const compiled = this.wasm.compile(file, bytes)
      this.#keep(file, compiled, bytes.length)
      return compiled
    }
    const text = this.#readText(file)
    const stripped = toJavaScript(file, text)
    this.#keep(file, stripped, Buffer.byteLength(text))
    return stripped
  }

  #keep(file: string, text: string, bytes: number): void {
    this.#texts.set(file, text)
    this.#bytes += bytes
  }

  facts(file: string): TextFacts {
    return this.#factsOf(this.read(file))
  }

  /** What kind of file it is, by its name or its text. */
  format(file: string): Format {
    let format = this.#formats.get(file)
    if (format === undefined) {
      const text = this.read(file)
      format = formatOf(file, text, this.#factsOf(text))
      this.#formats.set(file, format)
    }
    return format
  }

  #readDisk(file: string): string | Buffer {
    const contents = this.#contentsOf(file)
    if (typeof contents !== 'string') this.#verify?.(file, contents)
    return contents
  }

  #readText(file: string): string {
    const text = this.#readDisk(file).toString()
    // A byte order mark is no part of the text, and would move the columns of its first line.
    return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
  }

  #contentsOf(file: string): string | Buffer {
    try {
      // Files that a load reads at once cannot be newer than the load but for clock granularity; a later one may be the next version's.
      return Date.now() - this.#createdAt > SAME_LOAD_MS ? this.#readUnchanged(file) : this.#readNow(file, file)
    } catch (error) {
      if (error instanceof ImageFault) throw error
      const { code, message } = error as NodeJS.ErrnoException
      throw new ImageFault({
        kind: code === 'ENOENT' ? 'missing' : 'unreadable',
        file,
        reason: reasonOf(code, message),
      })
    }
  }

  #readUnchanged(file: string): string | Buffer {
    const descriptor = fs.openSync(file, 'r')
    try {
      // The time of the last change of anything about the file: another one in its place may have an older time of its text.
      if (fs.fstatSync(descriptor).ctimeMs > this.#createdAt)
        throw new ImageFault({ kind: 'changed', file, image: this.#label })
      return this.#readNow(descriptor, file)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  /** As bytes where they are to be verified, or are no text. */
  #readNow(from: string | number, file: string): string | Buffer {
    return this.#verify || formatByName(file) === 'wasm' ? fs.readFileSync(from) : readText(from)
  }
}

const SAME_LOAD_MS = 1000
const BYTE_ORDER_MARK = 0xfeff

const reasonOf = (code: string | undefined, message: string): string => {
  if (code === 'ENOENT') return 'No such file or directory'
  if (code === 'EISDIR') return 'Is a directory'
  if (code === 'EACCES') return 'Permission denied'
  return message
}
