import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import createRouter, { type HTTPMethod } from 'find-my-way'
import { http } from '../../control/http.ts'
import { ModuleError } from '../../kernel/errno.ts'
import type { ExtensionPoint } from '../../kernel/extension.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { messageOf, readable, stackOf, textOf, tryToRead } from '../../kernel/thrown.ts'
import { type HostRequest, hasBody, parseQuery, RequestError, readBody } from './http_request.ts'
import { sendJson, sendResult } from './http_response.ts'

/** What a module registers at `http.route`. */
export interface HttpRoute {
  readonly method: string
  /** A path with named parts: `/hello/:name`, `/files/*`. */
  readonly url: string
  readonly handler: (request: HostRequest) => unknown
}

interface HttpHostOptions {
  readonly port: number
  readonly address: string
  /** Told in one line of every request that failed for a reason of the host's; the kernel log has the whole of it. */
  readonly onProblem?: (text: string) => void
}

interface HttpHost {
  readonly url: string
  /** Stops taking connections at once; answers under way have `grace` milliseconds to end. */
  close(grace: number): Promise<void>
}

type Router = ReturnType<typeof createRouter>
type Found = { readonly route: HttpRoute; readonly params: Readonly<Record<string, string | undefined>> }

/**
 * Serves what modules register at `http.route`. The routes are read from the extension point, so a request never meets a module that
 * is not LIVE when it comes in.
 *
 * @throws Error when the address cannot be listened on
 */
export async function startHttpHost(kernel: Kernel, options: HttpHostOptions): Promise<HttpHost> {
  const routes = new Routes(kernel, kernel.point<HttpRoute>('http.route'))
  const { onProblem = () => {} } = options
  const server = http().createServer(
    (request, response) => void respond({ kernel, routes, onProblem }, request, response),
  )
  await new Promise<void>((done, failed) => {
    server.once('error', failed)
    server.listen(options.port, options.address, done)
  })
  const { port, address, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: grace => closeServer(server, grace),
  }
}

const closeServer = (server: Server, grace: number): Promise<void> =>
  new Promise(done => {
    // A stream may have no end of its own.
    const cut = setTimeout(() => server.closeAllConnections(), grace)
    server.close(() => {
      clearTimeout(cut)
      done()
    })
    server.closeIdleConnections()
  })

/** Of a route's method and path in the log, in characters: a route that is ignored may be anything. */
const LONGEST_TOLD = 200

/** In characters: longer than Node lets a whole head of a request be, and the router's own limit is 100. */
const LONGEST_PARAM = 1 << 20

/** A router made anew when the routes have changed, at the next request. */
class Routes {
  readonly #kernel: Kernel
  readonly #point: ExtensionPoint<HttpRoute>
  #router: Router | undefined
  /** Of all routes that are served. */
  readonly #methods = new Set<string>()
  /** Why a route is not served: told once, and not again whenever another comes or goes. */
  readonly #told = new WeakMap<HttpRoute, string>()

  constructor(kernel: Kernel, point: ExtensionPoint<HttpRoute>) {
    this.#kernel = kernel
    this.#point = point
    const forget = () => {
      this.#router = undefined
    }
    point.on('add', forget).on('remove', forget)
  }

  /** HEAD is answered by what answers GET, unless it has a route of its own. */
  find(method: string, url: string): Found | undefined {
    this.#router ??= this.#build()
    const found = this.#router.find(method as HTTPMethod, url)
    if (found) return { route: found.store as HttpRoute, params: found.params }
    return method === 'HEAD' ? this.find('GET', url) : undefined
  }

  /** Which methods a path can be asked with; none where nothing is. */
  methodsAt(url: string): string[] {
    this.#router ??= this.#build()
    const methods = [...this.#methods, 'HEAD'].filter(method => this.find(method, url))
    return methods.length === 0 ? [] : [...new Set([...methods, 'OPTIONS'])].sort()
  }

  #build(): Router {
    const router = createRouter({ ignoreTrailingSlash: true, maxParamLength: LONGEST_PARAM })
    this.#methods.clear()
    for (const route of this.#point) {
      try {
        const method = String(route.method).toUpperCase() as HTTPMethod
        if (typeof route.url !== 'string') throw new Error('url must be a text')
        if (typeof route.handler !== 'function') throw new Error('handler must be a function')
        const first = router.findRoute(method, route.url)?.store as HttpRoute | undefined
        if (first) throw new Error(`module ${this.#point.owner(first)?.module} has it already`)
        router.on(method, route.url, () => {}, route)
        this.#methods.add(method)
        this.#told.delete(route)
      } catch (error) {
        // Two routes of one path: the one that was there first keeps it.
        // Whatever a module has registered, the routes of the others are found.
        const told = tryToRead(() => `${textOf(route.method)} ${textOf(route.url)}`) ?? 'that cannot be read'
        this.#tell(route, `route ${told.slice(0, LONGEST_TOLD)} ignored: ${messageOf(error)}`)
      }
    }
    return router
  }

  #tell(route: HttpRoute, text: string): void {
    if (this.#told.get(route) === text) return
    this.#told.set(route, text)
    this.#kernel.log.warn(text, this.#point.owner(route)?.module)
  }
}

interface Serving {
  readonly kernel: Kernel
  readonly routes: Routes
  readonly onProblem: (text: string) => void
}

async function respond(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { routes } = serving
  const { method = 'GET', url = '/' } = request
  const head = method === 'HEAD'
  const client = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) client.abort()
  })
  try {
    const find = () => routes.find(method, url)
    // A module may offer the route that is not loaded yet.
    let found =
      find() ?? ((await provide(serving, `http:${head ? 'GET' : method}:${url.split('?')[0]}`)) ? find() : undefined)
    let body: unknown
    if (found && hasBody(request)) {
      body = await readBody(request)
      // The module may have been replaced or removed while the body came in.
      found = find()
    }
    if (!found) {
      sendNoRoute(response, routes.methodsAt(url), method, url)
      return
    }
    await sendResult(response, await call(found, request, client.signal, method, url, body))
  } catch (thrown) {
    const error = readable(thrown)
    // Breaking off in the middle of a body is known before the answer is closed.
    const isBrokenOff = request.errored !== null && request.errored === error
    const isGone = isBrokenOff || (client.signal.aborted && saysGone(error, client.signal))
    if (!isGone) fail(serving, error, response, `${method} ${url}`)
  }
}

function sendNoRoute(response: ServerResponse, allowed: readonly string[], method: string, url: string): void {
  if (allowed.length > 0) response.setHeader('allow', allowed.join(', '))
  if (allowed.length === 0) sendJson(response, 404, { error: 'Not Found', method, url })
  else if (method === 'OPTIONS') response.writeHead(204).end()
  else sendJson(response, 405, { error: 'Method Not Allowed', method, url })
}

/** What a thrown value tells by its fields, when they can be read. */
const fieldsOf = (thrown: unknown): { name?: unknown; code?: unknown; status?: unknown; message?: unknown } =>
  tryToRead(() => {
    const { name, code, status, message } = Object(thrown) as Record<string, unknown>
    return { name, code, status, message }
  }) ?? {}

/** A client that goes away is nobody's mistake: what is thrown because of it is not told. */
function saysGone(error: unknown, { reason }: AbortSignal): boolean {
  if (error === reason && reason !== undefined) return true
  const { name, code } = fieldsOf(error)
  return name === 'AbortError' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}

/** @throws RequestError 503 when a module offers what is asked for and cannot be loaded; the kernel log says why */
async function provide({ kernel, onProblem }: Serving, alias: string): Promise<boolean> {
  try {
    return await kernel.request(alias)
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error
    const told = `request for ${alias}: ${error.message}`
    kernel.log.error(told)
    onProblem(told)
    throw new RequestError(503, 'Service Unavailable')
  }
}

/** In the very tick in which the route was found: a handler that is called is that of a module in service. */
function call(
  found: Found,
  request: IncomingMessage,
  signal: AbortSignal,
  method: string,
  url: string,
  body: unknown,
): unknown {
  return found.route.handler({
    method,
    url,
    params: found.params,
    query: parseQuery(url),
    headers: request.headers,
    body,
    signal,
  })
}

/** What was thrown, and where. */
function firstLines(stack: string): string {
  const [first = '', ...frames] = stack.split('\n')
  const frame = frames.find(line => /^\s+at /.test(line))
  return frame === undefined ? first : `${first} ${frame.trim()}`
}

/** The status that a handler chose for what it threw, and what is said with it. */
function chosen(thrown: unknown): { status: number; text: string } | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined
  const { status, message } = fieldsOf(thrown)
  if (!Number.isInteger(status) || Number(status) < 400 || Number(status) > 599) return undefined
  const text = typeof message === 'string' && message !== '' ? message : http().STATUS_CODES[Number(status)]
  return { status: Number(status), text: text ?? `status ${Number(status)}` }
}

function fail({ kernel, onProblem }: Serving, error: unknown, response: ServerResponse, what: string): void {
  const { status, text } = chosen(error) ?? { status: 500, text: '' }
  if (!(error instanceof RequestError)) {
    const stack = stackOf(error)
    kernel.log.error(`${what}: ${stack}`)
    if (status === 500) onProblem(`${what}: ${firstLines(stack)}`)
  }
  if (response.headersSent) {
    response.destroy()
    return
  }
  // Those of an answer that could not be sent.
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.statusMessage = ''
  // What went wrong inside is the log's business, not the client's, unless the handler chose a status for it.
  sendJson(response, status, { error: status === 500 ? 'Internal Server Error' : text })
}
