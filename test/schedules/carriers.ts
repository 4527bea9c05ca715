import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileImage } from '#dist/images/file_image.js'
import { MemoryImage } from './memory_image.ts'
import { NAMES, type Script } from './program.ts'
import type { Carrier } from './world.ts'

/** A folder that goes with the process. */
function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'outlive-schedules-')))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Files that are only there to be found by name; what they do is in memory. */
export function inMemory(): Carrier {
  const folder = makeFolder()
  for (const name of NAMES) writeFileSync(join(folder, `${name}.js`), 'export const probe = 1\n')
  return {
    folder,
    write() {},
    createImage: (options, code) => {
      const image = new MemoryImage(options, code, name => join(folder, `${name}.js`))
      // Every function of an image holds it.
      Object.assign(code, { image })
      return image
    },
  }
}

/** Real files, read, parsed, compiled and linked as any module's. */
export function inFiles(): Carrier {
  const folder = makeFolder()
  return {
    folder,
    write: (name, script) => writeFileSync(join(folder, `${name}.js`), textOf(script)),
    createImage: (options, code) => {
      const { environment } = options
      return new FileImage({
        ...options,
        environment: {
          globals: {
            names: [...environment.globals.names, 'code'],
            of: name => (name === 'code' ? code : environment.globals.of(name)),
          },
          builtin: name => environment.builtin(name),
          isModule: file => environment.isModule(file),
          requestModule: (file, specifier) => environment.requestModule(file, specifier),
        },
      })
    },
  }
}

function textOf({ imports, wantsMore, more, permanent, evaluation }: Script): string {
  const slow = evaluation !== 'returns' && evaluation !== 'throws'
  return [
    ...imports.map(
      name => `import { value as ${name}${wantsMore ? `, more as ${name}More` : ''} } from './${name}.js'`,
    ),
    ...(permanent ? ['export const info = { permanent: true }'] : []),
    'export const value = code.label',
    ...(more ? ['export const more = code.label'] : []),
    'export const { init, exit, handoff, probe } = code',
    `code.link({ ${imports.map(name => `${name}: () => ${name}`).join(', ')} })`,
    `${slow ? 'await ' : ''}code.evaluate()`,
    '',
  ].join('\n')
}
