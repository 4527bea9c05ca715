/**
 * Provides Node.js of every supported line, from packages of npm, each in a folder of its own below `.cache/nodes`.
 *
 *   node scripts/nodes.mjs [LINE...]        prints line, version and path of each
 */
import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = fileURLToPath(new URL('../.cache/nodes/', import.meta.url))

export const NODE_LINES = ['20', '22', '24', '26']

const platform = process.platform === 'win32' ? 'win' : process.platform
const PACKAGE = `node-${platform}-${process.arch}`
const PROGRAM = platform === 'win' ? 'node.exe' : 'node'

const versionOf = async path => (await run(path, ['--version'])).stdout.trim()

/** @returns {Promise<{ line: string, version: string, path: string }>} the newest of a line, or the one that is there already */
export async function provideNode(line) {
  const folder = join(CACHE, line)
  const path = join(folder, 'node_modules', PACKAGE, 'bin', PROGRAM)
  try {
    return { line, version: await versionOf(path), path }
  } catch {
    // Not there yet, or half installed.
  }
  const into = join(folder, 'node_modules', PACKAGE)
  await mkdir(into, { recursive: true })
  // Of the package, the program is all that is needed, and half of it is something else.
  const { stdout } = await run('npm', ['pack', '--json', `${PACKAGE}@${line}`], { cwd: folder })
  const [{ filename }] = JSON.parse(stdout)
  await run('tar', ['-xzf', join(folder, filename), '-C', into, '--strip-components=1', `package/bin/${PROGRAM}`])
  await rm(join(folder, filename))
  return { line, version: await versionOf(path), path }
}

export const provideNodes = (lines = NODE_LINES) => Promise.all(lines.map(provideNode))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lines = process.argv.slice(2)
  const unknown = lines.find(line => !NODE_LINES.includes(line))
  if (unknown !== undefined) {
    console.error(`nodes: no line ${unknown}; there are ${NODE_LINES.join(', ')}`)
    process.exit(2)
  }
  for (const { line, version, path } of await provideNodes(lines.length > 0 ? lines : NODE_LINES))
    console.log(`${line}  ${version.padEnd(10)} ${path}`)
}
