import fs from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { dirname, resolve } from 'node:path'
import { lazyRequire } from '../images/lazy.ts'
import { makeFolder } from '../images/make_folder.ts'
import { ModuleError } from '../kernel/errno.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { messageOf } from '../kernel/thrown.ts'
import { http } from './http.ts'
import { BadRequest, errorAnswer, type HostInfo, PROTOCOL } from './protocol.ts'
import { bytesOf } from './request_bytes.ts'
import { findRoute } from './routes.ts'
import { ANOTHER_FOLDER, LONGEST_PATH, prepareFolder, socketFolder, stateOf } from './socket_folder.ts'

const threads = lazyRequire<typeof import('node:worker_threads')>('node:worker_threads')

interface ControlOptions {
  readonly path: string
  readonly name: string
}

/** Serves one kernel on a Unix socket. */
export interface ControlServer {
  readonly path: string
  close(): Promise<void>
}

/**
 * Starts listening. A socket that a dead host left behind is replaced; a living one is not.
 *
 * @throws ModuleError EINVAL when another host answers there (`isTaken`), or the path cannot be used
 */
export async function serveControl(kernel: Kernel, options: ControlOptions): Promise<ControlServer> {
  const path = resolve(options.path)
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new ModuleError('EINVAL', {
      reason: `control socket path is longer than ${LONGEST_PATH} bytes: ${path}${adviceFor(path)}`,
    })
  try {
    return await serveAt(kernel, path, options.name)
  } catch (error) {
    if (error instanceof ModuleError) throw error
    // It came between the look and the listening.
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw takenBy(path)
    throw new ModuleError(
      'EINVAL',
      { reason: `control socket ${path}: ${messageOf(error)}${adviceFor(path)}` },
      { cause: error },
    )
  }
}

/** Nobody has chosen the folder of all sockets. */
const adviceFor = (path: string): string => (dirname(path) === socketFolder() ? `; ${ANOTHER_FOLDER}` : '')

const takenBy = (path: string): ModuleError =>
  new ModuleError('EINVAL', { reason: `a host is already listening on ${path}`, socket: path })

/** Did `serveControl` fail because of another host? */
export const isTaken = (error: unknown): boolean =>
  error instanceof ModuleError && error.code === 'EINVAL' && error.data.socket !== undefined

async function serveAt(kernel: Kernel, path: string, name: string): Promise<ControlServer> {
  const folder = dirname(path)
  // The mode of one that is there already and is not ours alone is its owner's affair.
  if (folder === socketFolder()) prepareFolder(folder)
  else makeFolder(folder)
  if (fs.existsSync(path)) {
    if ((await stateOf(path)) !== 'dead') throw takenBy(path)
    if (!fs.statSync(path).isSocket()) throw new ModuleError('EINVAL', { reason: `${path} exists and is not a socket` })
    fs.rmSync(path, { force: true })
  }
  const info: HostInfo = {
    protocol: PROTOCOL,
    name,
    pid: process.pid,
    node: process.version,
    scheme: kernel.scheme,
    modules: kernel.folders,
    socket: path,
  }
  const server = http().createServer((request, response) => void answer(kernel, info, request, response))
  server.on('clientError', (_error, socket) => {
    const body = JSON.stringify(errorAnswer(new BadRequest(400, 'that is not HTTP'), '').body)
    if (socket.writable)
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      )
  })
  await listen(server, path)
  // The socket must not keep a host alive that has nothing else to do.
  server.unref()
  return { path, close: () => closeServer(server) }
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((done, failed) => {
    server.once('error', failed)
    // The socket is there when this returns. A worker of `cluster` has it for itself: its primary would be told of a server.
    withMask(0o177, () => server.listen({ path, exclusive: true }, done))
  })
  // For systems that ignore the mask, and threads, which cannot set it.
  fs.chmodSync(path, 0o600)
}

/** The mask makes what is made private from its first moment, and nobody else's files meet it. A thread other than the main one may not set the mask of the process. */
function withMask(mask: number, make: () => void): void {
  const before = threads().isMainThread ? process.umask(mask) : undefined
  try {
    make()
  } finally {
    if (before !== undefined) process.umask(before)
  }
}

const closeServer = (server: Server): Promise<void> =>
  new Promise(done => {
    server.close(() => done())
    server.closeAllConnections()
  })

async function answer(
  kernel: Kernel,
  info: HostInfo,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { url: asked = '/' } = request
    // A path that begins with two slashes would name a host.
    const target = asked.startsWith('/') ? `http://host${asked}` : asked
    if (!URL.canParse(target, 'http://host')) throw new BadRequest(400, `that is no path: ${asked}`)
    const url = new URL(target, 'http://host')
    const route = findRoute(request.method ?? 'GET', url.pathname)
    const body = request.method === 'POST' ? await readBody(request) : {}
    const result = await route({ kernel, info, query: url.searchParams, body, response })
    if (!response.headersSent) send(response, 200, result ?? {})
  } catch (error) {
    const { status, body } = errorAnswer(error, kernel.taints.map(taint => taint.letter).join(''))
    if (response.headersSent) response.destroy()
    else send(response, status, body, error instanceof BadRequest ? error.headers : {})
  }
}

function send(response: ServerResponse, status: number, value: unknown, headers: BadRequest['headers'] = {}): void {
  // What cannot be said in JSON throws before anything is sent.
  const text = `${JSON.stringify(value)}\n`
  response.writeHead(status, { ...headers, 'content-type': 'application/json' })
  response.end(text)
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const bytes = await bytesOf(request, reason => new BadRequest(413, reason))
  if (bytes.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new BadRequest(400, 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadRequest(400, 'the body must be a JSON object')
  return value as Record<string, unknown>
}
