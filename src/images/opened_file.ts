import type { ModuleBody } from './compile.ts'

/** A file that is compiled and waits for its turn: its scope is open, unless nobody can ask for its functions before it runs. */
export type OpenedFile =
  | { readonly kind: 'generator'; readonly scope: Generator<undefined, unknown, undefined> }
  | {
      readonly kind: 'async generator'
      readonly scope: AsyncGenerator<undefined, unknown, undefined>
      /** Set while the body is on its way to its pause, before which it must not be run. */
      pausing: Promise<void> | undefined
    }
  | Extract<ModuleBody, { kind: 'function' | 'async function' }>
  /** Its image was cut off while it waited: it does not run any more. */
  | { readonly kind: 'cut'; readonly stale: () => Error }

/** How many files are on their way to their pause: mostly none, and then nobody has to be asked. */
let pausing = 0

export const isAnyPausing = (): boolean => pausing > 0

/** Opens the scope of a file, if it has to be open before the file runs. */
export function openFile(body: ModuleBody): OpenedFile {
  // Called as no one's method, here and below: `this` of a module is undefined.
  const { start } = body
  if (body.kind === 'function' || body.kind === 'async function') return body
  if (body.kind === 'generator') {
    const scope = (start as typeof body.start)()
    scope.next()
    return { kind: 'generator', scope }
  }
  return pausingFile((start as typeof body.start)())
}

function pausingFile(scope: AsyncGenerator<undefined, unknown, undefined>): OpenedFile {
  pausing++
  const opened: OpenedFile = { kind: 'async generator', scope, pausing: undefined }
  opened.pausing = scope.next().then(() => {
    pausing--
    opened.pausing = undefined
  })
  return opened
}

/**
 * Runs a file to its end.
 *
 * @returns what its body returned; see `COMPLETED`
 * @throws whatever the file throws
 */
export function runToEnd(opened: OpenedFile | undefined): unknown {
  switch (opened?.kind) {
    case 'function': {
      const { start } = opened
      return start()
    }
    case 'generator':
      return opened.scope.next().value
    case 'cut':
      throw opened.stale()
    default:
      throw new TypeError('A file that awaits something, or has run, cannot be run at once')
  }
}

/** Runs a file to its first await. One of the two is told of its end: `returned` with what its body returned. */
export function runToFirstAwait(
  opened: OpenedFile | undefined,
  returned: (value: unknown) => void,
  rejected: (error: unknown) => void,
): void {
  switch (opened?.kind) {
    case 'async function': {
      const { start } = opened
      void start().then(returned, rejected)
      return
    }
    case 'async generator':
      void opened.scope.next().then(({ value }) => returned(value), rejected)
      return
    case 'cut':
      rejected(opened.stale())
      return
    default:
      throw new TypeError('A file that awaits nothing, or has run, cannot be run to its first await')
  }
}
