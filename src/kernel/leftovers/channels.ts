import type { Channel, ChannelListener } from 'node:diagnostics_channel'
import diagnostics from 'node:diagnostics_channel'
import { type CallSite, captureCallSite, FEW_FRAMES } from './call_site.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { viewFunction } from './view_object.ts'

type Name = string | symbol
type AnyMethod = (...args: unknown[]) => unknown
/** Of the kinds of subscribers that a channel has, the pair of methods that adds and takes away. */
interface Pair {
  readonly add: 'subscribe' | 'bindStore'
  readonly remove: 'unsubscribe' | 'unbindStore'
}

const SUBSCRIBERS: Pair = { add: 'subscribe', remove: 'unsubscribe' }
const STORES: Pair = { add: 'bindStore', remove: 'unbindStore' }

interface Subscription {
  readonly channel: Channel
  readonly subscriber: unknown
  readonly resource: Resource
}

/** The members of `node:diagnostics_channel` that subscribe. A channel belongs to the process; the module sees it through a view of its own. */
export function viewDiagnosticsChannels(leftovers: Leftovers): object {
  let subscriptions: Subscription[] = []
  const views = new WeakMap<Channel, Channel>()

  const add = (
    channel: Channel,
    pair: Pair,
    subscriber: unknown,
    rest: readonly unknown[],
    site: CallSite,
  ): unknown => {
    const result = (channel[pair.add] as AnyMethod)(subscriber, ...rest)
    const subscription: Subscription = {
      channel,
      subscriber,
      resource: {
        kind: 'subscription',
        site,
        what: () => `diagnostics channel '${String(channel.name)}'`,
        close: () => remove(channel, pair, subscriber),
      },
    }
    subscriptions.push(subscription)
    leftovers.add(subscription.resource)
    return result
  }
  const remove = (channel: Channel, pair: Pair, subscriber: unknown): unknown => {
    const known = subscriptions.findLast(entry => entry.channel === channel && entry.subscriber === subscriber)
    if (known) {
      subscriptions = subscriptions.filter(entry => entry !== known)
      leftovers.remove(known.resource)
    }
    return (channel[pair.remove] as AnyMethod)(subscriber)
  }

  /** Inherits from the channel, which changes its class when it gets its first subscriber. */
  const viewChannel = (channel: Channel): Channel => {
    const known = views.get(channel)
    if (known) return known
    const view = Object.create(channel) as Channel
    for (const pair of [SUBSCRIBERS, STORES]) {
      const adding = (subscriber: unknown, ...rest: unknown[]): unknown =>
        add(channel, pair, subscriber, rest, captureCallSite(adding, FEW_FRAMES))
      const removing = (subscriber: unknown): unknown => remove(channel, pair, subscriber)
      Object.defineProperty(view, pair.add, { value: adding, writable: true, configurable: true })
      Object.defineProperty(view, pair.remove, { value: removing, writable: true, configurable: true })
    }
    views.set(channel, view)
    return view
  }

  const isChannel = (value: unknown): boolean =>
    value instanceof diagnostics.Channel ||
    (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) instanceof diagnostics.Channel)
  return {
    // The class looks at the very prototype of what it is asked about.
    Channel: new Proxy(diagnostics.Channel, {
      get: (target, key) => (key === Symbol.hasInstance ? isChannel : (Reflect.get(target, key) as unknown)),
    }),
    channel: (name: Name) => viewChannel(diagnostics.channel(name)),
    subscribe: viewFunction(diagnostics.subscribe, ([name, subscriber], site) =>
      add(diagnostics.channel(name as Name), SUBSCRIBERS, subscriber, [], site()),
    ),
    unsubscribe: viewFunction(diagnostics.unsubscribe, ([name, subscriber]) =>
      remove(diagnostics.channel(name as Name), SUBSCRIBERS, subscriber as ChannelListener),
    ),
    ...viewGroups(leftovers),
  }
}

interface Group {
  subscribe(handlers: unknown): unknown
  unsubscribe(handlers: unknown): unknown
}

interface GroupSubscription {
  readonly name: string
  readonly handlers: unknown
  readonly resource: Resource
}

/** `tracingChannel`, and `boundedChannel` where Node has it: objects of the module's own, whose handlers sit on channels of the process. */
function viewGroups(leftovers: Leftovers): object {
  // Of all groups: what was subscribed by one may be unsubscribed by another of the same name.
  let subscriptions: GroupSubscription[] = []

  const viewGroup = (group: Group, name: string): Group => {
    const prototype = Object.getPrototypeOf(group) as Group
    const unsubscribe = (handlers: unknown): unknown => {
      const known = subscriptions.findLast(entry => entry.name === name && entry.handlers === handlers)
      if (known) {
        subscriptions = subscriptions.filter(entry => entry !== known)
        leftovers.remove(known.resource)
      }
      return prototype.unsubscribe.call(group, handlers)
    }
    const subscribe = (handlers: unknown): unknown => {
      const result = prototype.subscribe.call(group, handlers)
      const resource: Resource = {
        kind: 'subscription',
        site: captureCallSite(subscribe),
        what: () => `diagnostics channels '${name}'`,
        close: () => unsubscribe(handlers),
      }
      subscriptions.push({ name, handlers, resource })
      leftovers.add(resource)
      return result
    }
    for (const [key, value] of Object.entries({ subscribe, unsubscribe }))
      Object.defineProperty(group, key, { value, writable: true, configurable: true })
    return group
  }

  const groups: Record<string, Function> = {}
  for (const name of ['tracingChannel', 'boundedChannel']) {
    const real = (diagnostics as unknown as Record<string, Function | undefined>)[name]
    if (real)
      groups[name] = viewFunction(real, args =>
        viewGroup(Reflect.apply(real, diagnostics, args) as Group, String(args[0])),
      )
  }
  return groups
}
