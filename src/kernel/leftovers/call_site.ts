/** Where something was opened. Taken cheaply when it is opened, worded only if it is ever asked for. */
export interface CallSite {
  /** `file:line:column` of the innermost frame in one of the module's own files, or of the innermost frame of all. */
  place(isOwn: (file: string) => boolean): string
}

const FRAMES = 16
const FRAME_PLACE = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/

/** `below` and everything called by it are left out. */
export function captureCallSite(below: Function): CallSite {
  const holder: { stack?: unknown } = {}
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = FRAMES
  Error.captureStackTrace(holder, below)
  Error.stackTraceLimit = stackTraceLimit
  return {
    place(isOwn) {
      let first: string | undefined
      for (const line of String(holder.stack).split('\n')) {
        const found = FRAME_PLACE.exec(line.trim())
        if (!found) continue
        const file = decodeURI(found[1]!.replace(/^file:\/\//, ''))
        const place = `${file}:${found[2]}:${found[3]}`
        if (isOwn(file)) return place
        first ??= place
      }
      return first ?? 'unknown'
    },
  }
}
