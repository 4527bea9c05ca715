import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { TestContext } from 'node:test'
import { Folder } from '../support/folder.ts'
import { root } from '../support/paths.ts'

/** What every program of a child process begins with. `collect` is one full collection, and the turns in which the kernel hears of it. */
const PRELUDE = `
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { createKernel, ModuleError } from 'outlive'
const folder = process.argv[1]
const file = name => folder + '/' + name
const turn = () => new Promise(resolve => setImmediate(resolve))
const collect = async () => { await turn(); gc(); await turn(); await turn() }
const collected = []
const started = options => {
  const kernel = createKernel({ modules: folder, grace: 0, ...options })
  kernel.on('collected', event => collected.push(event))
  return kernel
}
const codeOf = promise => promise.then(value => value, error => error.code ?? error.message)
`

/**
 * Runs a program over a folder of modules in a process of its own, which can call the collector and whose heap nothing else has touched. The
 * program checks for itself; the test fails when it throws, rejects or leaves a rejection unhandled.
 *
 * @returns what it printed
 */
export function runProgram(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  program: string,
  nodeOptions: readonly string[] = [],
  prelude: string = PRELUDE,
): Promise<string> {
  const folder = new Folder(files)
  t.after(() => folder.remove())
  const args = ['--expose-gc', ...nodeOptions, '--input-type=module', '--eval', prelude + program, '--', folder.path]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      try {
        assert.equal(code, 0, `${err}\n${out}`)
        resolve(out)
      } catch (error) {
        reject(error as Error)
      }
    })
  })
}
