import nodeModule, { createRequire } from 'node:module'
import { CommonJsFiles, type CommonJsModule, type CommonJsOwner, type Requires } from './commonjs.ts'
import { evaluateNow } from './evaluate.ts'
import { formatByName } from './format.ts'
import type { ModuleGraph } from './graph.ts'
import { withRequireStack } from './require_stack.ts'
import type { Loader, Target } from './resolve.ts'
import type { SourceModule } from './source_module.ts'
import type { SourceTexts } from './source_texts.ts'
import { errorForCode } from './specifier_errors.ts'

/** What following a `require` asks of its image. */
export interface RequireOwner extends CommonJsOwner {
  resolve(specifier: string, from: string, loader: Loader): Target | undefined
  /** As `resolve`, of what is there at this moment. */
  resolveNow(specifier: string, from: string, loader: Loader): Target | undefined
  /** Does a file belong to the image that no resolver has found? */
  holds(file: string): boolean
  builtinView(name: string): unknown
  loadAddon(file: string): unknown
}

/** Follows each `require` of an image to whatever it leads: another file of the image, of either kind, or something of the host's. */
export class ImageRequire implements Requires {
  readonly files: CommonJsFiles
  readonly #owner: RequireOwner
  readonly #texts: SourceTexts
  readonly #graph: ModuleGraph

  constructor(owner: RequireOwner, texts: SourceTexts, graph: ModuleGraph) {
    this.#owner = owner
    this.#texts = texts
    this.#graph = graph
    this.files = new CommonJsFiles(owner, this)
  }

  resolve(specifier: string, from: CommonJsModule): string {
    const target = this.#find(specifier, from, 'resolve')
    return target.owner === 'builtin' ? target.name : target.file
  }

  #find(
    specifier: string,
    from: CommonJsModule,
    purpose: 'load' | 'resolve' = 'load',
  ): Exclude<Target, { owner: 'url' }> {
    const target = this.#owner.resolveNow(specifier, from.filename, 'require')
    if (target && target.owner !== 'url') return target
    for (const extension of this.files.ownExtensions) {
      const found = this.#owner.resolve(specifier + extension, from.filename, 'require')
      if (found?.owner === 'image') return found
    }
    const file = findElsewhere(specifier, from, purpose)
    return { owner: this.#owner.holds(file) ? 'image' : 'host', file }
  }

  require(specifier: string, from: CommonJsModule): unknown {
    const target = this.#find(specifier, from)
    switch (target.owner) {
      case 'builtin':
        return this.#owner.builtinView(target.name)
      case 'host':
        return createRequire(from.filename)(target.file)
      case 'module':
        throw Object.assign(new Error(`Cannot require('${specifier}'): it is a module of its own; import() it`), {
          code: 'ERR_REQUIRE_MODULE',
        })
      case 'image':
        return this.#load(target.file, from)
    }
  }

  #load(file: string, from: CommonJsModule): unknown {
    // Whatever was put into the cache by hand is taken as it is.
    if (Object.hasOwn(this.files.cache, file) || this.files.hookOf(file)) return this.files.load(file, from)
    const named = formatByName(file)
    if (named === 'addon') return this.#owner.loadAddon(file)
    if (named === 'json' || this.#texts.format(file) === 'commonjs') return this.files.load(file, from)
    try {
      this.#graph.readNow(file)
    } catch (error) {
      throw errorForCode(error)
    }
    this.#graph.link(file, new Map())
    return this.files.list(
      file,
      evaluateNow(this.#graph.get(file) as SourceModule, name => this.files.runs(name)),
      from,
    )
  }
}

/** A function that is as old as Node. */
const { _findPath: findPath } = nodeModule as unknown as {
  _findPath(specifier: string, folders: readonly string[]): string | false
}

/**
 * In `module.paths` as code has changed it, or in NODE_PATH.
 *
 * @throws what Node has to say of a specifier that leads nowhere
 */
function findElsewhere(specifier: string, from: CommonJsModule, purpose: 'load' | 'resolve'): string {
  const isBare = !/^(?:\.{0,2}\/|\.{1,2}$|#|node:)/.test(specifier)
  const require = createRequire(from.filename)
  if (specifier.startsWith('node:') && purpose === 'load') require(specifier)
  const found = isBare && findPath(specifier, from.paths)
  if (found) return found
  try {
    return require.resolve(specifier)
  } catch (error) {
    throw withRequireStack(error as Error, from)
  }
}
