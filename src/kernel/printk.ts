import { monotonicNow, util } from '../images/node_parts.ts'
import { printable } from './printable.ts'
import { textOf } from './thrown.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogEntry {
  /** Milliseconds since the kernel was made, from a clock that never goes back. */
  readonly time: number
  readonly level: LogLevel
  /** The module that the entry is about, or undefined for the kernel itself. */
  readonly module: string | undefined
  readonly text: string
}

/** A place to send entries to as they come: `console`, pino, or anything with these four. */
export interface LogSink {
  debug(text: string): void
  info(text: string): void
  warn(text: string): void
  error(text: string): void
}

const CAPACITY = 4096

/**
 * The kernel log: a ring buffer, as printk's, that drops its oldest entries.
 *
 * @example
 * await kernel.modprobe('nobody').catch(() => {})
 * for (const { level, text } of kernel.log) if (level === 'error') console.log(text)
 */
export class KernelLog implements Iterable<LogEntry> {
  readonly #ring: LogEntry[] = []
  readonly #start = monotonicNow()
  readonly #listeners = new Set<(entry: LogEntry) => void>()
  readonly #sink: ((entry: LogEntry) => void) | undefined
  #next = 0

  constructor(sink?: LogSink | ((entry: LogEntry) => void)) {
    this.#sink = typeof sink === 'object' ? entry => sink[entry.level](formatEntry(entry)) : sink
  }

  write(level: LogLevel, text: string, module?: string): void {
    const entry: LogEntry = { time: monotonicNow() - this.#start, level, module, text: printed([text]) }
    this.#ring[this.#next++ % CAPACITY] = entry
    for (const tell of [this.#sink, ...this.#listeners]) {
      try {
        tell?.(entry)
      } catch {
        // Whoever throws must not stop an unload half-way; the entry is in the ring.
      }
    }
  }

  debug(text: string, module?: string): void {
    this.write('debug', text, module)
  }

  info(text: string, module?: string): void {
    this.write('info', text, module)
  }

  warn(text: string, module?: string): void {
    this.write('warn', text, module)
  }

  error(text: string, module?: string): void {
    this.write('error', text, module)
  }

  /** Oldest first. */
  entries(): LogEntry[] {
    if (this.#next <= CAPACITY) return [...this.#ring]
    const oldest = this.#next % CAPACITY
    return [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)]
  }

  [Symbol.iterator](): Iterator<LogEntry> {
    return this.entries()[Symbol.iterator]()
  }

  /** Calls `listener` with each entry as it is written; the result ends that. */
  follow(listener: (entry: LogEntry) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}

/** One text, as `console` would print it. An entry that kept an error or an object would keep the code that it came from. */
export function printed(what: readonly unknown[]): string {
  if (what.length === 1 && typeof what[0] === 'string') return what[0]
  try {
    return util().format(...what)
  } catch {
    // Of an error whose message is no text, for one. Whoever logs is not to fail by it.
    return what.map(textOf).join(' ')
  }
}

/** As dmesg prints it: `[    1.234567] hello: loaded`. */
export function formatEntry({ time, module, text }: LogEntry): string {
  const seconds = (time / 1000).toFixed(6).padStart(12)
  return `[${seconds}] ${module === undefined ? '' : `${printable(module)}: `}${text}`
}
