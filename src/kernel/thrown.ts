const UNPRINTABLE = 'something that cannot be printed'

/** Any value as text: a module may hand over one without a text of its own, or one that throws when it is asked. */
export function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return UNPRINTABLE
  }
}

/** The message of what was thrown, or it as text. */
export function messageOf(thrown: unknown): string {
  try {
    return textOf(thrown instanceof Error ? thrown.message : thrown)
  } catch {
    return UNPRINTABLE
  }
}

/** As an error, whatever it is. */
export function errorOf(thrown: unknown): Error {
  try {
    if (thrown instanceof Error && typeof thrown.message === 'string') return thrown
  } catch {
    // A proxy may have refused to be looked at.
  }
  return new Error(messageOf(thrown))
}

/** @returns undefined where `look` throws */
export function tryToRead<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

export const isError = (thrown: unknown): thrown is Error => tryToRead(() => thrown instanceof Error) === true

/** What was thrown, when it can be looked at; else an error in its place. */
export const readable = (thrown: unknown): unknown =>
  tryToRead(() => thrown instanceof Error || true) === undefined ? new Error(UNPRINTABLE) : thrown

/** The stack of an error that has one, or what was thrown as text. */
export function stackOf(thrown: unknown): string {
  const stack = isError(thrown) ? tryToRead(() => thrown.stack) : undefined
  return typeof stack === 'string' && stack !== '' ? stack : textOf(thrown)
}
