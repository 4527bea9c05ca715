import { getSystemErrorMap } from 'node:util'

/** `No such file or directory`, and not the call of Node's that found it. */
export function systemReason(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException
  const reason = getSystemErrorMap().get(errno ?? 0)?.[1] ?? message
  return reason.slice(0, 1).toUpperCase() + reason.slice(1)
}
