import type { Worker } from 'node:worker_threads'

/** Words for what keeps a process alive, by Node's names. What is not here ends by itself in a moment. */
const WORDS: Readonly<Record<string, string>> = {
  Timeout: 'a timer',
  TCPServerWrap: 'a server',
  PipeServerWrap: 'a server on a pipe',
  TCPSocketWrap: 'a socket',
  TLSWrap: 'a TLS socket',
  PipeWrap: 'a pipe',
  UDPWrap: 'a datagram socket',
  UDPWRAP: 'a datagram socket',
  ProcessWrap: 'a child process',
  FSEventWrap: 'a watcher',
  StatWatcher: 'a watcher',
  MessagePort: 'a message port',
  TTYWrap: 'a terminal',
  SignalWrap: 'a signal',
}

/** From fewer cycles nothing can be told. */
const FEWEST = 4

/**
 * What is open in this process, whoever opened it. The kernel sees what the module's own files open; this also counts what a package of the host opens for them.
 * In a process where nothing else goes on, what is there once more for every cycle is the module's doing.
 */
export class OpenResources {
  readonly #workers: Worker[] = []
  #before: ReadonlyMap<string, number> = new Map()

  constructor() {
    // Threads that do not keep the process alive are in no list.
    process.on('worker', worker => this.#workers.push(worker))
  }

  mark(): void {
    this.#before = this.#tally()
  }

  /** What is there at least once more for each of so many cycles than it was at the mark. */
  grown(cycles: number): [what: string, count: number][] {
    if (cycles < FEWEST) return []
    return [...this.#tally()]
      .map(([what, count]): [string, number] => [what, count - (this.#before.get(what) ?? 0)])
      .filter(([, more]) => more >= cycles)
  }

  #tally(): Map<string, number> {
    // The kernel closes silently: nobody is told that a worker has ended.
    const running = this.#workers.filter(({ threadId }) => threadId !== -1).length
    const tally = new Map<string, number>([['a worker', running]])
    for (const name of process.getActiveResourcesInfo()) {
      const what = WORDS[name]
      if (what !== undefined) tally.set(what, (tally.get(what) ?? 0) + 1)
    }
    for (const event of process.eventNames())
      tally.set(`a listener of process '${String(event)}'`, process.listenerCount(event))
    return tally
  }
}
