import type { IncomingMessage } from 'node:http'

/** Bytes. */
const MOST = 1 << 20

/**
 * The body of a request, to its end.
 *
 * @throws what `refuse` makes of the reason, for a body over a megabyte
 */
export const bytesOf = (request: IncomingMessage, refuse: (reason: string) => Error): Promise<Buffer> =>
  new Promise((done, failed) => {
    const chunks: Buffer[] = []
    let size = 0
    const collect = (chunk: Buffer): void => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= MOST) return
      // The rest is read for nothing: many a client reads no answer before it has sent all.
      chunks.length = 0
      request.off('data', collect).resume()
      failed(refuse(`the body is larger than ${MOST} bytes`))
    }
    request.on('data', collect)
    request.once('end', () => done(Buffer.concat(chunks)))
    request.on('error', failed)
  })
