import fs from 'node:fs'
import { ImageFault } from './fault.ts'
import { type Format, formatByName, formatOf, isJsx, isTypeScript } from './format.ts'
import { hashOf } from './hash.ts'
import type { ImageEnvironment } from './image.ts'
import { decode, readContents } from './large_text.ts'
import { readFile } from './plain_file.ts'
import { isSameStamp, isSettled, type Stamp, stampAt } from './stamp.ts'
import { toJavaScript } from './strip.ts'
import { isSystemError, reasonOf } from './system_errors.ts'
import { KnownText, NO_FACTS, type TextFacts } from './text_facts.ts'
import { WasmFiles } from './wasm.ts'

/** A file as it was read. */
export interface SourceFile {
  /** As JavaScript. */
  readonly known: KnownText
  /** In the author's text. */
  readonly bytes: number
  /** Of the contents, where somebody remembers. */
  readonly hash: string | undefined
  /** Undefined where a later change might not be seen by it. */
  readonly stamp: Stamp | undefined
}

/** What the texts of one image may know from the loads before. */
export interface TextMemory {
  facts(known: KnownText): TextFacts
  /** A text that has to be made of a file's contents first; `hash` is of all that decides about it. */
  made(hash: string, make: () => string): KnownText
  /** A file as an image of this process has read it. */
  fileBefore(file: string): SourceFile | undefined
}

/** The source texts of one image: read once, types stripped, and never read again, so that the image stays one version whatever the disk does. */
export class SourceTexts {
  readonly #label: string
  readonly #verify: ImageEnvironment['verify']
  /** Most images have none. */
  #wasm: WasmFiles | undefined
  readonly #files = new Map<string, SourceFile>()
  /** Files whose texts were let go. */
  #dropped: Set<string> | undefined
  readonly #formats = new Map<string, Format>()
  /** The folder that the files are in, and which one it was when the image was made. */
  readonly #folder: string | undefined
  readonly #place: Place | undefined
  /** The clock tells whole milliseconds and the disk parts of them: a file of this millisecond is not newer. */
  readonly #createdAt = Date.now() + 1
  readonly #memory: () => TextMemory | undefined
  #bytes = 0

  /**
   * @param memory what is known at the time
   * @param verify looks at what is read, before it is used
   * @param folder that files which are read later have to be in, or below
   */
  constructor(
    label: string,
    memory: () => TextMemory | undefined = () => undefined,
    verify: ImageEnvironment['verify'] = undefined,
    folder: string | undefined = undefined,
  ) {
    this.#label = label
    this.#memory = memory
    this.#verify = verify
    this.#folder = folder
    this.#place = folder === undefined ? undefined : placeOf(folder)
  }

  get bytes(): number {
    return this.#bytes
  }

  get files(): readonly string[] {
    return [...(this.#dropped ?? []), ...this.#files.keys()]
  }

  /** For the next load of the same files. */
  get known(): ReadonlyMap<string, SourceFile> {
    return this.#files
  }

  /** Lets a text go that nobody is likely to ask for again; who does reads it anew. */
  drop(file: string): void {
    if (!this.#files.delete(file)) return
    this.#dropped ??= new Set()
    this.#dropped.add(file)
  }

  clear(): void {
    this.#files.clear()
    this.#dropped = undefined
    this.#formats.clear()
    this.#wasm = undefined
  }

  get wasm(): WasmFiles {
    this.#wasm ??= new WasmFiles()
    return this.#wasm
  }

  has(file: string): boolean {
    return this.#files.has(file) || this.#dropped?.has(file) === true
  }

  /**
   * The text of a file as JavaScript, lines and columns in place.
   *
   * @throws ImageFault `missing`, `unreadable`, `syntax`, and `changed` for a file that is first asked for after it changed
   */
  read(file: string): string {
    return this.#get(file).known.text
  }

  facts(file: string): TextFacts {
    return this.#memory()?.facts(this.#get(file).known) ?? NO_FACTS
  }

  #get(file: string): SourceFile {
    let found = this.#files.get(file)
    if (found) return found
    found = this.#attempt(file, () => this.#find(file))
    this.#files.set(file, found)
    if (!this.#dropped?.delete(file)) this.#bytes += found.bytes
    return found
  }

  /** What kind of file it is, by its name or its text. */
  format(file: string): Format {
    let format = this.#formats.get(file)
    if (format === undefined) {
      const text = this.read(file)
      format = formatOf(file, text, this.facts(file))
      this.#formats.set(file, format)
    }
    return format
  }

  #attempt<T>(file: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (!isSystemError(error)) throw error
      throw new ImageFault({
        kind: error.code === 'ENOENT' ? 'missing' : 'unreadable',
        file,
        reason: reasonOf(error),
      })
    }
  }

  #find(file: string): SourceFile {
    if (this.#verify) {
      const contents = readFile(file)
      this.#verify(file, contents)
      const text = this.#toJavaScript(file, contents)
      return { known: new KnownText(text), bytes: contents.length, hash: undefined, stamp: undefined }
    }
    const memory = this.#memory()
    const before = isMadeOfContentsAlone(file) ? memory?.fileBefore(file) : undefined
    if (before?.stamp) {
      const stamp = stampAt(file)
      if (stamp && isSameStamp(stamp, before.stamp)) {
        this.#checkAge(file, stamp)
        return before
      }
    }
    const { bytes, stamp: found } = readContents(file)
    this.#checkAge(file, found)
    const stamp = isSettled(found) ? found : undefined
    const hash = memory && hashOf(bytes)
    if (before && before.hash === hash) return { ...before, stamp }
    const known = this.#know(file, bytes, hash)
    return { known, bytes: bytes.length, hash, stamp }
  }

  /** @param hash of the contents, where somebody remembers */
  #know(file: string, bytes: Buffer, hash: string | undefined): KnownText {
    const make = () => this.#toJavaScript(file, bytes)
    const memory = this.#memory()
    if (hash === undefined || !memory || !isMadeOfContentsAlone(file)) return new KnownText(make())
    return isTypeScript(file) ? memory.made(`${hash} typed`, make) : new KnownText(make(), hash)
  }

  #toJavaScript(file: string, bytes: Buffer): string {
    return formatByName(file) === 'wasm' ? this.wasm.compile(file, bytes) : toJavaScript(file, textOf(bytes))
  }

  /**
   * Files that a load reads at once cannot be newer than the load but for clock granularity; a later one may be the next version's, even an old one: where a whole folder has
   * taken the place of another, no file of it has changed.
   *
   * @throws ImageFault `changed`
   */
  #checkAge(file: string, { changed }: Stamp): void {
    if (Date.now() - this.#createdAt <= SAME_LOAD_MS) return
    if (changed > this.#createdAt || !this.#isInPlace())
      throw new ImageFault({ kind: 'changed', file, image: this.#label })
  }

  #isInPlace(): boolean {
    if (!this.#place) return true
    const now = placeOf(this.#folder!)
    if (now?.device === this.#place.device && now.inode === this.#place.inode) return true
    return now?.born === this.#place.born
  }
}

/** Which folder it is. File systems over others number a folder anew at times, but it was made when it was made. */
interface Place {
  readonly device: number
  readonly inode: number
  readonly born: number
}

function placeOf(folder: string): Place | undefined {
  const stats = fs.statSync(folder, { throwIfNoEntry: false })
  return stats && { device: stats.dev, inode: stats.ino, born: stats.birthtimeMs }
}

/** A byte order mark is no part of the text, and would move the columns of its first line. */
function textOf(contents: Buffer): string {
  const text = decode(contents)
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
}

/** What JSX becomes depends on the package.json too, and a WebAssembly file is compiled for each image. */
const isMadeOfContentsAlone = (file: string): boolean => !isJsx(file) && formatByName(file) !== 'wasm'

const SAME_LOAD_MS = 1000
const BYTE_ORDER_MARK = 0xfeff
