import type { BroadcastChannel, MessageChannel, MessagePort, Worker } from 'node:worker_threads'
import { util } from '../../images/node_parts.ts'
import type { CallSite } from './call_site.ts'
import { type HandleSort, trackHandle } from './handle.ts'
import { hush } from './hush.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { viewClass } from './view_object.ts'

type Members = Readonly<Record<string, Function>>

const GONE = -1

const workerSort: HandleSort<Worker> = {
  kind: 'worker',
  what: worker => `worker ${worker.threadId}`,
  isOpen: worker => worker.threadId !== GONE,
  isOver: worker => worker.threadId === GONE,
  // A worker does not tell whether it was told to terminate.
  isClosing: () => true,
  close: worker => {
    hush(worker, ['exit', 'error', 'message', 'messageerror', 'online'])
    return worker.terminate()
  },
}

/** A channel shows whether it is open only to whoever looks at it. */
const channelSort: HandleSort<BroadcastChannel> = {
  kind: 'channel',
  what: channel => `broadcast channel '${channel.name}'`,
  isOpen: channel => util().inspect(channel).includes('active: true'),
  isOver: channel => !util().inspect(channel).includes('active: true'),
  close: channel => channel.close(),
}

/** One leftover for the two ports of a channel: closing one closes the other, but for one that was sent away. */
function trackPorts(leftovers: Leftovers, channel: MessageChannel, site: CallSite): void {
  const open = new Set<MessagePort>([channel.port1, channel.port2])
  const resource: Resource = {
    kind: 'port',
    site,
    what: () => `message channel with ${open.size === 1 ? 'one open port' : 'open ports'}`,
    close: () => {
      for (const port of open) port.close()
    },
  }
  for (const port of open)
    port.once('close', () => {
      open.delete(port)
      if (open.size === 0) leftovers.remove(resource)
    })
  leftovers.add(resource)
}

/** The members of `node:worker_threads` that start threads and open channels. */
export const viewWorkers = (real: Members, leftovers: Leftovers): object => ({
  Worker: viewClass(real.Worker!, (worker: Worker, site) => trackHandle(leftovers, worker, workerSort, site)),
  MessageChannel: viewClass(real.MessageChannel!, (channel: MessageChannel, site) =>
    trackPorts(leftovers, channel, site),
  ),
  BroadcastChannel: viewClass(real.BroadcastChannel!, (channel: BroadcastChannel, site) =>
    trackHandle(leftovers, channel, channelSort, site),
  ),
})
