import type { AddressInfo, Server } from 'node:net'
import { captureCallSite } from './call_site.ts'
import type { Leftovers, Resource } from './leftovers.ts'

type ServerClass = new (...args: never[]) => Server
type ServerModule = Record<string, unknown> & { Server: ServerClass; createServer: (...args: never[]) => Server }

const addressOf = (server: Server): string => {
  const address = server.address() as AddressInfo | string | null
  if (address === null) return 'not listening'
  return typeof address === 'string'
    ? address
    : `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

/** The image's own view of `node:net`, `node:http` or `node:https`: the servers that it makes are remembered until they close. */
export function viewServers(real: ServerModule, protocol: string, leftovers: Leftovers): ServerModule {
  const remember = (server: Server, below: Function): Server => {
    const site = captureCallSite(below)
    const sockets = new Set<{ destroy(): void }>()
    const resource: Resource = {
      kind: 'server',
      what: () => `${protocol} server, ${addressOf(server)}`,
      close: () => {
        server.close()
        // An open connection keeps its server and so the module's handlers; whoever is in it has had its grace.
        const { closeAllConnections } = server as { closeAllConnections?: () => void }
        closeAllConnections?.call(server)
        for (const socket of sockets) socket.destroy()
      },
    }
    server.on('connection', socket => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    // A server that never listened is only an object; it is the listening one that stays behind.
    server.on('listening', () => leftovers.add(resource, site))
    server.on('close', () => leftovers.remove(resource))
    return server
  }
  const createServer = (...args: never[]): Server => remember(real.createServer(...args), createServer)
  const Server: ServerClass = new Proxy(real.Server, {
    construct: (target, args, newTarget) =>
      remember(Reflect.construct(target, args, newTarget as Function) as Server, Server),
    apply: (target, self, args) =>
      remember(Reflect.apply(target as unknown as Function, self, args) as Server, Server as Function),
  })
  const view = Object.defineProperties({}, Object.getOwnPropertyDescriptors(real))
  Object.defineProperty(view, 'createServer', {
    value: createServer,
    enumerable: true,
    writable: true,
    configurable: true,
  })
  Object.defineProperty(view, 'Server', { value: Server, enumerable: true, writable: true, configurable: true })
  return view as ServerModule
}
