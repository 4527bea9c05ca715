import type { Agent, ClientRequest } from 'node:http'
import type { ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { CallSite } from './call_site.ts'
import { type HandleSort, trackHandle } from './handle.ts'
import { ended, hush, noteOwnListeners } from './hush.ts'
import type { Leftovers } from './leftovers.ts'
import { viewClass, viewOpener } from './view_object.ts'

type Members = Readonly<Record<string, Function>>
/** Both are there on every Node, if not in its documentation. */
type Request = ClientRequest & {
  readonly upgradeOrConnect?: boolean
  readonly res?: import('node:http').IncomingMessage
}

const ENDINGS = ['close', 'error', 'abort', 'response', 'upgrade', 'connect', 'timeout']

/** After an upgrade the request is over, and its socket is the module's. */
const isUpgraded = ({ upgradeOrConnect, socket }: Request): boolean =>
  upgradeOrConnect === true && socket !== null && !socket.destroyed

const requestSort: HandleSort<Request> = {
  kind: 'request',
  what: request => `${request.method} ${request.protocol}//${request.host}${request.path}`,
  isOpen: request => !request.destroyed || isUpgraded(request),
  isOver: request => request.destroyed && !isUpgraded(request),
  close: request => {
    hush(request, ENDINGS)
    if (request.res) hush(request.res, ['close', 'error', 'aborted', 'end'])
    // What Node itself hears of a request's end is not the same on every line, but the end of its socket is.
    const { socket } = request
    const closed = socket && !socket.destroyed ? ended(socket, 'close') : undefined
    if (!request.destroyed) request.destroy()
    socket?.destroy()
    return closed
  },
}

const agentSort = (protocol: string): HandleSort<Agent> => ({
  kind: 'agent',
  what: agent => `${protocol} agent, ${count(agent.sockets)} busy and ${count(agent.freeSockets)} idle sockets`,
  isOpen: agent => count(agent.sockets) + count(agent.freeSockets) > 0,
  close: agent => agent.destroy(),
})

const count = (sockets: NodeJS.ReadOnlyDict<readonly Socket[]>): number =>
  Object.values(sockets).reduce((sum, list = []) => sum + list.filter(({ destroyed }) => !destroyed).length, 0)

/** The members of `node:http` or `node:https` that make requests and keep connections. */
export function viewRequests(real: Members, protocol: string, leftovers: Leftovers): object {
  const made = (request: Request, site: CallSite): void => {
    noteOwnListeners(request, ENDINGS.slice(0, 2))
    trackHandle(leftovers, request, requestSort, site)
  }
  const sort = agentSort(protocol)
  return {
    ...(real.ClientRequest && { ClientRequest: viewClass(real.ClientRequest, made) }),
    request: viewOpener(real.request!, made),
    get: viewOpener(real.get!, made),
    Agent: viewClass(real.Agent!, (agent: Agent, site) => trackHandle(leftovers, agent, sort, site)),
  }
}

const sessionSort: HandleSort<ClientHttp2Session> = {
  kind: 'session',
  what: session => `http2 session${session.originSet?.[0] === undefined ? '' : ` with ${session.originSet[0]}`}`,
  isOpen: session => !session.destroyed,
  isOver: session => session.destroyed,
  isClosing: session => session.closed,
  close: session => {
    hush(session, ['close', 'error'])
    const closed = ended(session, 'close')
    session.destroy()
    return closed
  },
}

/** `connect` of `node:http2`. */
export const viewSessions = (real: Members, leftovers: Leftovers): object => ({
  connect: viewOpener(real.connect!, (session: ClientHttp2Session, site) => {
    noteOwnListeners(session, ['close', 'error'])
    trackHandle(leftovers, session, sessionSort, site)
  }),
})
