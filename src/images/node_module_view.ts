import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Require } from './commonjs.ts'

type CreateRequire = (from: string | URL) => unknown

/**
 * `node:module` as the files of an image see it: `createRequire` for one of the image's own files gives the image's `require`; native code would load
 * those files for ever.
 *
 * @param requireOf undefined for files that are not the image's
 */
export function viewNodeModule(view: object, requireOf: (file: string) => Require | undefined): object {
  const { createRequire } = view as { createRequire: CreateRequire }
  const own: CreateRequire = from => {
    const path = from instanceof URL || /^file:/.test(from) ? fileURLToPath(from) : from
    // A folder stands for a file in it.
    return requireOf(/[\\/]$/.test(path) ? join(path, 'noop.js') : path) ?? createRequire(from)
  }
  return new Proxy(view, {
    get: (target, key) => (key === 'createRequire' ? own : (Reflect.get(target, key) as unknown)),
  })
}
