import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/paths.ts'
import { matches, readBlocks } from './blocks.ts'

const FIRST_LINE_MS = 60_000

/** An empty folder with the package installed, as a reader has it. */
function makeFolder(): string {
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build', 'docs-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'outlive'), 'dir')
  mkdirSync(join(folder, 'bin'))
  const main = join(root, 'dist', 'cli', 'main.js')
  writeFileSync(join(folder, 'bin', 'outlive'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, {
    mode: 0o755,
  })
  writeFileSync(join(folder, 'bin', 'node'), `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 })
  // The documents use curl as people do; a test machine may have none.
  const get = 'fetch(process.argv.at(-1)).then(r => r.text()).then(t => process.stdout.write(t))'
  writeFileSync(join(folder, 'bin', 'curl'), `#!/bin/sh\nexec "${process.execPath}" -e '${get}' -- "$@"\n`, {
    mode: 0o755,
  })
  cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true })
  return folder
}

/** A port that readers would choose, in a command or an address. */
const CHOSEN_PORT = /(?<=--http |127\.0\.0\.1:)[1-9]\d{3,4}\b/g

/** Others may use that port on this machine. */
async function withFreePort(text: string): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return text.replace(CHOSEN_PORT, String(port))
}

/** What `command` prints, on both streams in order. */
async function shell(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn('sh', ['-c', `exec 2>&1; ${command}`], { cwd, env })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  await once(child, 'close')
  return output
}

/** Starts a command that the document runs in the background, and waits until it says that it listens. */
async function startHost(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', `exec ${command.replace(/ *&$/, '')}`], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  const timer = setTimeout(() => child.kill('SIGKILL'), FIRST_LINE_MS)
  // Reading goes on to the end: a host whose output nobody takes any more would die of it.
  await new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      if (output.includes('Try next')) resolve()
    })
  })
  clearTimeout(timer)
  assert.match(output, /Try next/, `${command} did not come up:\n${output}`)
  return child
}

for (const document of ['README.md', 'docs/guide.md', 'docs/modprobe.md', 'docs/signatures.md'])
  test(`${document} shows what really happens`, async () => {
    const folder = makeFolder()
    const text = await withFreePort(readFileSync(join(root, document), 'utf8'))
    const env = {
      ...process.env,
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      OUTLIVE_SOCKETS: join(folder, 's'),
      NODE_OPTIONS: '',
    }
    const hosts: ChildProcess[] = []
    try {
      for (const block of readBlocks(text)) {
        if (block.kind === 'file') {
          const file = join(folder, block.name)
          mkdirSync(dirname(file), { recursive: true })
          writeFileSync(file, block.text)
          continue
        }
        for (const { command, output } of block.steps) {
          if (command.endsWith('&')) hosts.push(await startHost(command, folder, env))
          else {
            const printed = await shell(command, folder, env)
            if (!matches(printed.trimEnd(), output.trimEnd()))
              assert.equal(printed, output, `${document}, block at line ${block.line}: $ ${command}`)
          }
        }
      }
    } finally {
      for (const host of hosts) {
        host.kill('SIGTERM')
        if (host.exitCode === null) await once(host, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    }
  })
