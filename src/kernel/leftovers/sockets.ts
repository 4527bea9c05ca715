import type { Socket as DatagramSocket } from 'node:dgram'
import type { AddressInfo, Socket } from 'node:net'
import type { CallSite } from './call_site.ts'
import { type HandleSort, trackHandle } from './handle.ts'
import { ended, hush, noteOwnListeners } from './hush.ts'
import { type Leftovers, NOT_OPEN, type Resource } from './leftovers.ts'
import { viewClass, viewOpener } from './view_object.ts'

type Members = Readonly<Record<string, Function>>

const ENDINGS = ['close', 'error']

const peerOf = ({ remoteAddress, remotePort, connecting }: Socket): string => {
  if (remoteAddress === undefined) return connecting ? 'connecting' : 'without address'
  return `to ${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`
}

/** A socket may be connected again after it closed, so it is over only when it is collected. */
const socketSort = (protocol: string): HandleSort<Socket> => ({
  kind: 'socket',
  what: socket => `${protocol} socket, ${peerOf(socket)}`,
  isOpen: socket => !socket.destroyed && (socket.connecting || !socket.pending),
  isClosing: socket => socket.writableEnded,
  close: socket => {
    hush(socket, ENDINGS)
    const closed = ended(socket, 'close')
    socket.destroy()
    return closed
  },
})

/** The members of `node:net` or `node:tls` that make sockets of a client. */
export function viewSockets(real: Members, protocol: string, leftovers: Leftovers): object {
  const sort = socketSort(protocol)
  const made = (socket: Socket, site: CallSite): void => {
    noteOwnListeners(socket, ENDINGS)
    trackHandle(leftovers, socket, sort, site)
  }
  const { Socket, TLSSocket, connect, createConnection } = real
  const view = Socket && viewClass(Socket, made)
  return {
    ...(view && { Socket: view, Stream: view }),
    ...(TLSSocket && { TLSSocket: viewClass(TLSSocket, made) }),
    ...(connect && { connect: viewOpener(connect, made) }),
    ...(createConnection && { createConnection: viewOpener(createConnection, made) }),
  }
}

/** The members of `node:dgram`. A datagram socket does not tell whether it is closed, but it says when. */
export function viewDatagramSockets(real: Members, leftovers: Leftovers): object {
  const made = (socket: DatagramSocket, site: CallSite): void => {
    const resource: Resource = {
      kind: 'socket',
      site,
      what: () => `datagram socket, ${localAddress(socket)}`,
      close: () => {
        hush(socket, ENDINGS)
        try {
          socket.close()
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ERR_SOCKET_DGRAM_NOT_RUNNING') return NOT_OPEN
          throw error
        }
        return undefined
      },
    }
    socket.once('close', () => leftovers.remove(resource))
    leftovers.add(resource)
  }
  return { Socket: viewClass(real.Socket!, made), createSocket: viewOpener(real.createSocket!, made) }
}

function localAddress(socket: DatagramSocket): string {
  try {
    const { address, port } = socket.address() as AddressInfo
    return `${address}:${port}`
  } catch {
    return 'not bound'
  }
}
