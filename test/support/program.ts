import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from './paths.ts'

/**
 * Runs one of the programs beside the tests in a process of its own, so that its heap holds nothing of anybody else. It answers with one line of
 * JSON.
 *
 * @param path below test, without extension: `gc/programs/churn`
 */
export async function runProgram<T>(path: string, ...words: string[]): Promise<T> {
  const child = spawn(process.execPath, ['--expose-gc', join(root, 'build', 'test', `${path}.js`), ...words], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  const code = await new Promise<number | null>(done => child.once('close', done))
  if (code !== 0) throw new Error(`${path} ended with ${code}:\n${stderr}${stdout}`)
  return JSON.parse(stdout) as T
}
