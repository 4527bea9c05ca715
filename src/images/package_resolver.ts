import fs from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import type { Resolver } from 'enhanced-resolve'
import { lazily } from './lazy.ts'

export type Loader = 'import' | 'require'

const enhancedResolve = lazily<typeof import('enhanced-resolve')>('enhanced-resolve')

/** Resolved paths are remembered for the length of one load: between two loads the disk may change. */
const REMEMBERED_MS = 2000
const syncModule = process.features.require_module === true ? ['module-sync'] : []
/** TypeScript authors may write the name that the file will have once compiled. */
const extensionAlias = {
  '.js': ['.js', '.ts', '.tsx', '.jsx'],
  '.mjs': ['.mjs', '.mts'],
  '.cjs': ['.cjs', '.cts'],
  '.jsx': ['.jsx', '.tsx'],
}

interface Resolvers extends Readonly<Record<Loader, Resolver>> {
  forget(): void
}

let made: Resolvers | undefined

function resolvers(): Resolvers {
  if (made) return made
  const { CachedInputFileSystem, ResolverFactory } = enhancedResolve()
  const fileSystem = new CachedInputFileSystem(fs, REMEMBERED_MS)
  const make = (conditions: string[], options: { fullySpecified: boolean; extensions: string[] }): Resolver =>
    ResolverFactory.createResolver({
      fileSystem,
      useSyncFileSystemCalls: true,
      conditionNames: ['node', 'node-addons', ...conditions, ...syncModule],
      extensionAlias,
      plugins: [{ apply: resolveBuiltins }],
      ...options,
    })
  made = {
    // The extensions are for the `main` of a package.json alone: a specifier is complete in an ES module.
    import: make(['import'], { fullySpecified: true, extensions: ['.js', '.json', '.node'] }),
    require: make(['require'], {
      fullySpecified: false,
      extensions: ['.js', '.json', '.node', '.cjs', '.ts', '.cts'],
    }),
    forget: () => fileSystem.purge(),
  }
  return made
}

/** A builtin is no file, and resolves to its name. Only the `imports` of a package.json lead here with one. */
function resolveBuiltins(resolver: Resolver): void {
  resolver.getHook('raw-module').tapAsync('builtins', (request, _context, callback) => {
    const name = request.request ?? ''
    if (isBuiltin(name)) callback(null, { ...request, path: name, query: '', fragment: '' })
    else callback()
  })
}

/** Forget what the disk looked like: a new load begins. */
export const forgetDisk = (): void => made?.forget()

/** The file that Node's algorithm finds, symbolic links followed; undefined when there is none. */
export function resolvePackage(specifier: string, from: string, loader: Loader): string | undefined {
  try {
    const found = resolvers()[loader].resolveSync({}, dirname(from), specifier)
    // enhanced-resolve keeps a query as part of the path; a query only tells instances apart, and an image has one of each file.
    return found === false ? undefined : found.replace(/[?#].*$/s, '')
  } catch {
    return undefined
  }
}
