import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { hashOf } from './hash.ts'
import { monotonicNow } from './node_parts.ts'
import { BROKEN_PACKAGE, type PackageManifest, readPackage } from './package_manifest.ts'
import { isShortage } from './system_errors.ts'

/**
 * What the disk looks like, remembered for the length of one load: however many imports lead to a file, the disk is asked once. Between two loads it
 * may change, so each begins with `forgetDisk`; what is asked for later, while the code runs, is remembered for a moment only.
 */
const REMEMBERED_MS = 2000

type PathKind = 'file' | 'folder' | undefined

const kinds = new Map<string, PathKind>()
const realFiles = new Map<string, string | undefined>()
const realFolders = new Map<string, string>()
const manifests = new Map<string, PackageManifest | undefined>()
const answers = new Map<string, string | undefined>()
const ALL = [kinds, realFiles, realFolders, manifests, answers]
let since = 0

/** Forget what the disk looked like: a new load begins. */
export function forgetDisk(): void {
  since = monotonicNow()
  // Clearing an empty map makes a new table all the same.
  for (const remembered of ALL) if (remembered.size > 0) remembered.clear()
}

function recall<T>(remembered: Map<string, T>, key: string, ask: () => T): T {
  if (monotonicNow() - since > REMEMBERED_MS) forgetDisk()
  const known = remembered.get(key)
  if (known !== undefined || remembered.has(key)) return known as T
  const value = ask()
  remembered.set(key, value)
  return value
}

/** What is at a path, symbolic links followed. */
export function kindOf(path: string): PathKind {
  const kind = recall(kinds, path, () => {
    const stats = attempt(() => fs.statSync(path, { throwIfNoEntry: false }))
    return stats?.isFile() ? 'file' : stats?.isDirectory() ? 'folder' : undefined
  })
  noted?.set(`kind ${path}`, { of: 'kind', path, says: kind ?? '' })
  return kind
}

/** The real path of a file; undefined when there is none. */
export const realFile = (path: string): string | undefined =>
  recall(realFiles, path, () =>
    attempt(() => {
      const stats = fs.lstatSync(path, { throwIfNoEntry: false })
      if (stats?.isFile()) return join(realFolder(dirname(path)), basename(path))
      if (!stats?.isSymbolicLink()) return undefined
      const real = fs.realpathSync.native(path)
      return fs.statSync(real).isFile() ? real : undefined
    }),
  )

const realFolder = (path: string): string => recall(realFolders, path, () => fs.realpathSync.native(path))

/** The package.json of a folder; undefined where there is none. */
export function manifestOf(folder: string): PackageManifest | undefined {
  const manifest = recall(manifests, folder, () => readPackage(folder))
  noted?.set(`manifest ${folder}`, { of: 'manifest', path: folder, says: digest(manifest) })
  return manifest
}

const digests = new WeakMap<PackageManifest, string>()

function digest(manifest: PackageManifest | undefined): string {
  if (!manifest) return ''
  if (manifest === BROKEN_PACKAGE) return 'broken'
  let made = digests.get(manifest)
  if (made === undefined) {
    made = hashOf(JSON.stringify(manifest))
    digests.set(manifest, made)
  }
  return made
}

/** One thing that the disk was asked, and what it said. */
export interface DiskFact {
  readonly of: 'kind' | 'manifest'
  readonly path: string
  readonly says: string
}

let noted: Map<string, DiskFact> | undefined

/** What `look`, which is synchronous, gives, and all that it asked of the disk: as long as the disk says the same, so does `look`. */
export function noteFacts<T>(look: () => T): { readonly value: T; readonly facts: readonly DiskFact[] } {
  const facts = new Map<string, DiskFact>()
  noted = facts
  try {
    const value = look()
    return { value, facts: [...facts.values()] }
  } finally {
    noted = undefined
  }
}

export const stillHolds = ({ of, path, says }: DiskFact): boolean =>
  says === (of === 'kind' ? (kindOf(path) ?? '') : digest(manifestOf(path)))

/** What a resolver said that asks of nothing but the disk. */
export const recallAnswer = (question: string, ask: () => string | undefined): string | undefined =>
  recall(answers, question, ask)

/** A path that cannot be one, that leads in a circle, or that nobody may look at, has nothing at it. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (isShortage(error)) throw error
    return undefined
  }
}
