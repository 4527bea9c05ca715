import fs from 'node:fs'
import { join } from 'node:path'

export interface PackageManifest {
  readonly name?: unknown
  readonly type?: unknown
  readonly main?: unknown
  readonly exports?: unknown
}

/** What `readPackage` gives for a package.json that is no JSON: it counts as empty. */
export const BROKEN_PACKAGE: PackageManifest = {}

/** What the disk says of a file without reading it. While it says the same the contents are the same, once the file is older than its clock is coarse. */
interface Known {
  readonly stats: fs.Stats
  readonly manifest: PackageManifest
}

const known = new Map<string, Known>()
const MOST_KNOWN = 1000
/** The coarsest clock of a file system in use. */
const SETTLED_MS = 2000

/** The parsed package.json of a folder; undefined where there is none. It is read again when it has changed. */
export function readPackage(folder: string): PackageManifest | undefined {
  const file = join(folder, 'package.json')
  try {
    const stats = fs.statSync(file, { throwIfNoEntry: false })
    if (!stats?.isFile()) return undefined
    const before = known.get(file)
    if (before && isSame(before.stats, stats)) return before.manifest
    const manifest = parse(fs.readFileSync(file, 'utf8'))
    if (Date.now() - stats.ctimeMs > SETTLED_MS) remember(file, { stats, manifest })
    return manifest
  } catch {
    return undefined
  }
}

function remember(file: string, manifest: Known): void {
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(file, manifest)
}

const isSame = (a: fs.Stats, b: fs.Stats): boolean =>
  a.ctimeMs === b.ctimeMs && a.mtimeMs === b.mtimeMs && a.size === b.size && a.ino === b.ino && a.dev === b.dev

function parse(text: string): PackageManifest {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return BROKEN_PACKAGE
  }
}
