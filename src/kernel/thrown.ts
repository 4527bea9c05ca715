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
