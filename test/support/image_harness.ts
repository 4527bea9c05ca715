import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { FileImage } from '#dist/images/file_image.js'
import { NO_GLOBALS } from '#dist/images/image.js'
import type { ModuleRecord } from '#dist/images/module_record.js'

/** Paths within a folder, and what stands in them. */
export type Files = Readonly<Record<string, string>>

export type Namespace = Record<string, unknown>

export interface LoadedImage {
  readonly image: FileImage
  readonly namespace: Namespace
  readonly folder: string
}

const root = realpathSync(mkdtempSync(join(tmpdir(), 'outlive-images-')))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
let folders = 0

/** A fresh folder with these files. It is removed when the process ends. */
export function folderOf(files: Files): string {
  const folder = join(root, String(++folders))
  writeFiles(folder, files)
  return folder
}

export function writeFiles(folder: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

const nativeRequire = createRequire(import.meta.url)

/** The folder is the image's own: everything in it goes when the image goes. */
export function imageOf(folder: string, entry: string): FileImage {
  return new FileImage({
    label: 'test#1',
    entry: join(folder, entry),
    root: folder,
    environment: {
      globals: NO_GLOBALS,
      builtin: name => nativeRequire(name) as unknown,
      isModule: () => false,
      requestModule: (): Promise<ModuleRecord> => Promise.reject(new Error('there are no other modules')),
    },
  })
}

export async function loadFolder(folder: string, entry = 'main.mjs'): Promise<LoadedImage> {
  const image = imageOf(folder, entry)
  await image.read()
  image.link(new Map())
  await image.evaluate()
  return { image, namespace: image.entryRecord.namespace as Namespace, folder }
}

/** Writes the files, loads the entry into an image, and runs it. */
export const loadImage = (files: Files, entry = 'main.mjs'): Promise<LoadedImage> => loadFolder(folderOf(files), entry)

/** The same by Node's own loader. */
export async function loadFolderNative(folder: string, entry = 'main.mjs'): Promise<Namespace> {
  return (await import(pathToFileURL(join(folder, entry)).href)) as Namespace
}

export const loadNative = (files: Files, entry = 'main.mjs'): Promise<Namespace> =>
  loadFolderNative(folderOf(files), entry)

/** What can be compared of a run: the exports, or what was thrown. Paths and messages of the engine differ between loaders and are left out. */
export async function outcomeOf(run: () => Promise<Namespace>): Promise<string> {
  try {
    const namespace = await run()
    return `exports ${inspect(describe(namespace), { depth: 8, breakLength: 100 })}`
  } catch (error) {
    return `throws ${error instanceof Error ? error.name : inspect(error)}`
  }
}

/** A namespace is shown by its keys in order; the native one has a way of its own to be inspected. */
const describe = (value: unknown): unknown =>
  Object.prototype.toString.call(value) === '[object Module]'
    ? Reflect.ownKeys(value as object).map(key => [String(key), describe(read(value as Namespace, key))])
    : value

const read = (namespace: Namespace, key: string | symbol): unknown => {
  try {
    return namespace[key as string]
  } catch (error) {
    return `throws ${(error as Error).name}`
  }
}

/** Runs the same files in an image and by Node's own loader. @returns the image's exports, when it has any */
export async function sameAsNative(files: Files, entry = 'main.mjs'): Promise<Namespace | undefined> {
  const folder = folderOf(files)
  let namespace: Namespace | undefined
  const image = await outcomeOf(async () => {
    namespace = (await loadFolder(folder, entry)).namespace
    return namespace
  })
  const native = await outcomeOf(() => loadFolderNative(folder, entry))
  assert.equal(image, native)
  return namespace
}

/** The error of a load, which must fail. */
export async function errorOf(files: Files, entry = 'main.mjs'): Promise<Error> {
  try {
    await loadImage(files, entry)
  } catch (error) {
    assert.ok(error instanceof Error, inspect(error))
    return error
  }
  assert.fail('nothing was thrown')
}

/** Weak references are held until the turn ends, and a promise's reactions may hold a frame for some turns more. */
const FEW_TURNS = 10
/** The engine may be compiling a function in another thread, and holds it as long as others leave it no time. */
const PATIENT_TURNS = 200

/** Whether plain `gc()` takes an object. Tests of the collector fail, and are not skipped, where it cannot be called. */
export async function isCollected(reference: WeakRef<object>, turns = PATIENT_TURNS): Promise<boolean> {
  assert.ok(globalThis.gc, 'run with --expose-gc')
  for (let turn = 0; turn < turns; turn++) {
    await new Promise(resolve => (turn < FEW_TURNS ? setImmediate(resolve) : setTimeout(resolve, 5)))
    globalThis.gc()
    if (reference.deref() === undefined) return true
  }
  return false
}

/** Which of them are still there after collections enough to take what nothing holds. */
export async function keptOf(references: readonly WeakRef<object>[]): Promise<readonly boolean[]> {
  assert.ok(globalThis.gc, 'run with --expose-gc')
  for (let turn = 0; turn < FEW_TURNS; turn++) {
    await new Promise(resolve => setImmediate(resolve))
    globalThis.gc()
  }
  return references.map(reference => reference.deref() !== undefined)
}

/**
 * Loads an image and keeps nothing of it but what `hold` picks from its exports.
 *
 * @returns a weak reference to the image, and what is held, to be let go
 */
export async function loadWeakly(
  files: Files,
  entry: string,
  hold: (namespace: Namespace) => unknown = () => undefined,
): Promise<{ image: WeakRef<object>; held: unknown[] }> {
  const { image, namespace } = await loadImage(files, entry)
  return { image: new WeakRef<object>(image), held: [await hold(namespace)] }
}

/** Checks that an image is collected, and not before everything held of it is let go. */
export async function assertCollected(
  files: Files,
  entry: string,
  hold?: (namespace: Namespace) => unknown,
): Promise<void> {
  const { image, held } = await loadWeakly(files, entry, hold)
  if (hold) {
    assert.ok(['function', 'object'].includes(typeof held[0]) && held[0] !== null, 'nothing is held')
    assert.equal(await isCollected(image, FEW_TURNS), false, 'collected while something of it is held')
  }
  held.length = 0
  assert.equal(await isCollected(image), true, 'not collected')
}
