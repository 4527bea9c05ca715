import type { ServerResponse } from 'node:http'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'

/**
 * Writes what a handler returned: a string, bytes, a stream or a web Response as they are, undefined as 204, anything else as JSON.
 */
export async function sendResult(response: ServerResponse, result: unknown): Promise<void> {
  if (result instanceof Response) return sendWebResponse(response, result)
  if (result === undefined || result === null) {
    response.writeHead(204).end()
    return
  }
  if (typeof result === 'string') return sendWhole(response, 'text/plain; charset=utf-8', Buffer.from(result))
  const bytes = bytesOf(result)
  if (bytes) return sendWhole(response, 'application/octet-stream', bytes)
  if (isStream(result)) {
    response.setHeader('content-type', 'application/octet-stream')
    return sendStream(response, result)
  }
  const json = JSON.stringify(result) as string | undefined
  if (json === undefined) throw new TypeError(`the handler returned a ${typeof result}, which cannot be sent`)
  sendWhole(response, 'application/json; charset=utf-8', Buffer.from(json))
}

/** Of a HEAD only the headers are asked. */
const isWithoutBody = ({ req }: ServerResponse): boolean => req.method === 'HEAD'

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length })
  response.end(body)
}

function sendWhole(response: ServerResponse, type: string, body: Uint8Array): void {
  response.writeHead(200, { 'content-type': type, 'content-length': body.length })
  response.end(isWithoutBody(response) ? undefined : body)
}

type Streaming = Readable | ReadableStream | AsyncIterable<unknown>

const isStream = (value: unknown): value is Streaming =>
  typeof value === 'object' && value !== null && (value instanceof Readable || Symbol.asyncIterator in value)

/** What goes wrong before the first chunk is answered with a status, so headers wait for that; no longer than this, in milliseconds, where a stream has nothing to say yet. */
const HEADERS_WAIT = 50

/** @throws what the stream fails with, and TypeError for a chunk that cannot be sent */
async function sendStream(response: ServerResponse, stream: Streaming): Promise<void> {
  const source = stream instanceof Readable ? stream : Readable.from(stream as AsyncIterable<unknown>)
  // One that is let go before it was opened may tell later that it cannot be.
  source.on('error', () => {})
  let begin = (): void => {}
  const begun = new Promise<void>(done => {
    begin = done
  })
  const chunks = sendable(() => begin())
  const silent = setTimeout(() => {
    response.flushHeaders()
    begin()
  }, HEADERS_WAIT)
  response.once('close', begin)
  const read = pipeline(source, chunks)
  try {
    await Promise.race([begun, read])
  } finally {
    clearTimeout(silent)
  }
  if (isWithoutBody(response) || response.destroyed) {
    read.catch(() => {})
    source.destroy()
    response.end()
  } else await Promise.all([read, pipeline(chunks, response)])
}

/** Passes chunks on, and refuses what is no text and no bytes: a response would throw at it where nobody catches it. */
const sendable = (onBegin: () => void): Transform =>
  new Transform({
    writableObjectMode: true,
    transform(chunk, _encoding, done) {
      const sent = typeof chunk === 'string' ? chunk : bytesOf(chunk)
      if (sent === undefined) {
        done(new TypeError(`a stream that is sent has text or bytes, not a chunk of type ${typeof chunk}`))
        return
      }
      onBegin()
      done(null, sent)
    },
    flush(done) {
      onBegin()
      done()
    },
  })

async function sendWebResponse(response: ServerResponse, web: Response): Promise<void> {
  // Its body would be empty, and look like a whole answer.
  if (web.bodyUsed) throw new TypeError('the handler returned a Response whose body was read already')
  response.statusCode = web.status
  if (web.statusText !== '') response.statusMessage = web.statusText
  for (const [name, value] of web.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  const cookies = web.headers.getSetCookie()
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  if (web.body === null) response.end()
  else await sendStream(response, web.body as unknown as ReadableStream)
}
