import fs from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import type { Resolver } from 'enhanced-resolve'
import { kindOf, manifestOf, realFile, recallAnswer } from './disk.ts'
import { lazyRequire } from './lazy.ts'
import { BROKEN_PACKAGE } from './package_manifest.ts'

export type Loader = 'import' | 'require'

const enhancedResolve = lazyRequire<typeof import('enhanced-resolve')>('enhanced-resolve')

const syncModule = process.features.require_module === true ? ['module-sync'] : []
/** TypeScript authors may write the name that the file will have once compiled. */
const extensionAlias = {
  '.js': ['.js', '.ts', '.tsx', '.jsx'],
  '.mjs': ['.mjs', '.mts'],
  '.cjs': ['.cjs', '.cts'],
  '.jsx': ['.jsx', '.tsx'],
}

/** What is tried behind a path. An `import` is complete as it is; its extensions are for the `main` of a package.json alone. */
export const EXTENSIONS: Readonly<Record<Loader, readonly string[]>> = {
  import: ['.js', '.json', '.node'],
  require: ['.js', '.json', '.node', '.cjs', '.ts', '.cts'],
}

/** The disk as the resolver asks for it. */
const fileSystem = {
  statSync(path: string) {
    const kind = kindOf(path)
    if (!kind) throw MISSING
    return { isFile: () => kind === 'file', isDirectory: () => kind === 'folder' }
  },
  /** Of a package.json; the resolver reads no other. */
  readJsonSync(path: string) {
    const manifest = manifestOf(dirname(path))
    if (!manifest) throw MISSING
    if (manifest === BROKEN_PACKAGE) throw new SyntaxError(path)
    return manifest
  },
  readFileSync: fs.readFileSync,
  readdirSync: fs.readdirSync,
  readlinkSync: fs.readlinkSync,
}

/** One for all: the engine takes longer for an error than for a look at the disk. */
const MISSING = Object.assign(new Error('No such file or directory'), { code: 'ENOENT' })

/** The conditions that Node was started with. */
function ownConditions(): string[] {
  const words = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)]
  return words.flatMap((word, index) => {
    const [, value] = /^(?:--conditions|-C)(?:=(.+))?$/.exec(word) ?? []
    if (value !== undefined) return [value]
    return /^(?:--conditions|-C)$/.test(words[index - 1] ?? '') ? [word] : []
  })
}

let made: Readonly<Record<Loader, Resolver>> | undefined

function resolvers(): Readonly<Record<Loader, Resolver>> {
  if (made) return made
  const { ResolverFactory } = enhancedResolve()
  const make = (loader: Loader): Resolver =>
    ResolverFactory.createResolver({
      fileSystem: fileSystem as never,
      useSyncFileSystemCalls: true,
      // The real path of what was found is asked of the disk at once, not folder by folder.
      symlinks: false,
      conditionNames: ['node', 'node-addons', loader, ...syncModule, ...ownConditions()],
      extensionAlias,
      extensions: [...EXTENSIONS[loader]],
      plugins: [{ apply: resolveBuiltins }],
      fullySpecified: loader === 'import',
    })
  made = { import: make('import'), require: make('require') }
  return made
}

/** A builtin is no file, and resolves to its name; with a slash behind it, it is a package. Only the `imports` of a package.json lead here with one. */
function resolveBuiltins(resolver: Resolver): void {
  resolver.getHook('raw-module').tapAsync('builtins', (request, _context, callback) => {
    const name = request.request ?? ''
    if (isBuiltin(name) && !request.directory) callback(null, { ...request, path: name, query: '', fragment: '' })
    else callback()
  })
}

/** Gives what the resolver said to this question before, or asks it. */
export type RecallAnswer = (question: string, ask: () => string | undefined) => string | undefined

/** The file that Node's algorithm finds, symbolic links followed; undefined when there is none. */
export function resolvePackage(
  specifier: string,
  from: string,
  loader: Loader,
  recall: RecallAnswer = recallAnswer,
): string | undefined {
  const folder = dirname(from)
  const found = recall(`${loader} ${folder} ${specifier}`, () => resolve(specifier, folder, loader))
  return found === undefined || isBuiltin(found) ? found : realFile(found)
}

function resolve(specifier: string, folder: string, loader: Loader): string | undefined {
  try {
    // In a specifier of `require` a question mark is a character like any other; the resolver wants that said.
    const asked = loader === 'require' ? specifier.replace(/(?<=.)[?#]/g, '\0$&') : specifier
    const found = resolvers()[loader].resolveSync({}, folder, asked)
    // enhanced-resolve keeps a query as part of the path; a query only tells instances apart, and an image has one of each file.
    return found === false
      ? undefined
      : loader === 'require'
        ? found.replaceAll('\0', '')
        : found.replace(/[?#].*$/s, '')
  } catch {
    return undefined
  }
}
