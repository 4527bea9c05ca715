import type { ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { ModuleError } from '../kernel/errno.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { BadRequest, type HostInfo } from './protocol.ts'

interface Call {
  readonly kernel: Kernel
  readonly info: HostInfo
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  readonly response: ServerResponse
}

type Route = (call: Call) => unknown

const text = (body: Call['body'], field: string): string => {
  const value = body[field]
  if (typeof value !== 'string' || value === '') throw new BadRequest(400, `'${field}' must be a text`)
  return value
}

const object = (body: Call['body'], field: string): Record<string, unknown> => {
  const value = body[field] ?? {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadRequest(400, `'${field}' must be an object`)
  return value as Record<string, unknown>
}

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
    GET: ({ kernel, query }) => {
      const wanted = name(query)
      if (wanted.includes('/')) refuseOutside(kernel, resolve(wanted))
      return kernel.modinfo(wanted)
    },
  },
  '/insmod': {
    POST: ({ kernel, body }) => {
      const file = resolve(text(body, 'file'))
      refuseOutside(kernel, file)
      return kernel.insmod(file, object(body, 'params'), { force: body.force === true })
    },
  },
  '/modprobe': {
    POST: ({ kernel, body }) =>
      kernel.modprobe(text(body, 'name'), object(body, 'params'), {
        firstTime: body.firstTime === true,
        useBlacklist: body.useBlacklist === true,
      }),
  },
  '/modprobe-remove': {
    GET: ({ kernel, query }) => kernel.showRemoval(name(query)),
    POST: async ({ kernel, body }) => {
      const reports = await kernel.modprobeRemove(text(body, 'name'), { firstTime: body.firstTime === true })
      return reports.map(({ exitError, ...report }) => ({
        ...report,
        ...(exitError && { exitError: { message: exitError.message } }),
      }))
    },
  },
  '/resolve': { GET: ({ kernel, query }) => kernel.resolveAlias(name(query)) },
  '/show-depends': {
    POST: ({ kernel, body }) =>
      kernel.showDepends(text(body, 'name'), object(body, 'params'), { useBlacklist: body.useBlacklist === true }),
  },
  '/coldplug': { POST: coldplug },
  '/depmod': { POST: ({ kernel, body }) => kernel.depmod(undefined, { text: body.text === true }) },
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

/** @throws BadRequest 404 or 405 */
export function findRoute(method: string, path: string): Route {
  const methods = ROUTES[path]
  if (!methods) throw new BadRequest(404, `no such path: ${path}`)
  const route = methods[method]
  if (!route) throw new BadRequest(405, `${path} takes ${Object.keys(methods).join(', ')}`)
  return route
}

/** Whoever reaches the socket may run what the host's owner put into its module folders, and nothing else. */
function refuseOutside(kernel: Kernel, file: string): void {
  if (!kernel.ownsPath(file)) throw new ModuleError('EPERM', { file })
}

/** A line for each module that is done with, then one with the report, or with what stopped it. */
async function coldplug({ kernel, body, response }: Call): Promise<void> {
  const count = (field: string): number | undefined => (body[field] === undefined ? undefined : Number(body[field]))
  const [parallel, timeout] = [count('parallel'), count('timeout')]
  const write = (line: unknown): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(`${JSON.stringify(line)}\n`)
  }
  const report = await kernel.coldplug({
    ...(parallel !== undefined && { parallel }),
    ...(timeout !== undefined && { timeout }),
    dryRun: body.dryRun === true,
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
