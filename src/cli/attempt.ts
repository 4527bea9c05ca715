import { ControlError, Refused } from '../control/client.ts'
import { isSystemError } from '../images/system_errors.ts'
import { ModuleError } from '../kernel/errno.ts'
import type { CommandLine } from './command.ts'
import { adviseOnRefusal } from './give_advice.ts'
import { usageAnswer } from './terminal.ts'
import { detailsOf, toldOf } from './told.ts'
import { UsageError } from './usage.ts'

/**
 * Runs a command's work and turns what stopped it into one line on stderr and an exit code.
 *
 * @param shown how the user named the file, which the host knows by its full path
 */
export async function attempt(
  command: string,
  line: CommandLine,
  work: () => Promise<number>,
  shown?: string,
): Promise<number> {
  const { terminal } = line
  const waiting = tellWaiting(command, line)
  try {
    return await work()
  } catch (error) {
    if (error instanceof UsageError) {
      if (terminal.json) terminal.data(usageAnswer(error.message))
      terminal.err(`${command}: ${error.message}`)
      return 2
    }
    if (error instanceof ControlError) {
      if (terminal.json) terminal.data({ error: { code: 'EHOST', message: error.message } })
      terminal.err(`${command}: ${error.message}`)
      return 1
    }
    if (isFromSystem(error)) {
      const { code, message } = error
      if (terminal.json) terminal.data({ error: { code, message } })
      terminal.err(`${command}: ${message}`)
      return 1
    }
    if (!(error instanceof Refused || error instanceof ModuleError)) throw error
    await tellRefusal(command, line, error, shown)
    return 1
  } finally {
    if (waiting !== undefined) {
      clearInterval(waiting)
      terminal.progress('')
    }
  }
}

/** A disk that is full, a file that may not be written: nothing that a stack would tell more of. */
const isFromSystem = (error: unknown): error is NodeJS.ErrnoException =>
  isSystemError(error) || (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_ACCESS_DENIED'

async function tellRefusal(
  command: string,
  line: CommandLine,
  error: Refused | ModuleError,
  shown: string | undefined,
): Promise<void> {
  const { terminal } = line
  const told = toldOf(error, shown)
  if (terminal.json) terminal.data({ error: told })
  terminal.err(`${command}: ${told.message}`)
  for (const detail of detailsOf(error)) terminal.errText(detail)
  if (error instanceof ModuleError) return
  if (error.taints) terminal.err(`kernel tainted: ${error.taints}`)
  await adviseOnRefusal(command, line, error)
}

/** What a command waits for that has no progress of its own. */
const WAITS: Readonly<Record<string, string>> = {
  insmod: 'waiting for init',
  modprobe: 'waiting for the host',
  replace: 'waiting for the host',
  rmmod: 'waiting for calls in flight and exit',
  depmod: 'reading',
}

/** A command that takes longer than a second says what it waits for. */
function tellWaiting(command: string, { terminal }: CommandLine): NodeJS.Timeout | undefined {
  const what = WAITS[command]
  if (what === undefined || !terminal.interactive) return undefined
  const started = performance.now()
  const tell = () => terminal.progress(`${what}: ${Math.round((performance.now() - started) / 1000)} s`)
  return setInterval(tell, 1000).unref()
}

/**
 * The same for each of several words: those that can be done are. With `--json` the answer is one: a list with what came of each, in order, or `{ error }` in its
 * place. Of a single word it is what `attempt` says.
 *
 * @param shape makes the answer of what came of all
 */
export async function attemptEach<T>(
  command: string,
  line: CommandLine,
  words: readonly string[],
  work: (word: string) => Promise<T>,
  shape: (results: readonly unknown[]) => unknown = results => results,
): Promise<number> {
  const { terminal } = line
  const results: unknown[] = []
  const each = { ...line, terminal: { ...terminal, data: (value: unknown) => void results.push(value) } }
  let code = 0
  for (const word of words) {
    const done = async () => {
      results.push(await work(word))
      return 0
    }
    code = Math.max(code, await attempt(command, each, done))
  }
  if (terminal.json && results.length > 0) terminal.data(words.length === 1 && code !== 0 ? results[0] : shape(results))
  return code
}
