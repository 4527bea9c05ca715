import { EventEmitter } from 'node:events'
import { ModuleError } from './errno.ts'
import type { KernelLog } from './printk.ts'
import { shortly } from './shown.ts'
import type { KernelTaint } from './taint.ts'
import { messageOf, textOf } from './thrown.ts'

/** What every event of a module tells. */
export interface ModuleEvent {
  readonly module: string
  readonly generation: number
  readonly file: string
}

export interface CollectedEvent extends ModuleEvent {
  /** Bytes of source that the image kept, now free. */
  readonly bytes: number
}

export interface KernelEvents {
  /** Linked; about to run. */
  coming: ModuleEvent
  /** In service. */
  live: ModuleEvent
  /** All that the kernel knew of it has been taken away; calls in flight may still finish. */
  going: ModuleEvent
  /** Its exit has run and what it left behind is closed. The code lingers until nobody can call it. */
  gone: ModuleEvent
  /** The collector has proved that nobody can call its code any more. */
  collected: CollectedEvent
  /** The kernel is no longer trustworthy. Told once for each letter. */
  taint: KernelTaint
}

export type KernelEventName = keyof KernelEvents

const EVENTS: Readonly<Record<KernelEventName, true>> = {
  coming: true,
  live: true,
  going: true,
  gone: true,
  collected: true,
  taint: true,
}

/** @throws ModuleError EINVAL for an event that never comes */
function checkEvent(operation: string, event: unknown): void {
  if (typeof event === 'string' && Object.hasOwn(EVENTS, event)) return
  throw new ModuleError('EINVAL', {
    reason: `${operation}: there is no event '${shortly(textOf(event))}'; there are ${Object.keys(EVENTS).join(', ')}`,
  })
}

/** The notifier chain: tells listeners of each step, and lets none of them stop it. */
export class Notifier {
  readonly #emitter = new EventEmitter()
  readonly #log: KernelLog

  constructor(log: KernelLog) {
    this.#log = log
    this.#emitter.setMaxListeners(0)
  }

  on<E extends KernelEventName>(event: E, listener: (event: KernelEvents[E]) => void): void {
    checkEvent('on', event)
    this.#emitter.on(event, listener)
  }

  once<E extends KernelEventName>(event: E, listener: (event: KernelEvents[E]) => void): void {
    checkEvent('once', event)
    this.#emitter.once(event, listener)
  }

  off<E extends KernelEventName>(event: E, listener: (event: KernelEvents[E]) => void): void {
    checkEvent('off', event)
    this.#emitter.off(event, listener)
  }

  notify<E extends KernelEventName>(event: E, payload: KernelEvents[E]): void {
    if (this.#emitter.listenerCount(event) === 0) return
    for (const listener of this.#emitter.rawListeners(event)) {
      try {
        listener.call(this.#emitter, payload)
      } catch (error) {
        this.#log.error(`a listener of '${event}' threw: ${messageOf(error)}`)
      }
    }
  }
}
