import { messageOf } from '../kernel/thrown.ts'
import { http } from './http.ts'
import type { ErrorBody } from './protocol.ts'
import { runningHosts } from './socket_folder.ts'

/** No host, several, or one that went away: one line for the user, nothing of a stack. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
}

/** What the host answered instead of doing it. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly error: ErrorBody['error']
  readonly taints: string

  constructor({ error, taints }: ErrorBody) {
    super(error.message)
    this.error = error
    this.taints = taints
  }
}

/**
 * The socket of the host that `--host` names: a path, a name, or (undefined) the only one that runs.
 *
 * @throws ControlError
 */
export async function findHost(wanted: string | undefined): Promise<string> {
  if (wanted?.includes('/')) return wanted
  const hosts = await hostsHere()
  if (wanted !== undefined) {
    const found = hosts.find(host => host.name === wanted)
    if (found) return found.path
    const others = hosts.length === 0 ? 'none is running' : `running: ${hosts.map(host => host.name).join(', ')}`
    throw new ControlError(`no host named '${wanted}' is running (${others})`)
  }
  if (hosts.length === 1) return hosts[0]!.path
  if (hosts.length === 0) throw new ControlError('no host is running; start one with: outlive run --modules DIR')
  throw new ControlError(`several hosts are running; name one with --host: ${hosts.map(host => host.name).join(', ')}`)
}

async function hostsHere(): ReturnType<typeof runningHosts> {
  try {
    return await runningHosts()
  } catch (error) {
    throw new ControlError(`cannot look for hosts: ${messageOf(error)}`)
  }
}

type Query = Readonly<Record<string, string>>

const withQuery = (path: string, query: Query): string => {
  const text = new URLSearchParams(query).toString()
  return text === '' ? path : `${path}?${text}`
}

function saidOf({ code, message }: NodeJS.ErrnoException, socket: string): string {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return `no host is listening on ${socket}`
  if (code === 'EACCES' || code === 'EPERM') return `${socket} is for the user of its host alone`
  return `the host went away: ${message}`
}

export class ControlClient {
  readonly #socket: string

  constructor(socket: string) {
    this.#socket = socket
  }

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#send('GET', withQuery(path, query), undefined) as Promise<T>
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#send('POST', path, body) as Promise<T>
  }

  async #send(method: string, path: string, body: unknown): Promise<unknown> {
    let whole = ''
    const status = await this.#exchange(method, path, body, chunk => {
      whole += chunk
    })
    const value = this.#parse(whole)
    if (status === 200) return value
    throw this.#refused(value)
  }

  /** Hands over each line of a stream as it comes; resolves when the host ends it. */
  async lines<T>(path: string, query: Query, onLine: (line: T) => void): Promise<void> {
    let rest = ''
    await this.#exchange('GET', withQuery(path, query), undefined, chunk => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) if (line !== '') onLine(this.#parse(line) as T)
    })
  }

  /** The same for work that tells how it goes on: `body` says what to do. An error before the first line is thrown. */
  async stream<T>(path: string, body: unknown, onLine: (line: T) => void): Promise<void> {
    let whole = ''
    let told = 0
    const status = await this.#exchange('POST', path, body, chunk => {
      whole += chunk
      for (let end = whole.indexOf('\n', told); end !== -1; end = whole.indexOf('\n', told)) {
        onLine(this.#parse(whole.slice(told, end)) as T)
        told = end + 1
      }
    })
    if (status !== 200) throw this.#refused(this.#parse(whole))
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch {
      throw this.#stranger()
    }
  }

  #refused(value: unknown): Error {
    const told = value as Partial<ErrorBody> | null
    return typeof told?.error?.message === 'string' ? new Refused(told as ErrorBody) : this.#stranger()
  }

  #stranger(): ControlError {
    return new ControlError(`what answers on ${this.#socket} is no host, or went away`)
  }

  #exchange(method: string, path: string, body: unknown, onChunk: (text: string) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        reject(new ControlError(saidOf(error, this.#socket)))
      }
      const sent = http().request(
        { socketPath: this.#socket, method, path, headers: { 'content-type': 'application/json' } },
        response => {
          response.setEncoding('utf8')
          response.on('data', (text: string) => {
            try {
              onChunk(text)
            } catch (error) {
              sent.destroy()
              reject(error as Error)
            }
          })
          response.once('end', () => resolve(response.statusCode ?? 0))
          response.once('error', fail)
        },
      )
      sent.once('error', fail)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}
