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

/** Each needs another part of what ships: the parser and what it is given without types, and CommonJS. Finding them by name needs a third. */
const MODULES = {
  'hello.ts': `
export function init(k: { register(point: string, ops: unknown): void }): void {
  k.register('greeter', function (name: string) { return \`Hello, \${name}, \${arguments.length}\` })
}
`,
  'goodbye.cjs': `
exports.init = k => k.register('greeter', name => 'Goodbye, ' + name)
`,
}
const HOST = `
import { createKernel } from 'outlive'
const kernel = createKernel({ modules: 'modules' })
await kernel.modprobe('hello')
await kernel.modprobe('goodbye')
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
  mkdirSync(join(user, 'modules'), { recursive: true })
  writeFileSync(join(user, 'package.json'), '{ "private": true, "type": "module" }\n')
  for (const [file, text] of Object.entries(MODULES)) writeFileSync(join(user, 'modules', file), text)
  writeFileSync(join(user, 'host.js'), HOST)
  run(user, 'npm', ['install', '--prefer-offline', join(folder, filename)])
  for (const { version, path } of await provideNodes()) {
    // The command is a script that looks for `node` in the path.
    const env = { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` }
    expect(`host.js on ${version}`, run(user, 'node', ['host.js'], env), 'Hello, world, 1\nGoodbye, world\n')
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
