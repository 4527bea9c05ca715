import { getEventListeners } from 'node:events'
import { type HandleSort, trackHandle } from './handle.ts'
import type { Leftovers } from './leftovers.ts'
import { viewFunction } from './view_object.ts'

const listenersOf = (signal: AbortSignal): Function[] => getEventListeners(signal, 'abort')

/**
 * A signal that waits for its time is kept by Node, with its listeners, until the time has come. At unload the listeners go; nobody has to care, since such
 * a signal ends by itself.
 */
const timeoutSort: HandleSort<AbortSignal> = {
  kind: 'timeout',
  silent: true,
  what: () => 'AbortSignal.timeout',
  isOpen: signal => !signal.aborted && listenersOf(signal).length > 0,
  isOver: signal => signal.aborted,
  close: signal => {
    for (const listener of listenersOf(signal)) signal.removeEventListener('abort', listener as () => void)
  },
}

/** The image's own view of `AbortSignal`, for its `timeout`. */
export function viewAbortSignal(leftovers: Leftovers): typeof AbortSignal {
  const timeout = viewFunction(AbortSignal.timeout, ([delay]) => {
    const signal = AbortSignal.timeout(delay as number)
    trackHandle(leftovers, signal, timeoutSort, undefined)
    return signal
  })
  return new Proxy(AbortSignal, {
    get: (target, key) => (key === 'timeout' ? timeout : (Reflect.get(target, key) as unknown)),
  })
}
