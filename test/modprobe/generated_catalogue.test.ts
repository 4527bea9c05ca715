import { deepEqual, equal } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

interface Generated {
  readonly name: string
  readonly size: number
  readonly depends: readonly string[]
}

const root = new URL('../../../', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'outlive-generated-'))
after(() => rmSync(folder, { recursive: true }))

function generate(name: string): { out: string; manifest: Generated[] } {
  const out = join(folder, name)
  const script = fileURLToPath(new URL('bench/installer/generate.mjs', root))
  const catalogue = fileURLToPath(new URL('test/fixtures/catalogue', root))
  execFileSync(process.execPath, [script, catalogue, out, '--limit', '30'])
  return { out, manifest: JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as Generated[] }
}

it('generates modules that run, with all that they need', async () => {
  const { out, manifest } = generate('first')
  equal(manifest.length, 30)
  const names = new Set(manifest.map(({ name }) => name))
  for (const { name, size, depends } of manifest) {
    equal(
      depends.every(needed => names.has(needed)),
      true,
    )
    const file = join(out, `${name}.js`)
    const module = (await import(pathToFileURL(file).href)) as {
      info: { license: string }
      init(): number
      exit(): void
    }
    equal(typeof module.info.license, 'string')
    equal(typeof module.init(), 'number')
    module.exit()
    // What V8 keeps beside the source makes up the rest.
    equal(readFileSync(file).length < size * 1.2 + 12_000, true, name)
  }
})

it('generates the same files every time', () => {
  const [one, other] = [generate('one').out, generate('other').out]
  deepEqual(readdirSync(one), readdirSync(other))
  for (const file of readdirSync(one)) deepEqual(readFileSync(join(one, file)), readFileSync(join(other, file)), file)
})
