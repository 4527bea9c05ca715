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
export const lazyRequire = <T>(name: string): (() => T) => lazily(() => nativeRequire(name) as T)
