import { createRequire } from 'node:module'

const nativeRequire = createRequire(import.meta.url)

/** Made when it is first asked for. */
export function lazily<T>(make: () => T): () => T {
  let value: T | undefined
  return () => {
    value ??= make()
    return value
  }
}

/** A CommonJS package, or a part of Node, that is loaded when it is first needed, which for most hosts is never: importing Outlive stays cheap. */
export const lazyRequire = <T>(name: string): (() => T) => lazily(() => load(name) as T)

/** What the part of a program that is loaded late has of the rest, file by file. */
type Rest = readonly object[]

const parts = new Map<string, object>()

/**
 * A part of what ships that is loaded when it is first needed. It is a function of the rest rather than a module that imports it: a loader that has `require` and `import` give
 * instances of their own, as that of tsx or of a test runner's context does, would make a second Outlive for it, and some have no `require` of ES modules.
 */
export const latePart = <T extends object>(file: string, rest: () => Rest): (() => T) =>
  lazily(() => {
    const part = parts.get(file) ?? (load(file) as (...rest: Rest) => object)(...rest())
    parts.set(file, part)
    return part as T
  })

function load(name: string): unknown {
  try {
    return nativeRequire(name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    const hint = 'Outlive finds its files beside each other: a bundler must leave it out (esbuild: --external:outlive)'
    throw new Error(`${(error as Error).message.split('\n')[0]}. ${hint}`, { cause: error })
  }
}
