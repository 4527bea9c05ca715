import type { IncomingMessage } from 'node:http'

/** Bytes. */
const MOST = 1 << 20

/**
 * The body of a request, to its end.
 *
 * @throws what `refuse` makes of the reason, for a body over a megabyte
 */
export async function bytesOf(request: IncomingMessage, refuse: (reason: string) => Error): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MOST) throw refuse(`the body is larger than ${MOST} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
