import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isShortage, reasonOf } from '../../images/system_errors.ts'
import type { ChildMessage } from './child.ts'
import type { SchemeResult } from './findings.ts'
import type { CheckSettings } from './settings.ts'

/** The module could not be checked: it does not load, or it ended the process. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure'
  readonly frame: string | undefined

  constructor(message: string, frame?: string) {
    super(message)
    this.frame = frame
  }
}

const TAIL = 2000

/**
 * Checks under one scheme, in a process that has its own heap and nothing else to do.
 *
 * @throws CheckFailure
 */
export function runScheme(settings: CheckSettings, onCycle: (done: number, of: number) => void): Promise<SchemeResult> {
  const child = fork(fileURLToPath(new URL('child.js', import.meta.url)), {
    execArgv: ['--expose-gc'],
    // What the module prints is not what the command says; its last words are kept for the case that it ends the process.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let lastWords = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-TAIL)
  })
  let cycle = 0
  return new Promise((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (message.is === 'cycle') {
        cycle = message.done
        onCycle(message.done, message.of)
      } else if (message.is === 'result') resolve(message.result)
      else reject(new CheckFailure(message.message, message.frame))
    })
    child.on('error', error => {
      const what = 'the process that checks cannot be started'
      reject(isShortage(error) ? new CheckFailure(`${what}: ${reasonOf(error)}`) : error)
    })
    child.on('close', (code, signal) => {
      const how = signal === null ? `with code ${code}` : `by ${signal}`
      reject(
        new CheckFailure(`the process ended ${how} in cycle ${cycle + 1} under ${settings.scheme}`, lastWords.trim()),
      )
    })
    // One that could not be started hears nothing.
    if (child.connected) child.send(settings)
  })
}
