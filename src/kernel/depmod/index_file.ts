import fs from 'node:fs'
import { join } from 'node:path'
import { lazily } from '../../images/lazy.ts'
import type { Fingerprint } from './fingerprint.ts'
import { LongFile } from './long_file.ts'
import type { DepmodProblem } from './record.ts'
import type { RecordStore } from './record_store.ts'
import type { FileStamp } from './stamp.ts'

export const INDEX_FILE = 'modules.dep.json'
/** The aliases in a form that answers as soon as it is read. */
export const PREPARED_FILE = 'modules.alias.bin'

const VERSION = 4

/** What an index says without being read to its end. */
interface IndexHead {
  /** While it holds, so does all of the index. */
  readonly fingerprint?: Fingerprint | undefined
  /** How many modules there are. */
  readonly count: number
  /** Hash of the prepared aliases that belong to this index. */
  readonly prepared: string
  /** How many those are. */
  readonly aliases: number
  /** What is wrong in all the folders. */
  readonly problems: readonly DepmodProblem[]
}

/** What is written beside a folder's modules. The stamps and records are read when one of them is first asked for. */
export interface FolderIndex extends IndexHead {
  /** False when another index has taken its place before its stamps and records were read: then it has none. */
  isThere(): boolean
  /** By module: its files as they were when its record was made. */
  stamps(): ReadonlyMap<string, readonly FileStamp[]>
  /** Each module's record, as bytes of JSON; undefined when they cannot be read any more. */
  lines(): Iterable<readonly [name: string, line: Buffer]> | undefined
}

/** Writes a file so that whoever reads it meanwhile finds the old one or the new one whole. */
export function writeAtomically(file: string, contents: string | Uint8Array): void {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    fs.writeFileSync(temporary, contents)
    fs.renameSync(temporary, file)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
}

/** Where the modules are, and among which folders they find each other. */
interface IndexPlace {
  readonly folder: string
  readonly folders: readonly string[]
}

const head = ({ folder, folders }: IndexPlace): string =>
  `{"version":${VERSION},"folder":${JSON.stringify(folder)},"folders":${JSON.stringify(folders)},`

/**
 * One JSON object, laid out so that its parts can be cut apart without parsing all: two lines of what is asked first, which say how long the rest is, a
 * line of stamps, then a line a module. The records speak of files by their paths; in another place they are of no use.
 */
export function formatIndex(
  place: IndexPlace,
  index: Omit<IndexHead, 'count'>,
  stamps: ReadonlyMap<string, readonly FileStamp[]>,
  records: RecordStore,
): Buffer {
  const rows = [...stamps].map(([name, files]) => [
    name,
    ...files.flatMap(({ path, mtime, ctime, size, hash }) => [path, mtime, ctime, size, hash]),
  ])
  const parts: Buffer[] = [Buffer.from(`"stamps":${JSON.stringify(rows)},\n"modules":{`)]
  let separator = '\n'
  for (const name of stamps.keys()) {
    const line = records.line(name)
    if (line === undefined) continue
    parts.push(Buffer.from(`${separator}${JSON.stringify(name)}:`), line)
    separator = ',\n'
  }
  parts.push(Buffer.from('\n}}\n'))
  const rest = parts.reduce((sum, { length }) => sum + length, 0)
  const first = JSON.stringify({ rest, count: stamps.size, ...index }).slice(1, -1)
  return Buffer.concat([Buffer.from(`${head(place)}\n${first},\n`), ...parts])
}

/** The folder's index; undefined when there is none, or none that can be used: then all is read anew. */
export function readIndex(place: IndexPlace): FolderIndex | undefined {
  try {
    const file = new LongFile(join(place.folder, INDEX_FILE), 2)
    const [where, first] = file.lines as [string, string]
    if (where !== head(place)) return undefined
    const { rest, ...said } = JSON.parse(`{${first.slice(0, -1)}}`) as IndexHead & { readonly rest: number }
    if (rest !== file.restSize) return undefined
    return {
      ...said,
      isThere: () => file.isThere,
      stamps: lazily(() => stampsOf(file.rest())),
      lines: () => {
        const bytes = file.rest()
        return bytes && linesOf(bytes)
      },
    }
  } catch {
    return undefined
  }
}

/** A list that is none counts as no stamps: then all is read anew. */
function stampsOf(rest: Buffer | undefined): Map<string, FileStamp[]> {
  if (rest === undefined) return new Map()
  try {
    const text = rest.toString('utf8', '"stamps":'.length, rest.indexOf(10) - 1)
    const rows = JSON.parse(text) as (string | number)[][]
    return new Map(rows.map(([name, ...fields]) => [name as string, filesOf(fields)]))
  } catch {
    return new Map()
  }
}

function filesOf(fields: readonly (string | number)[]): FileStamp[] {
  const stamps: FileStamp[] = []
  for (let i = 0; i < fields.length; i += 5) {
    const [path, mtime, ctime, size, hash] = fields.slice(i, i + 5) as [string, number, number, number, string]
    stamps.push({ path, mtime, ctime, size, hash })
  }
  return stamps
}

/** `"name":{…},` a line. Names of modules have no quotes: they are parts of paths, and JSON would have to escape one. */
function* linesOf(rest: Buffer): Generator<[string, Buffer]> {
  let from = rest.indexOf('\n"modules":{\n') + '\n"modules":{\n'.length
  for (let to = rest.indexOf(10, from); to !== -1; from = to + 1, to = rest.indexOf(10, from)) {
    if (rest[from] === 125) return
    const colon = rest.indexOf('":', from + 1)
    const name = JSON.parse(rest.toString('utf8', from, colon + 1)) as string
    yield [name, rest.subarray(colon + 2, rest[to - 1] === 44 ? to - 1 : to)]
  }
}
