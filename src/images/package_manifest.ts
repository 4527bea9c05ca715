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

/** The parsed package.json of a folder; undefined where there is none. */
export function readPackage(folder: string): PackageManifest | undefined {
  let text: string
  try {
    text = fs.readFileSync(join(folder, 'package.json'), 'utf8')
  } catch {
    return undefined
  }
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return BROKEN_PACKAGE
  }
}
