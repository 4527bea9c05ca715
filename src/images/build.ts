import fs from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hashOf } from './hash.ts'

let build: string | undefined

/**
 * Tells this code from other versions of it, which may find other things out, and so may one under work. What ships has a constant in its place; see
 * scripts/bundle.mjs.
 */
export function buildOfThis(): string {
  if (build !== undefined) return build
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const files = fs.readdirSync(folder).sort()
  build = hashOf(
    files
      .map(name => {
        // The time of the text may be set by anybody; the time of the change of the file is the disk's own.
        const { ctimeMs, size } = fs.statSync(join(folder, name))
        return `${name} ${ctimeMs} ${size}`
      })
      .join(),
  )
  return build
}
