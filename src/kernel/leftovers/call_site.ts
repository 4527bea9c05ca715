import { fileURLToPath } from 'node:url'
import { tryToRead } from '../thrown.ts'

/** Where something was opened. Taken cheaply when it is opened, worded only if it is ever asked for. */
export interface CallSite {
  /** `file:line:column` of the innermost frame in one of the module's own files, or of the innermost frame of all. */
  place(isOwn: (file: string) => boolean): string
}

const FRAMES = 16
/** For what is opened often: each frame costs, and the module's own is nearly always the first. */
export const FEW_FRAMES = 5

const FRAME_PLACE = /(file:\/\/\/.*?|(?<=^at |\()\/.*?):(\d+):(\d+)\)?$/

/**
 * `below` and everything called by it are left out. Until it is worded, a call site holds the functions of its frames and their receivers, so it
 * must not outlive what it belongs to.
 *
 * @param moved by how many columns the call stands behind the author's, in the code that runs
 */
export function captureCallSite(below: Function, frames: number = FRAMES, moved = 0): CallSite {
  const holder: { stack?: unknown } = {}
  const { stackTraceLimit } = Error
  // Frozen, as under `--frozen-intrinsics`, it takes no other limit, and refuses to be given one.
  Reflect.set(Error, 'stackTraceLimit', frames)
  Error.captureStackTrace(holder, below)
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  return new CapturedSite(holder, moved)
}

class CapturedSite implements CallSite {
  readonly #holder: { stack?: unknown }

  readonly #moved: number

  constructor(holder: { stack?: unknown }, moved: number) {
    this.#holder = holder
    this.#moved = moved
  }

  place(isOwn: (file: string) => boolean): string {
    let first: string | undefined
    // What the program has put into `Error.prepareStackTrace` may throw.
    const stack = tryToRead(() => String(this.#holder.stack)) ?? ''
    for (const line of stack.split('\n')) {
      const found = FRAME_PLACE.exec(line.trim())
      if (!found) continue
      const file = found[1]!.startsWith('file:') ? fileURLToPath(found[1]!) : found[1]!
      const place = `${file}:${found[2]}:${found[3]}`
      if (isOwn(file)) return `${file}:${found[2]}:${Number(found[3]) - this.#moved}`
      first ??= place
    }
    return first ?? 'unknown'
  }
}
