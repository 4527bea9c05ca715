import { isBuiltin } from 'node:module'
import { basename, dirname, extname, join } from 'node:path'
import { kindOf, manifestOf } from './disk.ts'
import { BROKEN_PACKAGE, type PackageManifest } from './package_manifest.ts'
import { exportTargets } from './package_targets.ts'

/** What differs between `import` and `require`. */
export interface LookupRules {
  readonly conditions: ReadonlySet<string>
  /** What `require` tries behind a path; an `import` is complete as it is. */
  readonly extensions: readonly string[]
  /** Endings that may stand for others, which are tried in turns. */
  readonly aliased: Readonly<Record<string, readonly string[]>>
}

/** Undefined stands for "it cannot be told here"; a file that is undefined, for "there is none". */
export type Lookup = { readonly file: string | undefined } | undefined

const NOWHERE: Lookup = { file: undefined }

/** A package and a path in it, of characters that stand for themselves in a URL, a path and a pattern; a slash at its end asks for a folder. */
const BARE = /^((?:@[\w-][\w.-]*\/)?[\w-][\w.-]*)((?:\/[\w@-][\w@.-]*)*)(\/?)$/
const RELATIVE = /^\.{1,2}(?:\/\.\.)*(?:\/[\w@-][\w@.-]*)*$/
const INTERNAL = /^#[\w@-][\w@./-]*$/
const PLAIN_PATH = /^(?:\.\/)?[\w@-][\w@.-]*(?:\/[\w@-][\w@.-]*)*$/
const HAS_NODE_MODULES = /(?:^|\/)node_modules(?:\/|$)/i

/**
 * Finds what a specifier names where that is plain, which it nearly always is: the resolver, which knows all the rest, takes longer to load than a small package.
 * What is found here is what the resolver would say.
 */
export function lookUpPackage(specifier: string, folder: string, rules: LookupRules): Lookup {
  if (specifier.startsWith('#')) return INTERNAL.test(specifier) ? lookInside(specifier, folder, rules) : undefined
  if (specifier.startsWith('.'))
    return RELATIVE.test(specifier) ? lookBeside(join(folder, specifier), rules) : undefined
  const [, name, path, slash] = BARE.exec(specifier) ?? []
  if (name === undefined || path === undefined || (slash === '/' && path !== '')) return undefined
  if (namesItself(name, folder)) return undefined
  for (let at = folder; ; at = dirname(at)) {
    const modules = join(at, 'node_modules')
    if (basename(at) !== 'node_modules' && kindOf(modules) === 'folder') {
      const found = join(modules, name)
      const kind = kindOf(found)
      if (kind === 'file' || (path === '' && rules.extensions.some(extension => kindOf(found + extension) === 'file')))
        return undefined
      if (kind === 'folder') return lookInto(found, path, slash === '/', rules)
    }
    if (dirname(at) === at) return NOWHERE
  }
}

/** The package.json that counts in a folder, and where it is. */
function packageAround(folder: string): { readonly root: string; readonly manifest: PackageManifest } | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = manifestOf(at)
    if (manifest) return { root: at, manifest }
    if (dirname(at) === at) return undefined
  }
}

/** A package that has `exports` may name itself. */
function namesItself(name: string, folder: string): boolean {
  const { manifest } = packageAround(folder) ?? {}
  return manifest === BROKEN_PACKAGE || (Boolean(manifest?.exports) && manifest?.name === name)
}

/** The `imports` of the package around. */
function lookInside(specifier: string, folder: string, { conditions }: LookupRules): Lookup {
  const { root, manifest } = packageAround(folder) ?? {}
  if (root === undefined || !manifest?.imports) return undefined
  const [target] = exportTargets(manifest.imports, specifier, conditions) ?? []
  if (typeof target !== 'string') return undefined
  return isBuiltin(target) ? { file: target } : lookFor(target, root)
}

/** A path that an `import` names is a file as it is, or there is none. */
function lookBeside(path: string, { extensions, aliased }: LookupRules): Lookup {
  if (extensions.length > 0) return undefined
  if (kindOf(path) === 'file') return { file: path }
  const extension = extname(path)
  for (const other of aliased[extension] ?? []) {
    const file = path.slice(0, -extension.length) + other
    if (kindOf(file) === 'file') return { file }
  }
  return NOWHERE
}

function lookInto(folder: string, path: string, asFolder: boolean, rules: LookupRules): Lookup {
  const manifest = manifestOf(folder)
  if (!manifest || manifest === BROKEN_PACKAGE) return undefined
  if (manifest.exports) {
    const targets = asFolder ? undefined : exportTargets(manifest.exports, `.${path}`, rules.conditions)
    return targets?.length === 0 ? NOWHERE : lookFor(targets?.[0], folder)
  }
  return path === '' ? lookForMain(folder, manifest, rules) : lookAt(join(folder, path), rules.extensions, rules)
}

function lookForMain(folder: string, { main }: PackageManifest, rules: LookupRules): Lookup {
  if (main === undefined || main === '') return known(join(folder, 'index.js'))
  return typeof main === 'string' && PLAIN_PATH.test(main) ? lookAt(join(folder, main), ['.js'], rules) : undefined
}

/** What a package.json names for others to load. */
function lookFor(target: unknown, folder: string): Lookup {
  if (typeof target !== 'string' || !target.startsWith('./') || HAS_NODE_MODULES.test(target)) return undefined
  return PLAIN_PATH.test(target) ? known(join(folder, target)) : undefined
}

/** As a file, with something behind it, or as a folder with an index. */
function lookAt(path: string, extensions: readonly string[], { aliased }: LookupRules): Lookup {
  const kind = kindOf(path)
  if (kind === 'file') return { file: path }
  if (Object.hasOwn(aliased, extname(path))) return undefined
  for (const extension of extensions) if (kindOf(path + extension) === 'file') return { file: path + extension }
  return extensions.length > 0 && kind === 'folder' && !manifestOf(path) ? known(join(path, 'index.js')) : undefined
}

const known = (file: string): Lookup => (kindOf(file) === 'file' ? { file } : undefined)
