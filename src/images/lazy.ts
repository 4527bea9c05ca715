import { createRequire } from 'node:module'

const nativeRequire = createRequire(import.meta.url)

/** A CommonJS package, or a part of Node, that is loaded when it is first needed, which for most hosts is never: importing Outlive stays cheap. */
export function lazily<T>(name: string): () => T {
  let loaded: T | undefined
  return () => {
    loaded ??= nativeRequire(name) as T
    return loaded
  }
}
