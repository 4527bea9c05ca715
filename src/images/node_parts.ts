import { lazyRequire } from './lazy.ts'

/** Needed by depmod and for signatures; other hosts never load it. */
export const crypto = lazyRequire<typeof import('node:crypto')>('node:crypto')

/** SHA-256, in hexadecimal. */
export const sha256 = (contents: Uint8Array): string => crypto().createHash('sha256').update(contents).digest('hex')

/** An import of it loads all that its exports come from, workers and colours among them. */
export const util = lazyRequire<typeof import('node:util')>('node:util')

/** Milliseconds since some moment. Node loads what stands behind `performance` when it is first asked for, and it is not small. */
export function monotonicNow(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
