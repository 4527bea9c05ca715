import type { CallSite } from './call_site.ts'
import type { LeftoverKind } from './kinds.ts'
import type { Leftovers, Resource } from './leftovers.ts'

/**
 * Iterates over something of Node's that ends by a signal, as a leftover from the first value that is asked for to the end of the iteration. When
 * it is closed at unload, whoever waits for the next value waits for ever: its code does not run again.
 *
 * @param signal the author's own, which ends it as it would without us
 */
export async function* stoppable<T>(
  leftovers: Leftovers,
  label: { kind: LeftoverKind; what: string; site: CallSite },
  signal: AbortSignal | undefined,
  begin: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const own = new AbortController()
  const abort = (): void => own.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  const values = begin(own.signal)[Symbol.asyncIterator]()
  let stopped = false
  const resource: Resource = {
    kind: label.kind,
    site: label.site,
    what: () => label.what,
    close: () => {
      stopped = true
      own.abort()
    },
  }
  leftovers.add(resource)
  try {
    for (;;) {
      const next = await values.next().catch((error: unknown) => (stopped ? never() : Promise.reject(error)))
      if (next.done) return
      yield next.value
    }
  } finally {
    leftovers.remove(resource)
    signal?.removeEventListener('abort', abort)
    await values.return?.()
  }
}

/** A fresh one each time: a promise that is shared would hold whoever awaits it. */
const never = (): Promise<never> => new Promise(() => {})
