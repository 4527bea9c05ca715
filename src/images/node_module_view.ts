import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CommonJsFiles, Require } from './commonjs.ts'

type CreateRequire = (from: string | URL) => unknown

/**
 * `node:module` as the files of an image see it: `createRequire` for one of the image's own files gives the image's `require`; native code would load
 * those files for ever. What packages look up and change in `_cache` and `_extensions` are the image's.
 *
 * @param requireOf undefined for files that are not the image's
 */
export function viewNodeModule(
  view: object,
  { cache, extensions }: Pick<CommonJsFiles, 'cache' | 'extensions'>,
  requireOf: (file: string) => Require | undefined,
): object {
  const { createRequire } = view as { createRequire: CreateRequire }
  const own: CreateRequire = from => {
    const path = from instanceof URL || /^file:/.test(from) ? fileURLToPath(from) : from
    // A folder stands for a file in it.
    return requireOf(/[\\/]$/.test(path) ? join(path, 'noop.js') : path) ?? createRequire(from)
  }
  const members = new Map<string | symbol, unknown>(
    Object.entries({ createRequire: own, _cache: cache, _extensions: extensions }),
  )
  const seen: object = new Proxy(view, {
    get: (target, key) => (key === 'Module' ? seen : (members.get(key) ?? (Reflect.get(target, key) as unknown))),
  })
  return seen
}
