import { createRequire } from 'node:module'
import type { ImageGlobals } from '../../images/image.ts'
import { EMITTER, MOVED_EMITTER } from '../../images/module_source.ts'
import { openViews } from './image_views.ts'
import type { Leftovers } from './leftovers.ts'
import type { ImageName } from './stand_ins.ts'
import { VIEWED_BUILTINS, VIEWED_GLOBALS, type ViewedBuiltin } from './viewed.ts'

const nativeRequire = createRequire(import.meta.url)

/** One list for all images. */
const NAMES: readonly string[] = [EMITTER, MOVED_EMITTER, ...VIEWED_GLOBALS]
const viewedBuiltins: ReadonlySet<string> = new Set(VIEWED_BUILTINS)
const isViewed = (name: string): name is ViewedBuiltin => viewedBuiltins.has(name)

/**
 * What a module sees in place of some globals and builtins: the same things, which also remember what it opens. Ownership is lexical. What makes views is loaded when an image
 * first asks for one, and most ask for none.
 */
export class Views implements ImageGlobals {
  readonly #leftovers: Leftovers
  readonly #image: () => ImageName
  #made: ReturnType<typeof openViews> | undefined

  constructor(leftovers: Leftovers, image: () => ImageName) {
    this.#leftovers = leftovers
    this.#image = image
  }

  get names(): readonly string[] {
    return NAMES
  }

  of(name: string): unknown {
    return this.#views.of(name)
  }

  /** As `require` gives it to the image. */
  builtin(specifier: string): unknown {
    const name = specifier.replace(/^node:/, '')
    const real: unknown = nativeRequire(`node:${name}`)
    return isViewed(name) ? this.#views.builtinOf(name, real) : real
  }

  get #views(): ReturnType<typeof openViews> {
    this.#made ??= openViews(this.#leftovers, this.#image(), name => this.builtin(name))
    return this.#made
  }
}
