import type { IncomingMessage } from 'node:http'
import { bytesOf } from '../../control/request_bytes.ts'

/** What the built-in host gives a handler. */
export interface HostRequest {
  readonly method: string
  /** Path and query, as the client sent them. */
  readonly url: string
  /** The parts of the path that the route names. */
  readonly params: Readonly<Record<string, string | undefined>>
  /** A key that is given several times has the list of its values. */
  readonly query: Readonly<Record<string, string | readonly string[]>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** JSON parsed, text as text, other types as bytes; undefined when there is none. */
  readonly body: unknown
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

/** The client's mistake, told with its status. */
export class RequestError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'RequestError'
    this.status = status
  }
}

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined

/** What stands behind the first question mark. */
export function parseQuery(url: string): HostRequest['query'] {
  const at = url.indexOf('?')
  if (at === -1) return {}
  const given = new URLSearchParams(url.slice(at + 1))
  return Object.fromEntries(
    [...new Set(given.keys())].map(key => {
      const values = given.getAll(key)
      return [key, values.length === 1 ? values[0]! : values]
    }),
  )
}

/** @throws RequestError 413 for a body over a megabyte, 400 for JSON that is none */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const bytes = await bytesOf(request, reason => new RequestError(413, reason))
  if (bytes.length === 0) return undefined
  const type = request.headers['content-type'] ?? ''
  if (/^text\/|^application\/x-www-form-urlencoded/i.test(type)) return bytes.toString('utf8')
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) return bytes
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new RequestError(400, 'the body is not valid JSON')
  }
}
