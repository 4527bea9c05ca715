import type { Channel } from 'node:diagnostics_channel'
import diagnostics from 'node:diagnostics_channel'
import { type CallSite, captureCallSite, FEW_FRAMES } from './call_site.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { defineMethods, viewFunction } from './view_object.ts'

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
  /** A channel, or the name of a group of channels. */
  readonly of: unknown
  readonly subscriber: unknown
  readonly resource: Resource
}

/** What the module has subscribed to and has not taken back. */
class Subscriptions {
  readonly #leftovers: Leftovers
  #known: Subscription[] = []

  constructor(leftovers: Leftovers) {
    this.#leftovers = leftovers
  }

  add(of: unknown, subscriber: unknown, label: { site: CallSite; what: string }, close: () => void): void {
    const resource: Resource = { kind: 'subscription', site: label.site, what: () => label.what, close }
    this.#known.push({ of, subscriber, resource })
    this.#leftovers.add(resource)
  }

  /** Of what was subscribed twice the last goes. */
  forget(of: unknown, subscriber: unknown): void {
    const index = this.#known.findLastIndex(entry => entry.of === of && entry.subscriber === subscriber)
    if (index === -1) return
    this.#leftovers.remove(this.#known[index]!.resource)
    this.#known.splice(index, 1)
  }
}

/** The channels of the process as one module sees them: each through a view of its own. */
class OwnChannels {
  readonly #subscriptions: Subscriptions
  readonly #views = new WeakMap<Channel, Channel>()

  constructor(leftovers: Leftovers) {
    this.#subscriptions = new Subscriptions(leftovers)
  }

  add(channel: Channel, pair: Pair, subscriber: unknown, rest: readonly unknown[], site: CallSite): unknown {
    const result = (channel[pair.add] as AnyMethod)(subscriber, ...rest)
    const what = `diagnostics channel '${String(channel.name)}'`
    this.#subscriptions.add(channel, subscriber, { site, what }, () => this.remove(channel, pair, subscriber))
    return result
  }

  remove(channel: Channel, pair: Pair, subscriber: unknown): unknown {
    this.#subscriptions.forget(channel, subscriber)
    return (channel[pair.remove] as AnyMethod)(subscriber)
  }

  /** Inherits from the channel, which changes its class when it gets its first subscriber. */
  viewOf(channel: Channel): Channel {
    const known = this.#views.get(channel)
    if (known) return known
    const view = Object.create(channel) as Channel
    for (const pair of [SUBSCRIBERS, STORES]) {
      const adding = (subscriber: unknown, ...rest: unknown[]): unknown =>
        this.add(channel, pair, subscriber, rest, captureCallSite(adding, FEW_FRAMES))
      const removing = (subscriber: unknown): unknown => this.remove(channel, pair, subscriber)
      defineMethods(view, { [pair.add]: adding, [pair.remove]: removing })
    }
    this.#views.set(channel, view)
    return view
  }
}

/** The members of `node:diagnostics_channel` that subscribe. */
export function viewDiagnosticsChannels(leftovers: Leftovers): object {
  const own = new OwnChannels(leftovers)
  return {
    // The class looks at the very prototype of what it is asked about.
    Channel: new Proxy(diagnostics.Channel, {
      get: (target, key) => (key === Symbol.hasInstance ? isChannel : (Reflect.get(target, key) as unknown)),
    }),
    channel: (name: Name) => own.viewOf(diagnostics.channel(name)),
    subscribe: viewFunction(diagnostics.subscribe, ([name, subscriber], site) =>
      own.add(diagnostics.channel(name as Name), SUBSCRIBERS, subscriber, [], site()),
    ),
    unsubscribe: viewFunction(diagnostics.unsubscribe, ([name, subscriber]) =>
      own.remove(diagnostics.channel(name as Name), SUBSCRIBERS, subscriber),
    ),
    ...viewGroups(leftovers),
  }
}

const isChannel = (value: unknown): boolean =>
  value instanceof diagnostics.Channel ||
  (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) instanceof diagnostics.Channel)

interface Group {
  subscribe(handlers: unknown): unknown
  unsubscribe(handlers: unknown): unknown
}

/** `tracingChannel`, and `boundedChannel` where Node has it: objects of the module's own, whose handlers sit on channels of the process. */
function viewGroups(leftovers: Leftovers): object {
  // Of all groups: what was subscribed by one may be unsubscribed by another of the same name.
  const subscriptions = new Subscriptions(leftovers)
  const groups: Record<string, Function> = {}
  for (const name of ['tracingChannel', 'boundedChannel']) {
    const real = (diagnostics as unknown as Record<string, Function | undefined>)[name]
    if (!real) continue
    groups[name] = viewFunction(real, args => {
      const group = Reflect.apply(real, diagnostics, args) as Group
      viewGroup(group, String(args[0]), subscriptions)
      return group
    })
  }
  return groups
}

function viewGroup(group: Group, name: string, subscriptions: Subscriptions): void {
  const prototype = Object.getPrototypeOf(group) as Group
  const unsubscribe = (handlers: unknown): unknown => {
    subscriptions.forget(name, handlers)
    return prototype.unsubscribe.call(group, handlers)
  }
  const subscribe = (handlers: unknown): unknown => {
    const result = prototype.subscribe.call(group, handlers)
    const label = { site: captureCallSite(subscribe), what: `diagnostics channels '${name}'` }
    subscriptions.add(name, handlers, label, () => unsubscribe(handlers))
    return result
  }
  defineMethods(group, { subscribe, unsubscribe })
}
