/**
 * Packs the package, installs it into an empty folder, and uses it there as a stranger would, on every line of Node: the library loads and
 * unloads a module, and the command tells of itself.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { provideNodes } from './nodes.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const MODULE = `
export function init(k: { register(point: string, ops: unknown): void }): void {
  k.register('greeter', (name: string) => \`Hello, \${name}\`)
}
`
const HOST = `
import { createKernel } from 'outlive'
const kernel = createKernel()
await kernel.insmod('hello.ts')
for (const greet of kernel.point('greeter')) console.log(greet('world'))
await kernel.rmmod('hello')
await kernel.close()
`

const folder = mkdtempSync(join(tmpdir(), 'outlive-package-'))
const run = (cwd, command, args, env = process.env) => execFileSync(command, args, { cwd, env, encoding: 'utf8' })

function expect(what, got, wanted) {
  if (!got.includes(wanted))
    throw new Error(`${what} printed ${JSON.stringify(got)}, without ${JSON.stringify(wanted)}`)
}

try {
  const [{ filename }] = JSON.parse(
    run(ROOT, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
  )
  const user = join(folder, 'user')
  mkdirSync(user)
  writeFileSync(join(user, 'package.json'), '{ "private": true, "type": "module" }\n')
  writeFileSync(join(user, 'hello.ts'), MODULE)
  writeFileSync(join(user, 'host.js'), HOST)
  run(user, 'npm', ['install', '--prefer-offline', join(folder, filename)])
  for (const { version, path } of await provideNodes()) {
    // The command is a script that looks for `node` in the path.
    const env = { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` }
    expect(`host.js on ${version}`, run(user, 'node', ['host.js'], env), 'Hello, world')
    expect(
      `outlive --help on ${version}`,
      run(user, join('node_modules', '.bin', 'outlive'), ['--help'], env),
      'insmod',
    )
    console.log(`package: ${filename} works on ${version}`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
