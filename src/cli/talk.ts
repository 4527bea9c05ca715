import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getSystemErrorMap } from 'node:util'
import { ControlClient, ControlError, findHost, Refused } from '../control/client.ts'
import { ERROR_CODES, type ErrorCode, ModuleError } from '../kernel/errno.ts'
import type { CommandLine, CommandOption } from './command.ts'
import { usageAnswer } from './terminal.ts'

/** The option of every command that talks to a host. */
export const HOST_OPTION: CommandOption = {
  flags: '--host <name|path>',
  description: 'the host to talk to, by name or by the path of its socket; by default the only one that runs',
}

/** The user used the command in a way that it does not have: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** `No such file or directory`, and not the call of Node's that found it. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException
  const reason = getSystemErrorMap().get(errno ?? 0)?.[1] ?? message
  return reason.slice(0, 1).toUpperCase() + reason.slice(1)
}

/** @throws UsageError where there is none, or none that this user may look into */
export function folderNamed(path: string): string {
  try {
    if (!statSync(path).isDirectory()) throw new UsageError(`no such folder: ${path}`)
    accessSync(path, constants.R_OK | constants.X_OK)
    return path
  } catch (error) {
    if (error instanceof UsageError) throw error
    const isDenied = (error as NodeJS.ErrnoException).code === 'EACCES'
    throw new UsageError(isDenied ? `cannot read folder ${path}: Permission denied` : `no such folder: ${path}`)
  }
}

export const connect = async (line: CommandLine): Promise<ControlClient> =>
  new ControlClient(await findHost(line.options.host as string | undefined))

/**
 * Runs a command's work and turns what stopped it into one line on stderr and an exit code. `shown` is how the user named the file, which the
 * host knows by its full path.
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
    if (!(error instanceof Refused || error instanceof ControlError || error instanceof ModuleError)) throw error
    const told = error instanceof ControlError ? undefined : asTyped(error, shown)
    const message = told?.message ?? error.message
    if (terminal.json) terminal.data({ error: told ? bodyOf(told) : { code: 'EHOST', message } })
    terminal.err(`${command}: ${message}`)
    for (const detail of details(told?.data)) terminal.err(detail)
    if (error instanceof ModuleError && error.code === 'EINIT' && error.cause instanceof Error)
      terminal.err(authorsStack(error.cause.stack ?? error.cause.message))
    if (error instanceof Refused && error.taints) terminal.err(`kernel tainted: ${error.taints}`)
    if (error instanceof Refused) await advise(command, line, error)
    return 1
  } finally {
    if (waiting !== undefined) {
      clearInterval(waiting)
      terminal.progress('')
    }
  }
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

async function advise(command: string, line: CommandLine, { error }: Refused): Promise<void> {
  if (!line.terminal.advises) return
  try {
    const { adviceOn } = await import('./advice.ts')
    const advice = await adviceOn(error, command, await connect(line))
    if (advice !== undefined) line.terminal.advise(`(${advice})`)
  } catch {
    // The host may be gone by now. What it refused has been told.
  }
}

/** Tells people of parameters that were ignored. */
export async function adviseOnParams(
  { terminal }: CommandLine,
  params: Readonly<Record<string, string>>,
  module: string | undefined,
  host: ControlClient,
): Promise<void> {
  if (!terminal.advises || module === undefined) return
  try {
    const { adviceOnParams } = await import('./advice.ts')
    for (const advice of await adviceOnParams(params, module, host)) terminal.advise(`(${advice})`)
  } catch {
    // What was asked for is done.
  }
}

const bodyOf = ({ code, errno, message, data }: Told) => ({ code, errno, message, data })

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

const isCode = (code: string): code is ErrorCode => (ERROR_CODES as readonly string[]).includes(code)

type Told = {
  readonly code: string
  readonly errno: string
  readonly message: string
  readonly data: Readonly<Record<string, unknown>>
}

function asTyped(error: Refused | ModuleError, shown: string | undefined): Told {
  const told: Told = error instanceof Refused ? error.error : error
  if (shown === undefined || !isCode(told.code)) return told
  const data = { ...told.data }
  for (const field of ['file', 'missing']) if (data[field] === resolve(shown)) data[field] = shown
  const { message } = new ModuleError(told.code, data)
  return { code: told.code, errno: told.errno, data, message }
}

/** What belongs below the one line: the code frame, or what init threw. */
function details(data: Readonly<Record<string, unknown>> | undefined): string[] {
  const lines: string[] = []
  if (typeof data?.frame === 'string' && data.frame !== '') lines.push(data.frame)
  if (typeof data?.cause === 'string') lines.push(authorsStack(data.cause))
  if (typeof data?.count === 'number')
    for (const { where, count } of data.holders as { where: string; count: number }[])
      lines.push(`  ${count} of ${data.count}: ${where}`)
  return lines
}

const OWN_FOLDER = fileURLToPath(new URL('..', import.meta.url))

/** Down to where Outlive called: what lies below says nothing to an author. */
function authorsStack(stack: string): string {
  const lines = stack.split('\n')
  let end = lines.findIndex(line => /^\s+at /.test(line) && line.includes(OWN_FOLDER))
  if (end === -1) return stack
  while (lines[end - 1]?.endsWith('(<anonymous>)')) end--
  return lines.slice(0, end).join('\n')
}

/**
 * `key=value` words, as insmod takes them; a word without `=` is a flag.
 *
 * @throws UsageError for a word that starts with `=`
 */
export function parseParamWords(words: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {}
  for (const word of words) {
    const at = word.indexOf('=')
    if (at === 0) throw new UsageError(`'${word}' is not a parameter; write name=value`)
    if (at === -1) params[word] = ''
    else params[word.slice(0, at)] = word.slice(at + 1)
  }
  return params
}
