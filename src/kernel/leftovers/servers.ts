import type { AddressInfo, Server, Socket } from 'node:net'
import type { CallSite } from './call_site.ts'
import { type HandleSort, trackHandle } from './handle.ts'
import { ended, hush } from './hush.ts'
import type { Leftovers } from './leftovers.ts'
import { viewClass, viewOpener } from './view_object.ts'

type ServerModule = Readonly<Record<string, Function>>

/** Open connections by server. A connection keeps its server, and with it the module's handlers. */
const connections = new WeakMap<Server, Set<Socket>>()

const openConnections = (server: Server): number => connections.get(server)?.size ?? 0

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

function addressOf(server: Server): string {
  const address = server.address() as AddressInfo | string | null
  if (address === null) return `closed, ${plural(openConnections(server), 'connection')} still open`
  if (typeof address === 'string') return address
  return `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

const serverSort = (protocol: string): HandleSort<Server> => ({
  kind: 'server',
  what: server => `${protocol} server, ${addressOf(server)}`,
  // A server that never listened is only an object.
  isOpen: server => server.listening || openConnections(server) > 0,
  isClosing: server => !server.listening,
  close: server => {
    hush(server, ['close'])
    const closed = ended(server, 'close')
    const wasListening = server.listening
    if (wasListening) server.close()
    // Whoever is in a connection has had its grace.
    for (const socket of connections.get(server) ?? []) socket.destroy()
    return wasListening ? closed : undefined
  },
})

/** The members of `node:net`, `http`, `https`, `http2` or `tls` that make servers. */
export function viewServers(real: ServerModule, protocol: string, leftovers: Leftovers): object {
  const sort = serverSort(protocol)
  const made = (server: Server, site: CallSite): void => {
    if (connections.has(server)) return
    const open = new Set<Socket>()
    connections.set(server, open)
    server.on('connection', socket => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    })
    trackHandle(leftovers, server, sort, site)
  }
  return {
    ...(real.Server && { Server: viewClass(real.Server, made) }),
    ...(real.createServer && { createServer: viewOpener(real.createServer, made) }),
    ...(real.createSecureServer && { createSecureServer: viewOpener(real.createSecureServer, made) }),
  }
}
