import type { ImageGlobals } from './image.ts'

/** The part of an image that a file calls back into. */
export interface FileOwner {
  readonly globals: ImageGlobals
  /** Does this file belong to the image? */
  owns(file: string): boolean
  dynamicImport(referrer: string, specifier: unknown, options: unknown): Promise<object>
  importSource(referrer: string, specifier: unknown): Promise<object>
  importMeta(file: string): object
}

/** What stands for `import` in a file, as in `import(x)` and `import.source(x)`. */
export const importFunction = (owner: FileOwner, file: string): object =>
  Object.assign((specifier: unknown, options: unknown) => owner.dynamicImport(file, specifier, options), {
    source: (specifier: unknown) => owner.importSource(file, specifier),
  })
