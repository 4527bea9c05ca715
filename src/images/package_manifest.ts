import fs from 'node:fs'
import { join } from 'node:path'
import { isSameStamp, isSettled, type Stamp, stampAt } from './stamp.ts'
import { isShortage } from './system_errors.ts'

export interface PackageManifest {
  readonly name?: unknown
  readonly type?: unknown
  readonly main?: unknown
  readonly exports?: unknown
}

/** What `readPackage` gives for a package.json that is no JSON: it counts as empty. */
export const BROKEN_PACKAGE: PackageManifest = {}

interface Known {
  readonly stamp: Stamp
  readonly manifest: PackageManifest
}

const known = new Map<string, Known>()
const MOST_KNOWN = 1000

/** The parsed package.json of a folder; undefined where there is none, or none that may be read. It is read again when it has changed. */
export function readPackage(folder: string): PackageManifest | undefined {
  const file = join(folder, 'package.json')
  try {
    const stamp = stampAt(file)
    if (!stamp) return undefined
    const before = known.get(file)
    if (before && isSameStamp(before.stamp, stamp)) return before.manifest
    const manifest = parse(fs.readFileSync(file, 'utf8'))
    if (isSettled(stamp)) remember(file, { stamp, manifest })
    return manifest
  } catch (error) {
    if (isShortage(error)) throw error
    return undefined
  }
}

function remember(file: string, manifest: Known): void {
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(file, manifest)
}

function parse(text: string): PackageManifest {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return BROKEN_PACKAGE
  }
}
