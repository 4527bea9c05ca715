import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Refused } from '../control/client.ts'
import type { ErrorBody } from '../control/protocol.ts'
import { ERROR_CODES, type ErrorCode, ModuleError } from '../kernel/errno.ts'
import { otherSymbols } from './other_symbols.ts'

/** An error as a command tells it, whether the host refused something or this process did. */
type Told = ErrorBody['error']

const isCode = (code: string): code is ErrorCode => ERROR_CODES.some(known => known === code)

const bodyOf = (error: Refused | ModuleError): Told => (error instanceof Refused ? error.error : error)

/** @param shown how the user named the file, which the error has with its full path */
export function toldOf(error: Refused | ModuleError, shown: string | undefined): Told {
  const { code, errno, message, data } = bodyOf(error)
  if (shown === undefined || !isCode(code)) return { code, errno, message, data }
  const named = { ...data }
  for (const field of ['file', 'missing']) if (named[field] === resolve(shown)) named[field] = shown
  return { code, errno, message: new ModuleError(code, named).message, data: named }
}

/** What belongs below the one line: the code frame, further symbols, what init threw, and who uses the module. */
export function detailsOf(error: Refused | ModuleError): string[] {
  const { code, data } = bodyOf(error)
  const lines: string[] = []
  if (typeof data.frame === 'string' && data.frame !== '') lines.push(data.frame)
  if (code === 'ESYMBOL') lines.push(...otherSymbols(data))
  if (typeof data.cause === 'string') lines.push(authorsStack(data.cause))
  if (typeof data.count === 'number')
    for (const { where, count } of data.holders as { where: string; count: number }[])
      lines.push(`  ${count} of ${data.count}: ${where}`)
  if (error instanceof ModuleError && error.code === 'EINIT' && error.cause instanceof Error)
    lines.push(authorsStack(error.cause.stack ?? error.cause.message))
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
