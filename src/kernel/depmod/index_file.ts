import fs from 'node:fs'
import { join } from 'node:path'
import type { DepmodProblem, FileStamp } from './record.ts'
import type { RecordStore } from './record_store.ts'

export const INDEX_FILE = 'modules.dep.json'
/** The aliases in a form that answers as soon as it is read. */
export const PREPARED_FILE = 'modules.alias.bin'

const VERSION = 2

/** What is written beside a folder's modules. */
export interface FolderIndex {
  /** By module: its files as they were when its record was made. */
  readonly stamps: ReadonlyMap<string, readonly FileStamp[]>
  /** Hash of the prepared aliases that belong to this index. */
  readonly prepared: string
  /** How many those are. */
  readonly aliases: number
  /** What is wrong in all the folders. */
  readonly problems: readonly DepmodProblem[]
  /** Each module's record, as bytes of JSON. */
  lines(): Iterable<readonly [name: string, line: Buffer]>
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
export interface IndexPlace {
  readonly folder: string
  readonly folders: readonly string[]
}

const head = ({ folder, folders }: IndexPlace): string =>
  `{"version":${VERSION},"folder":${JSON.stringify(folder)},"folders":${JSON.stringify(folders)},`

/**
 * One JSON object, laid out so that its parts can be cut apart without parsing all: a line of stamps, a line of what else there is, then a line a
 * module. The records speak of files by their paths; in another place they are of no use.
 */
export function formatIndex(place: IndexPlace, index: Omit<FolderIndex, 'lines'>, records: RecordStore): Buffer {
  const rows = [...index.stamps].map(([name, files]) => [
    name,
    ...files.flatMap(({ path, mtime, size, hash }) => [path, mtime, size, hash]),
  ])
  const parts: Buffer[] = [
    Buffer.from(
      `${head(place)}\n"stamps":${JSON.stringify(rows)},\n"prepared":"${index.prepared}","aliases":${index.aliases},\n"problems":${JSON.stringify(index.problems)},\n"modules":{\n`,
    ),
  ]
  let first = true
  for (const [name] of index.stamps) {
    const line = records.line(name)
    if (line === undefined) continue
    parts.push(Buffer.from(`${first ? '' : ',\n'}${JSON.stringify(name)}:`), line)
    first = false
  }
  parts.push(Buffer.from('\n}}\n'))
  return Buffer.concat(parts)
}

/** The folder's index; undefined when there is none, or none that can be used: then all is read anew. */
export function readIndex(place: IndexPlace): FolderIndex | undefined {
  try {
    const bytes = fs.readFileSync(join(place.folder, INDEX_FILE))
    const ends = lineEnds(bytes, 5)
    const textOf = (line: number): string => bytes.toString('utf8', line === 0 ? 0 : ends[line - 1]! + 1, ends[line])
    // A file that was cut off lacks its end.
    if (ends.length < 5 || textOf(0) !== head(place) || bytes.toString('latin1', bytes.length - 4) !== '\n}}\n')
      return undefined
    const rows = JSON.parse(textOf(1).slice('"stamps":'.length, -1)) as (string | number)[][]
    const stamps = new Map(rows.map(([name, ...fields]) => [name as string, stampsOf(fields)]))
    const { prepared, aliases } = JSON.parse(`{${textOf(2).slice(0, -1)}}`) as { prepared: string; aliases: number }
    const problems = JSON.parse(textOf(3).slice('"problems":'.length, -1)) as DepmodProblem[]
    return { stamps, prepared, aliases, problems, lines: () => linesOf(bytes, ends[4]! + 1) }
  } catch {
    return undefined
  }
}

function lineEnds(bytes: Buffer, count: number): number[] {
  const ends: number[] = []
  for (let at = bytes.indexOf(10); at !== -1 && ends.length < count; at = bytes.indexOf(10, at + 1)) ends.push(at)
  return ends
}

function stampsOf(fields: readonly (string | number)[]): FileStamp[] {
  const stamps: FileStamp[] = []
  for (let i = 0; i < fields.length; i += 4)
    stamps.push({
      path: fields[i] as string,
      mtime: fields[i + 1] as number,
      size: fields[i + 2] as number,
      hash: fields[i + 3] as string,
    })
  return stamps
}

/** `"name":{…},` a line. Names of modules have no quotes: they are parts of paths, and JSON would have to escape one. */
function* linesOf(bytes: Buffer, from: number): Generator<[string, Buffer]> {
  for (let to = bytes.indexOf(10, from); to !== -1; from = to + 1, to = bytes.indexOf(10, from)) {
    if (bytes[from] === 125) return
    // Between the braces of a folder without modules.
    if (from === to) continue
    const colon = bytes.indexOf('":', from + 1)
    const name = JSON.parse(bytes.toString('utf8', from, colon + 1)) as string
    yield [name, bytes.subarray(colon + 2, bytes[to - 1] === 44 ? to - 1 : to)]
  }
}
