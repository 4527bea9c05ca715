import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { ModuleContext } from 'outlive'

export const info = {
  description: 'Programs on the PATH',
  version: '1.0.0',
  license: 'MIT',
  params: { names: { type: 'string[]', default: ['git', 'ffmpeg', 'docker'], description: 'which ones to look for' } },
}

/** Where the programs are that were found, for whoever imports it. */
export const found = new Map<string, string>()

async function find(name: string): Promise<void> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name)
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) {
      found.set(name, file)
      return
    }
  }
}

export async function probe(k: ModuleContext): Promise<boolean> {
  await Promise.all((k.params.names as string[]).map(find))
  return found.size > 0
}
