import fs from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildOfThis } from './build.ts'
import type { DiskFact } from './disk.ts'
import { HASH_LENGTH, hashOf } from './hash.ts'
import type { Answer, LoadRecord, LoadStore } from './load_memory.ts'
import { makeFolder } from './make_folder.ts'
import type { Facts } from './text_facts.ts'

interface LoadStoreOptions {
  readonly folder: string
  /** Bytes that all records may take together. */
  readonly limit: number
}

const MEGABYTE = 1024 * 1024
/** One record that is larger than this part of the limit is not kept. */
const LARGEST_PART = 0.25
/** A full folder is emptied to this part of the limit: it would be full again at once. */
const ROOM = 0.9
/** A record that was of use is as good as new; its time says so once a day. */
const TOUCH_MS = 24 * 60 * 60 * 1000
const CHECKSUM_LENGTH = HASH_LENGTH

/** The checksum, and then how long the description is, in as many hexadecimal digits. */
const LENGTH_LENGTH = 16
const HEAD_LENGTH = CHECKSUM_LENGTH + LENGTH_LENGTH
/** The engine copies what does not begin at such a place. */
const ALIGNMENT = 8

/** The description of a record: facts of the disk stand once, and answers name them by number. Code stands behind it. */
interface Written {
  readonly texts: Readonly<Record<string, Facts>>
  readonly facts: readonly DiskFact[]
  readonly answers: readonly (readonly [question: string, found: string | null, facts: readonly number[]])[]
  readonly codes: readonly (readonly [key: string, start: number, length: number])[]
}

export const defaultStore = (): LoadStoreOptions => ({ folder: join(cacheFolder(), 'outlive'), limit: 64 * MEGABYTE })

function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (XDG_CACHE_HOME) return XDG_CACHE_HOME
  if (process.platform === 'win32') return LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local')
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache')
}

/**
 * Records of loads, each in a file of its own, which begins with the checksum of the rest: one that is cut off or was changed is as good as none. A file is written beside its place
 * and moved there, so that whoever reads sees all of it, and of two processes the last one wins. When the folder is full the oldest go.
 */
export class FileLoadStore implements LoadStore {
  readonly #options: LoadStoreOptions
  /** What all records took when this process last looked, and what it has written since. */
  #taken: number | undefined

  constructor(options: LoadStoreOptions) {
    this.#options = options
  }

  read(entry: string): LoadRecord | undefined {
    const file = this.#fileOf(entry)
    try {
      const descriptor = fs.openSync(file, 'r')
      try {
        const stats = fs.fstatSync(descriptor)
        if (!isOwn(stats)) return undefined
        const bytes = fs.readFileSync(descriptor)
        const checksum = hashOf(bytes.subarray(CHECKSUM_LENGTH))
        if (bytes.toString('latin1', 0, CHECKSUM_LENGTH) !== checksum) return undefined
        if (Date.now() - stats.mtimeMs > TOUCH_MS) fs.futimesSync(descriptor, new Date(), new Date())
        return unpack(bytes)
      } finally {
        fs.closeSync(descriptor)
      }
    } catch {
      return undefined
    }
  }

  write(entry: string, record: LoadRecord): void {
    try {
      this.#write(this.#fileOf(entry), record)
    } catch {
      // A full or read-only disk: the next load takes as long as this one.
    }
  }

  #write(file: string, record: LoadRecord): void {
    const content = pack(record)
    if (content.length > this.#options.limit * LARGEST_PART) return
    const { folder } = this.#options
    makeFolder(folder)
    if (!isOwn(fs.statSync(folder))) return
    const beside = `${file}.${process.pid}-${Math.random().toString(36).slice(2)}`
    try {
      const checksum = Buffer.from(hashOf(content), 'latin1')
      fs.writeFileSync(beside, Buffer.concat([checksum, content]), { mode: 0o600, flag: 'wx' })
      fs.renameSync(beside, file)
    } catch {
      fs.rmSync(beside, { force: true })
    }
    this.#makeRoomFor(CHECKSUM_LENGTH + content.length)
  }

  /** The folder is looked through at the first record of a process, and then not before it may be full: there may be thousands in it. */
  #makeRoomFor(written: number): void {
    const { limit } = this.#options
    if (this.#taken !== undefined) this.#taken += written
    if (this.#taken === undefined || this.#taken > limit) this.#taken = this.#makeRoom()
  }

  /** @returns bytes that are taken then */
  #makeRoom(): number {
    const { folder, limit } = this.#options
    const files = fs.readdirSync(folder).flatMap(name => {
      const path = join(folder, name)
      const stats = fs.statSync(path, { throwIfNoEntry: false })
      return stats?.isFile() ? [{ path, size: stats.size, time: stats.mtimeMs }] : []
    })
    let total = files.reduce((sum, { size }) => sum + size, 0)
    if (total <= limit) return total
    for (const { path, size } of files.sort((a, b) => a.time - b.time)) {
      if (total <= limit * ROOM) break
      fs.rmSync(path, { force: true })
      total -= size
    }
    return total
  }

  #fileOf(entry: string): string {
    return join(this.#options.folder, hashOf(`${entry} ${process.version} ${process.arch} ${buildOfThis()}`))
  }
}

/** Nobody else may have written what is trusted. */
const isOwn = ({ uid, mode }: fs.Stats): boolean =>
  process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0)

/** All of a record but its checksum. */
function pack({ texts, answers, codes }: LoadRecord): Buffer {
  const numbers = new Map<string, number>()
  const facts: DiskFact[] = []
  const numberOf = (fact: DiskFact): number => {
    const key = `${fact.of} ${fact.path}`
    const known = numbers.get(key)
    // The disk may have changed in the middle of a load; then answers disagree, and each keeps what it saw.
    if (known !== undefined && facts[known]!.says === fact.says) return known
    numbers.set(key, facts.length)
    return facts.push(fact) - 1
  }
  let end = 0
  const written: Written = {
    texts,
    facts,
    answers: [...answers].map(([question, answer]) => [question, answer.found ?? null, answer.facts.map(numberOf)]),
    codes: [...codes].map(([key, { length }]) => {
      const start = end
      end = aligned(start + length)
      return [key, start, length]
    }),
  }
  const description = Buffer.from(JSON.stringify(written))
  const head = Buffer.from(description.length.toString(16).padStart(LENGTH_LENGTH, '0'), 'latin1')
  const codesStart = aligned(HEAD_LENGTH + description.length) - CHECKSUM_LENGTH
  const content = Buffer.alloc(codesStart + end)
  head.copy(content)
  description.copy(content, LENGTH_LENGTH)
  const parts = [...codes.values()]
  for (const [index, [, start]] of written.codes.entries()) content.set(parts[index]!, codesStart + start)
  return content
}

function unpack(bytes: Buffer): LoadRecord {
  const length = Number.parseInt(bytes.toString('latin1', CHECKSUM_LENGTH, HEAD_LENGTH), 16)
  const codesStart = aligned(HEAD_LENGTH + length)
  const { texts, facts, answers, codes } = JSON.parse(
    bytes.toString('utf8', HEAD_LENGTH, HEAD_LENGTH + length),
  ) as Written
  const byQuestion = answers.map(([question, found, numbers]): [string, Answer] => [
    question,
    { found: found ?? undefined, facts: numbers.map(number => facts[number]!) },
  ])
  const byKey = codes.map(([key, start, size]): [string, Uint8Array] => [
    key,
    bytes.subarray(codesStart + start, codesStart + start + size),
  ])
  return { texts, answers: new Map(byQuestion), codes: new Map(byKey) }
}

const aligned = (offset: number): number => Math.ceil(offset / ALIGNMENT) * ALIGNMENT
