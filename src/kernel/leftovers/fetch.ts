import { util } from '../../images/node_parts.ts'
import { type CallSite, captureCallSite } from './call_site.ts'
import type { Leftovers, Resource } from './leftovers.ts'

type Fetch = typeof globalThis.fetch
type Input = Parameters<Fetch>[0]
type Init = Parameters<Fetch>[1]

/** A request by `fetch`, from the call to the end of the response's body. */
class Fetching implements Resource {
  readonly kind = 'fetch'
  readonly site: CallSite
  readonly controller = new AbortController()
  readonly #url: string
  /** Once it is there. Weak: when nobody has it any more, Node lets go of the connection by itself. */
  #response: WeakRef<Response> | undefined
  #stopped = false

  constructor(url: string, site: CallSite) {
    this.#url = url
    this.site = site
  }

  /** Stopped at unload while it waited for an answer: nobody will hear of it. */
  get stopped(): boolean {
    return this.#stopped
  }

  answered(response: Response): void {
    this.#response = new WeakRef(response)
  }

  what(): string {
    return this.#response ? `body of ${this.#url}, not read to its end` : `fetch of ${this.#url}`
  }

  isOpen(): boolean {
    if (!this.#response) return true
    const body = this.#response.deref()?.body
    // A stream shows its state only to whoever looks at it.
    return body !== undefined && body !== null && util().inspect(body).includes("state: 'readable'")
  }

  isOver(): boolean {
    return !this.isOpen()
  }

  close(): void {
    this.#stopped = this.#response === undefined
    this.controller.abort()
  }
}

/**
 * The image's own view of `fetch`: each can be stopped by a signal of ours, besides the author's.
 *
 * @param real what the program has there now
 */
export function viewFetch(leftovers: Leftovers, real: () => Fetch): Fetch {
  const fetch = (input: Input, init: Init = undefined): Promise<Response> => {
    const follow = signalOf(input, init)
    const url = urlOf(input)
    // Whatever Node would refuse is left to Node. So is what is in memory, where nothing stays open and a signal of ours would do harm: Node 24 and 26 throw
    // an error that nobody can catch when such a body is aborted.
    if (!OVER_NETWORK.test(url) || !isInit(init) || (follow !== undefined && !(follow instanceof AbortSignal)))
      return real()(input, init)
    const fetching = new Fetching(url, captureCallSite(fetch))
    const signal = follow ? AbortSignal.any([follow, fetching.controller.signal]) : fetching.controller.signal
    leftovers.add(fetching)
    return new Promise((resolve, reject) => {
      real()(input, withSignal(init, signal)).then(
        response => {
          if (response.body === null) leftovers.remove(fetching)
          else fetching.answered(response)
          resolve(response)
        },
        (error: unknown) => {
          leftovers.remove(fetching)
          if (!fetching.stopped) reject(error)
        },
      )
    })
  }
  return fetch
}

const OVER_NETWORK = /^\s*https?:/i

const isInit = (init: unknown): boolean =>
  init === undefined || init === null || typeof init === 'object' || typeof init === 'function'

const urlOf = (input: unknown): string =>
  typeof input === 'object' && input !== null && 'url' in input ? String(input.url) : String(input)

/** As fetch itself would find it: an explicit null in `init` overrules the signal of a Request. */
function signalOf(input: unknown, init: Init): unknown {
  const own = (init as { signal?: unknown } | undefined | null)?.signal
  if (own === null) return undefined
  return own ?? (input instanceof Request ? input.signal : undefined)
}

/** `init` may be any object, even a Request, whose getters ask who they are read from. */
const withSignal = (init: Init, signal: AbortSignal): RequestInit =>
  init
    ? new Proxy(init as RequestInit, {
        get: (target, key) => (key === 'signal' ? signal : (Reflect.get(target, key, target) as unknown)),
        has: (target, key) => key === 'signal' || key in target,
      })
    : { signal }
