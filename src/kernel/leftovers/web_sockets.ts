import { getEventListeners } from 'node:events'
import { type HandleSort, trackHandle } from './handle.ts'
import type { Leftovers } from './leftovers.ts'
import { lazyClass, viewClass } from './view_object.ts'

const CLOSING = 2
const CLOSED = 3

/** What a WebSocket and an EventSource have in common, but for CLOSED, which is 2 for an EventSource. */
interface Connection extends EventTarget {
  readonly url: string
  readonly readyState: number
  onopen: unknown
  onmessage: unknown
  onerror: unknown
  onclose?: unknown
  close(): void
}

const EVENTS = ['open', 'message', 'error', 'close']

/** A handler that connects again would go on for ever. */
function silence(connection: Connection): void {
  connection.onopen = connection.onmessage = connection.onerror = null
  if ('onclose' in connection) connection.onclose = null
  for (const event of EVENTS)
    for (const listener of getEventListeners(connection, event))
      connection.removeEventListener(event, listener as () => void)
}

const webSocketSort: HandleSort<Connection> = {
  kind: 'socket',
  what: socket => `WebSocket to ${socket.url}`,
  isOpen: socket => socket.readyState !== CLOSED,
  isOver: socket => socket.readyState === CLOSED,
  isClosing: socket => socket.readyState === CLOSING,
  close: socket => {
    silence(socket)
    const closed = new Promise<void>(resolve => socket.addEventListener('close', () => resolve()))
    socket.close()
    return closed
  },
}

const eventSourceSort: HandleSort<Connection> = {
  kind: 'socket',
  what: source => `EventSource of ${source.url}`,
  isOpen: source => source.readyState !== CLOSING,
  isOver: source => source.readyState === CLOSING,
  close: source => {
    silence(source)
    source.close()
  },
}

const SORTS = { WebSocket: webSocketSort, EventSource: eventSourceSort } as const

/** @param real what the program has there now */
export const viewWebSocket = (leftovers: Leftovers, name: keyof typeof SORTS, real: () => Function): Function =>
  lazyClass(() =>
    viewClass(real(), (connection: Connection, site) => trackHandle(leftovers, connection, SORTS[name], site)),
  )
