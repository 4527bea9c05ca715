import type { ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { ModuleError } from '../kernel/errno.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { type Fields, flag, number, object, refuseUnknown, text } from './fields.ts'
import { BadRequest, type HostInfo } from './protocol.ts'

interface Call {
  readonly kernel: Kernel
  readonly info: HostInfo
  readonly query: URLSearchParams
  readonly body: Fields
  readonly response: ServerResponse
}

type Route = (call: Call) => unknown

const name = (query: URLSearchParams): string => {
  const value = query.get('name')
  if (!value) throw new BadRequest(400, "'name' is missing")
  return value
}

const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/': { GET: ({ info }) => info },
  '/lsmod': { GET: ({ kernel }) => kernel.lsmod() },
  '/memory': {
    GET: ({ kernel }) => ({
      ...kernel.memory(),
      images: kernel.lsmod().map(({ name, generation, size }) => ({ image: `${name}#${generation}`, size })),
    }),
  },
  '/taints': { GET: ({ kernel }) => kernel.taints },
  '/reclaim': {
    POST: ({ kernel, body }) => kernel.reclaim(body.image === undefined ? undefined : text(body, 'image')),
  },
  '/why': { POST: call => why(call) },
  '/lingering': { GET: ({ kernel }) => kernel.lingering() },
  '/modinfo': {
    GET: async ({ kernel, query }) => {
      const wanted = name(query)
      // Aliases have slashes too: what one stands for is in the module folders.
      if (wanted.includes('/') && (await kernel.resolveAlias(wanted)).length === 0)
        refuseOutside(kernel, resolve(wanted), 'read')
      return kernel.modinfo(wanted)
    },
  },
  '/insmod': {
    POST: ({ kernel, body }) => {
      const file = resolve(text(body, 'file'))
      refuseOutside(kernel, file)
      return kernel.insmod(file, object(body, 'params'), { force: flag(body, 'force') })
    },
  },
  '/modprobe': {
    POST: ({ kernel, body }) =>
      kernel.modprobe(text(body, 'name'), object(body, 'params'), {
        firstTime: flag(body, 'firstTime'),
        useBlacklist: flag(body, 'useBlacklist'),
      }),
  },
  '/modprobe-remove': {
    GET: ({ kernel, query }) => kernel.showRemoval(name(query)),
    POST: async ({ kernel, body }) => {
      const reports = await kernel.modprobeRemove(text(body, 'name'), { firstTime: flag(body, 'firstTime') })
      return reports.map(({ exitError, ...report }) => ({
        ...report,
        ...(exitError && { exitError: { message: exitError.message } }),
      }))
    },
  },
  '/resolve': { GET: ({ kernel, query }) => kernel.resolveAlias(name(query)) },
  '/show-depends': {
    POST: ({ kernel, body }) =>
      kernel.showDepends(text(body, 'name'), object(body, 'params'), { useBlacklist: flag(body, 'useBlacklist') }),
  },
  '/coldplug': { POST: coldplug },
  '/depmod': { POST: ({ kernel, body }) => kernel.depmod(undefined, { text: flag(body, 'text') }) },
  '/rmmod': {
    POST: async ({ kernel, body, response }) => {
      // Whoever hangs up no longer waits.
      const hangUp = new AbortController()
      response.once('close', () => hangUp.abort(new BadRequest(400, 'the waiting was called off')))
      const options = { ...object(body, 'options'), signal: hangUp.signal }
      const { exitError, ...report } = await kernel.rmmod(text(body, 'name'), options)
      return { ...report, ...(exitError && { exitError: { message: exitError.message } }) }
    },
  },
  '/replace': {
    POST: async ({ kernel, body }) => {
      const { unloaded, ...report } = await kernel.replace(text(body, 'name'), { params: object(body, 'params') })
      const { exitError, ...rest } = unloaded
      return { ...report, unloaded: { ...rest, ...(exitError && { exitError: { message: exitError.message } }) } }
    },
  },
  '/dmesg': { GET: call => (call.query.has('follow') ? follow(call) : call.kernel.log.entries()) },
}

/** What the body of a POST may hold. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  '/reclaim': ['image'],
  '/why': ['image'],
  '/insmod': ['file', 'params', 'force'],
  '/modprobe': ['name', 'params', 'firstTime', 'useBlacklist'],
  '/modprobe-remove': ['name', 'firstTime'],
  '/show-depends': ['name', 'params', 'useBlacklist'],
  '/coldplug': ['parallel', 'timeout', 'dryRun'],
  '/depmod': ['text'],
  '/rmmod': ['name', 'options'],
  '/replace': ['name', 'params'],
}

/** @throws BadRequest 404 or 405 */
export function findRoute(method: string, path: string): Route {
  const methods = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined
  if (!methods) throw new BadRequest(404, `no such path: ${path}`)
  const route = methods[method]
  if (!route) {
    const allowed = Object.keys(methods).join(', ')
    throw new BadRequest(405, `${path} takes ${allowed}`, { allow: allowed })
  }
  return call => {
    refuseUnknown(path, call.body, FIELDS[path] ?? [])
    return route(call)
  }
}

/** Whoever reaches the socket may run what the host's owner put into its module folders, and nothing else. */
function refuseOutside(kernel: Kernel, file: string, doing?: 'read'): void {
  if (!kernel.ownsPath(file)) throw new ModuleError('EPERM', { file, ...(doing && { doing }) })
}

/** A line for each module that is done with, then one with the report, or with what stopped it. */
async function coldplug({ kernel, body, response }: Call): Promise<void> {
  const [parallel, timeout] = [number(body, 'parallel'), number(body, 'timeout')]
  const write = (line: unknown): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(`${JSON.stringify(line)}\n`)
  }
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
  const write = (line: unknown): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(`${JSON.stringify(line)}\n`)
  }
  const report = await kernel.why(text(body, 'image'), {
    onEstimate: estimate => write({ estimate }),
    onProgress: progress => write({ progress }),
  })
  write({ report })
  response.end()
}

/** Entries as they come, a line of JSON each, until the client has enough. */
function follow({ kernel, response }: Call): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  const write = (entry: unknown) => void response.write(`${JSON.stringify(entry)}\n`)
  for (const entry of kernel.log.entries()) write(entry)
  const stop = kernel.log.follow(write)
  return new Promise(resolve => {
    response.once('close', () => {
      stop()
      resolve()
    })
  })
}
