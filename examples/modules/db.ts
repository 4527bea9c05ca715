import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModuleContext } from 'outlive'

export const info = {
  description: 'An SQLite database that other modules import',
  version: '1.0.0',
  license: 'MIT',
  params: { file: { type: 'string', default: '', description: 'the database file, or :memory:' } },
}

type Value = string | number | null
type Row = Record<string, Value>

interface Database {
  all(sql: string, values: Value[]): Row[]
  close(): void
}

/** One open database, passed from image to image. Whoever adopts it closes it. */
interface Shared {
  database: Database
  adopted: boolean
}

let database: Database
let shared: Shared | undefined

export const query = (sql: string, ...values: Value[]): Row[] => database.all(sql, values)

export async function init(k: ModuleContext<typeof info>) {
  const inherited = k.inherited as Shared | undefined
  database = inherited?.database ?? (await open(k.params.file || join(tmpdir(), 'outlive-notes.db')))
  if (inherited) inherited.adopted = true
}

export function handoff(): Shared {
  shared = { database, adopted: false }
  return shared
}

export function exit() {
  if (!shared?.adopted) database.close()
}

/** SQLite from npm, compiled to WebAssembly, where it is installed; else the one that Node brings since version 22. */
async function open(file: string): Promise<Database> {
  const wasm = await import('node-sqlite3-wasm').catch(() => undefined)
  if (wasm) {
    const opened = new wasm.default.Database(file)
    return { all: (sql, values) => opened.all(sql, values) as Row[], close: () => opened.close() }
  }
  const native = await import('node:sqlite').catch(() => undefined)
  if (!native) throw new Error('db needs the package node-sqlite3-wasm, or Node 22.13 or newer')
  const opened = new native.DatabaseSync(file)
  return { all: (sql, values) => opened.prepare(sql).all(...values) as Row[], close: () => opened.close() }
}
