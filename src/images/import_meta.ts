import { isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import { type Target, urlOfFile } from './resolve.ts'
import { isPath, resolutionError } from './specifier_errors.ts'

/** Later lines of Node tell by `import.meta.main` which module the process was started with: none of an image. */
const HAS_MAIN = 'main' in import.meta

/** @param find where a specifier of this file leads */
export const importMetaOf = (file: string, find: (specifier: string) => Target | undefined): object =>
  Object.assign(Object.create(null) as object, {
    dirname: dirname(file),
    filename: file,
    ...(HAS_MAIN && { main: false }),
    resolve: (specifier: string) => resolveUrl(`${specifier}`, file, find),
    url: urlOfFile(file),
  })

/** A path need not lead to a file: programs ask for folders, and for what they are going to write. */
function resolveUrl(specifier: string, file: string, find: (specifier: string) => Target | undefined): string {
  if (specifier.startsWith('node:') || isBuiltin(specifier)) return `node:${specifier.replace(/^node:/, '')}`
  const target = find(specifier)
  const written = isPath(specifier) || URL.canParse(specifier) ? new URL(specifier, urlOfFile(file)) : undefined
  if (target?.owner === 'builtin') return `node:${target.name.replace(/^node:/, '')}`
  if (target?.owner === 'url') return target.url
  if (target) return urlOfFile(target.file) + (written ? written.search + written.hash : '')
  if (written) return written.href
  throw resolutionError(specifier, file)
}
