import fs from 'node:fs'
import { ImageFault } from './fault.ts'
import { type Format, formatOf } from './format.ts'
import { toJavaScript } from './strip.ts'
import { NO_FACTS, type TextFacts } from './text_facts.ts'

/** The source texts of one image: read once, types stripped, and never read again, so that the image stays one version whatever the disk does. */
export class SourceTexts {
  readonly #label: string
  readonly #texts = new Map<string, string>()
  readonly #formats = new Map<string, Format>()
  /** The clock tells whole milliseconds and the disk parts of them: a file of this millisecond is not newer. */
  readonly #createdAt = Date.now() + 1
  readonly #factsOf: (text: string) => TextFacts
  #bytes = 0

  /** @param factsOf what is known of a text besides */
  constructor(label: string, factsOf: (text: string) => TextFacts = () => NO_FACTS) {
    this.#label = label
    this.#factsOf = factsOf
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
    const text = this.#readDisk(file)
    const stripped = toJavaScript(file, text)
    this.#texts.set(file, stripped)
    this.#bytes += Buffer.byteLength(text)
    return stripped
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

  #readUnchanged(file: string): string {
    const descriptor = fs.openSync(file, 'r')
    try {
      // The time of the last change of anything about the file: another one in its place may have an older time of its text.
      if (fs.fstatSync(descriptor).ctimeMs > this.#createdAt)
        throw new ImageFault({ kind: 'changed', file, image: this.#label })
      return fs.readFileSync(descriptor, 'utf8')
    } finally {
      fs.closeSync(descriptor)
    }
  }

  #readDisk(file: string): string {
    try {
      // Files that a load reads at once cannot be newer than the load but for clock granularity; a later one may be the next version's.
      const text =
        Date.now() - this.#createdAt > SAME_LOAD_MS ? this.#readUnchanged(file) : fs.readFileSync(file, 'utf8')
      // A byte order mark is no part of the text, and would move the columns of its first line.
      return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
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
}

const SAME_LOAD_MS = 1000
const BYTE_ORDER_MARK = 0xfeff

const reasonOf = (code: string | undefined, message: string): string => {
  if (code === 'ENOENT') return 'No such file or directory'
  if (code === 'EISDIR') return 'Is a directory'
  if (code === 'EACCES') return 'Permission denied'
  return message
}
