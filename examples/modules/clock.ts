import type { ModuleContext } from 'outlive'

export const info = {
  description: 'The time, once a second, as server-sent events',
  version: '1.0.0',
  license: 'MIT',
  params: { period: { type: 'int', default: 1000, min: 10, description: 'milliseconds between two events' } },
}

const encoder = new TextEncoder()
const listeners = new Set<ReadableStreamDefaultController<Uint8Array>>()

function tick() {
  const event = encoder.encode(`event: time\ndata: ${new Date().toISOString()}\n\n`)
  for (const listener of listeners) listener.enqueue(event)
}

export function init(k: ModuleContext<typeof info>) {
  // Nobody stops this timer: it is the module's, and stops when the module goes.
  setInterval(tick, k.params.period)
  k.register('http.route', {
    method: 'GET',
    url: '/clock',
    handler: ({ signal }: { signal: AbortSignal }) => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          listeners.add(controller)
          signal.addEventListener('abort', () => listeners.delete(controller))
        },
        cancel() {},
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } })
    },
  })
}

/** Ends the streams, so that clients connect again and meet the new version. */
export function exit() {
  for (const listener of listeners) listener.close()
  listeners.clear()
}
