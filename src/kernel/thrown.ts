const UNPRINTABLE = 'something that cannot be printed'

/** @returns undefined where `look` throws */
export function tryToRead<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

/** Any value as text: a module may hand over one without a text of its own, or one that throws when it is asked. */
export const textOf = (value: unknown): string => tryToRead(() => String(value)) ?? UNPRINTABLE

export const isError = (thrown: unknown): thrown is Error => tryToRead(() => thrown instanceof Error) === true

/** The message of what was thrown, or it as text. */
export const messageOf = (thrown: unknown): string =>
  tryToRead(() => textOf(thrown instanceof Error ? thrown.message : thrown)) ?? UNPRINTABLE

/** As an error, whatever it is. */
export const errorOf = (thrown: unknown): Error =>
  isError(thrown) && typeof tryToRead(() => thrown.message) === 'string' ? thrown : new Error(messageOf(thrown))

/** What was thrown, when it can be looked at; else an error in its place. */
export const readable = (thrown: unknown): unknown =>
  tryToRead(() => thrown instanceof Error || true) === undefined ? new Error(UNPRINTABLE) : thrown

/** The stack of an error that has one, or what was thrown as text. */
export function stackOf(thrown: unknown): string {
  const stack = isError(thrown) ? tryToRead(() => thrown.stack) : undefined
  return typeof stack === 'string' && stack !== '' ? stack : textOf(thrown)
}
