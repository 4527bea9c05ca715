import type { EventEmitter } from 'node:events'

/** How many listeners of an event an emitter had when it was made: Node's own, which it needs for closing. */
const baselines = new WeakMap<object, Readonly<Record<string, number>>>()

const ignore = (): void => {}

/** To be called when an emitter was just made, before its module has it. */
export function noteOwnListeners(emitter: EventEmitter, events: readonly string[]): void {
  baselines.set(emitter, Object.fromEntries(events.map(event => [event, emitter.listenerCount(event)])))
}

/**
 * Takes away the module's listeners for the end of something, so that closing it does not run code of a module that is gone: a handler that
 * reconnects or starts anew would go on for ever. An error that closing causes is nobody's.
 */
export function hush(emitter: EventEmitter, events: readonly string[]): void {
  const baseline = baselines.get(emitter) ?? {}
  for (const event of events)
    for (const listener of emitter.rawListeners(event).slice(baseline[event] ?? 0))
      emitter.removeListener(event, listener as () => void)
  emitter.on('error', ignore)
}

/** Resolves when the event comes. */
export const ended = (emitter: EventEmitter, event: string): Promise<void> =>
  new Promise(resolve => {
    emitter.once(event, () => resolve())
  })
