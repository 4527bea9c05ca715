import { Flight } from './flights.ts'
import type { AnyFunction } from './gate_entry.ts'

const ASYNC_GENERATOR_FUNCTION: unknown = Object.getPrototypeOf(async function* () {})

/** Does it give a stream: is it an `async function*`? */
export const isStreaming = (target: AnyFunction): boolean => Object.getPrototypeOf(target) === ASYNC_GENERATOR_FUNCTION

type Step = IteratorResult<unknown>

/** One that the host has dropped without an end, as no `for await` does, is over once the collector has it. */
const dropped = new FinalizationRegistry<StreamCall>(call => call.over())

/**
 * The call that gave a stream: in flight until the stream has ended. Nothing in here leads to the stream, which leads to the code of its module.
 */
export class StreamCall {
  readonly flight: Flight
  readonly #onOver: (flight: Flight) => void
  readonly #pending = new Set<(reason: Error) => void>()
  #refused: Error | undefined
  #isOver = false

  constructor(name: string, onOver: (flight: Flight) => void) {
    this.flight = new Flight(name, reason => this.#refuse(reason))
    this.#onOver = onOver
  }

  /** Has the steps of `stream` go through here. It stays the generator that it is. */
  follow(stream: object): void {
    for (const name of ['next', 'return', 'throw'] as const)
      Object.defineProperty(stream, name, {
        value: stepOf(this, methodOf(stream, name)),
        writable: true,
        configurable: true,
      })
    dropped.register(stream, this, this)
  }

  /** As for any call in flight, the host waits for a promise that can be refused: what the step waits for may never come once the image is cut off. */
  step(taken: () => Promise<Step>): Promise<Step> {
    if (this.#refused) return Promise.reject(this.#refused)
    const result = taken()
    let refuse!: (reason: Error) => void
    const between = new Promise<Step>((resolve, reject) => {
      refuse = reject
      result.then(resolve, reject)
    })
    this.#pending.add(refuse)
    return between.then(
      step => {
        this.#pending.delete(refuse)
        if (step.done) this.over()
        return step
      },
      error => {
        this.#pending.delete(refuse)
        this.over()
        throw error
      },
    )
  }

  over(): void {
    if (this.#isOver) return
    this.#isOver = true
    dropped.unregister(this)
    this.#onOver(this.flight)
  }

  #refuse(reason: Error): void {
    this.#refused = reason
    for (const refuse of this.#pending) refuse(reason)
    this.over()
  }
}

const methodOf = (stream: object, name: string): AnyFunction => (stream as Record<string, AnyFunction>)[name]!

function stepOf(call: StreamCall, own: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: unknown[]) {
    return call.step(() => Reflect.apply(own, this, args) as Promise<Step>)
  }
}
