import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'

/**
 * Writes what a handler returned: a string, bytes, a stream or a web Response as they are, undefined as 204, anything else as JSON.
 */
export async function sendResult(response: ServerResponse, result: unknown, head: boolean): Promise<void> {
  if (result instanceof Response) return sendWebResponse(response, result, head)
  if (result === undefined || result === null) {
    response.writeHead(204).end()
    return
  }
  if (typeof result === 'string') return sendWhole(response, 'text/plain; charset=utf-8', Buffer.from(result), head)
  const bytes = bytesOf(result)
  if (bytes) return sendWhole(response, 'application/octet-stream', bytes, head)
  if (isStream(result)) {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    return sendStream(response, result, head)
  }
  const json = JSON.stringify(result) as string | undefined
  if (json === undefined) throw new TypeError(`the handler returned a ${typeof result}, which cannot be sent`)
  sendWhole(response, 'application/json; charset=utf-8', Buffer.from(json), head)
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length })
  response.end(body)
}

function sendWhole(response: ServerResponse, type: string, body: Uint8Array, head: boolean): void {
  response.writeHead(200, { 'content-type': type, 'content-length': body.length })
  response.end(head ? undefined : body)
}

type Streaming = Readable | ReadableStream | AsyncIterable<unknown>

const isStream = (value: unknown): value is Streaming =>
  typeof value === 'object' && value !== null && (value instanceof Readable || Symbol.asyncIterator in value)

async function sendStream(response: ServerResponse, stream: Streaming, head: boolean): Promise<void> {
  response.flushHeaders()
  const source = stream instanceof Readable ? stream : Readable.from(stream as AsyncIterable<unknown>)
  if (head) {
    source.destroy()
    response.end()
    return
  }
  await pipeline(source, response).catch((error: NodeJS.ErrnoException) => {
    // A client that goes away in the middle of a stream is nobody's mistake.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  })
}

async function sendWebResponse(response: ServerResponse, web: Response, head: boolean): Promise<void> {
  response.statusCode = web.status
  for (const [name, value] of web.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  const cookies = web.headers.getSetCookie()
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  if (web.body === null) response.end()
  else await sendStream(response, web.body as unknown as ReadableStream, head)
}
