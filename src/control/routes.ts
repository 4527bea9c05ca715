import type { ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { ModuleError } from '../kernel/errno.ts'
import type { UnloadReport } from '../kernel/free_module.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { ReplaceReport } from '../kernel/livepatch.ts'
import { type Fields, flag, number, object, refuseUnknown, text, texts } from './fields.ts'
import { BadRequest, type HostInfo } from './protocol.ts'

interface Call {
  readonly kernel: Kernel
  readonly info: HostInfo
  readonly query: URLSearchParams
  readonly body: Fields
  readonly response: ServerResponse
}

type Answer = (call: Call) => unknown

/** One method of a path. */
interface Route {
  /** What the query may hold, or the body of a POST. */
  readonly takes: readonly string[]
  readonly answer: Answer
}

const get = (answer: Answer, takes: readonly string[] = []): Route => ({ takes, answer })

const post = (takes: readonly string[], answer: Answer): Route => ({ takes, answer })

const name = (query: URLSearchParams): string => {
  const value = query.get('name')
  if (!value) throw new BadRequest(400, "'name' is missing")
  return value
}

const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/': { GET: get(({ info }) => info) },
  '/lsmod': { GET: get(({ kernel }) => kernel.lsmod()) },
  '/memory': {
    GET: get(({ kernel }) => ({
      ...kernel.memory(),
      images: kernel.lsmod().map(({ name, generation, size }) => ({ image: `${name}#${generation}`, size })),
    })),
  },
  '/taints': { GET: get(({ kernel }) => kernel.taints) },
  '/reclaim': {
    POST: post(['image'], ({ kernel, body }) =>
      kernel.reclaim(body.image === undefined ? undefined : text(body, 'image')),
    ),
  },
  '/why': { POST: post(['image'], why) },
  '/lingering': { GET: get(({ kernel }) => kernel.lingering()) },
  '/modinfo': {
    GET: get(
      async ({ kernel, query }) => {
        const wanted = name(query)
        // Aliases have slashes too: what one stands for is in the module folders.
        if (wanted.includes('/') && (await kernel.resolveAlias(wanted)).length === 0)
          refuseOutside(kernel, resolve(wanted), 'read')
        return kernel.modinfo(wanted)
      },
      ['name'],
    ),
  },
  '/insmod': {
    POST: post(['file', 'params', 'force'], ({ kernel, body }) => {
      const file = resolve(text(body, 'file'))
      refuseOutside(kernel, file)
      return kernel.insmod(file, object(body, 'params'), { force: flag(body, 'force') })
    }),
  },
  '/modprobe': {
    POST: post(['name', 'params', 'firstTime', 'useBlacklist'], ({ kernel, body }) =>
      kernel.modprobe(text(body, 'name'), object(body, 'params'), {
        firstTime: flag(body, 'firstTime'),
        useBlacklist: flag(body, 'useBlacklist'),
      }),
    ),
  },
  '/modprobe-remove': {
    GET: get(({ kernel, query }) => kernel.showRemoval(name(query)), ['name']),
    POST: post(['name', 'firstTime'], async ({ kernel, body }) => {
      const reports = await kernel.modprobeRemove(text(body, 'name'), { firstTime: flag(body, 'firstTime') })
      return reports.map(plainReport)
    }),
  },
  '/resolve': { GET: get(({ kernel, query }) => kernel.resolveAlias(name(query)), ['name']) },
  '/show-depends': {
    POST: post(['name', 'params', 'useBlacklist'], ({ kernel, body }) =>
      kernel.showDepends(text(body, 'name'), object(body, 'params'), { useBlacklist: flag(body, 'useBlacklist') }),
    ),
  },
  '/coldplug': { POST: post(['parallel', 'timeout', 'dryRun'], coldplug) },
  '/depmod': { POST: post(['text'], ({ kernel, body }) => kernel.depmod(undefined, { text: flag(body, 'text') })) },
  '/rmmod': {
    POST: post(['name', 'options'], async ({ kernel, body, response }) => {
      // Whoever hangs up no longer waits.
      const hangUp = new AbortController()
      response.once('close', () => hangUp.abort(new BadRequest(400, 'the waiting was called off')))
      const options = { ...object(body, 'options'), signal: hangUp.signal }
      return plainReport(await kernel.rmmod(text(body, 'name'), options))
    }),
  },
  '/replace': {
    POST: post(['name', 'params', 'with'], async ({ kernel, body }) => {
      const others = texts(body, 'with')
      const options = { params: object(body, 'params'), ...(others && { with: others }) }
      return plainReplace(await kernel.replace(text(body, 'name'), options))
    }),
  },
  '/dmesg': { GET: get(call => (call.query.has('follow') ? follow(call) : call.kernel.log.entries()), ['follow']) },
}

/** @throws BadRequest 404 or 405 */
export function findRoute(method: string, path: string): Answer {
  const methods = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined
  if (!methods) throw new BadRequest(404, `no such path: ${path}`)
  const route = methods[method]
  if (!route) {
    const allowed = Object.keys(methods).join(', ')
    throw new BadRequest(405, `${path} takes ${allowed}`, { allow: allowed })
  }
  return call => {
    const { body, query } = call
    if (method === 'GET') refuseUnknown(path, Object.fromEntries(query), route.takes)
    else if (query.size > 0) throw new BadRequest(400, `${path} takes what it needs in its body, not in a query`)
    else refuseUnknown(path, body, route.takes)
    return route.answer(call)
  }
}

/** As JSON can carry it, which knows no errors. */
const plainReport = ({ exitError, ...report }: UnloadReport): object => ({
  ...report,
  ...(exitError && { exitError: { message: exitError.message } }),
})

const plainReplace = ({ unloaded, with: others, ...report }: ReplaceReport): object => ({
  ...report,
  unloaded: plainReport(unloaded),
  ...(others && { with: others.map(plainReplace) }),
})

/** Whoever reaches the socket may run what the host's owner put into its module folders, and nothing else. */
function refuseOutside(kernel: Kernel, file: string, doing?: 'read'): void {
  if (!kernel.ownsPath(file)) throw new ModuleError('EPERM', { file, ...(doing && { doing }) })
}

const LINES = { 'content-type': 'application/x-ndjson' }

/** Answers in lines of JSON. What goes wrong before the first is answered as on any other path. */
function linesTo(response: ServerResponse): (line: unknown) => void {
  return line => {
    if (!response.headersSent) response.writeHead(200, LINES)
    response.write(`${JSON.stringify(line)}\n`)
  }
}

/** A line for each module that is done with, then one with the report, or with what stopped it. */
async function coldplug({ kernel, body, response }: Call): Promise<void> {
  const [parallel, timeout] = [number(body, 'parallel'), number(body, 'timeout')]
  const write = linesTo(response)
  const report = await kernel.coldplug({
    ...(parallel !== undefined && { parallel }),
    ...(timeout !== undefined && { timeout }),
    dryRun: flag(body, 'dryRun'),
    progress: progress => write({ progress }),
  })
  write({ report })
  response.end()
}

/** Lines of JSON: how far it has come, what it will cost on a large heap, and at the end the report or what went wrong. */
async function why({ kernel, body, response }: Call): Promise<void> {
  const write = linesTo(response)
  const report = await kernel.why(text(body, 'image'), {
    onEstimate: estimate => write({ estimate }),
    onProgress: progress => write({ progress }),
  })
  write({ report })
  response.end()
}

/** Entries as they come, a line of JSON each, until the client has enough. */
function follow({ kernel, response }: Call): Promise<void> {
  response.writeHead(200, LINES)
  const write = linesTo(response)
  for (const entry of kernel.log.entries()) write(entry)
  const stop = kernel.log.follow(write)
  return new Promise(resolve => {
    response.once('close', () => {
      stop()
      resolve()
    })
  })
}
