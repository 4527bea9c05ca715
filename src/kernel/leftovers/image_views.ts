import { EMITTER, MOVED_EMITTER } from '../../images/module_source.ts'
import { viewDiagnosticsChannels } from './channels.ts'
import { viewChildren } from './children.ts'
import { viewCluster } from './clusters.ts'
import { viewDatabases } from './databases.ts'
import { Descriptors } from './descriptors.ts'
import { viewFilePromises, viewFileStreams, viewFiles } from './files.ts'
import { GlobalViews } from './globals.ts'
import { viewAsyncHooks } from './hooks.ts'
import { viewInspector } from './inspector.ts'
import type { Leftovers } from './leftovers.ts'
import { viewModules } from './modules.ts'
import { viewObservers } from './observers.ts'
import { viewPromiseTimers } from './promise_timers.ts'
import { viewReadline } from './readline.ts'
import { viewRequests, viewSessions } from './requests.ts'
import { viewServers } from './servers.ts'
import { viewSharedEmitters } from './shared_emitters.ts'
import { viewDatagramSockets, viewSockets } from './sockets.ts'
import type { ImageName } from './stand_ins.ts'
import { viewOf } from './view_object.ts'
import type { ViewedBuiltin } from './viewed.ts'
import { viewWatchers, viewWatchPromises } from './watchers.ts'
import { viewWorkers } from './workers.ts'

/** What a view of a builtin is made of. */
interface Maker {
  readonly leftovers: Leftovers
  /** The image's view of another builtin. */
  builtin(name: string): unknown
  /** The image's view of a global. */
  of(name: string): unknown
  /** Its views of the timer functions: the same by their global names and as members of `node:timers`. */
  readonly timers: object
}

type Members = Readonly<Record<string, Function>>
type Make = (real: never, maker: Maker) => unknown

const MAKERS: Readonly<Record<ViewedBuiltin, Make>> = {
  async_hooks: (real: Parameters<typeof viewAsyncHooks>[0], { leftovers }) =>
    viewOf(real, viewAsyncHooks(real, leftovers)),
  child_process: (real: Parameters<typeof viewChildren>[0], { leftovers }) =>
    viewOf(real, viewChildren(real, leftovers)),
  cluster: (real: Parameters<typeof viewCluster>[0], { leftovers }) => viewCluster(real, leftovers),
  dgram: (real: Members, { leftovers }) => viewOf(real, viewDatagramSockets(real, leftovers)),
  diagnostics_channel: (real: object, { leftovers }) => viewOf(real, viewDiagnosticsChannels(leftovers)),
  fs: (real: object, { leftovers, builtin }) => {
    const descriptors = new Descriptors(leftovers)
    const files = viewFiles(leftovers, descriptors)
    return viewOf(real, files, viewFileStreams(leftovers, descriptors), viewWatchers(leftovers), {
      get promises() {
        return builtin('fs/promises')
      },
    })
  },
  'fs/promises': (real: object, { leftovers }) =>
    viewOf(real, viewFilePromises(leftovers), viewWatchPromises(leftovers)),
  http: (real: Members, maker) =>
    viewOf(real, viewServers(real, 'http', maker.leftovers), viewRequests(real, 'http', maker.leftovers), {
      WebSocket: maker.of('WebSocket'),
    }),
  http2: (real: Members, { leftovers }) =>
    viewOf(real, viewServers(real, 'http2', leftovers), viewSessions(real, leftovers)),
  https: (real: Members, { leftovers }) =>
    viewOf(real, viewServers(real, 'https', leftovers), viewRequests(real, 'https', leftovers)),
  inspector: (real: Parameters<typeof viewInspector>[0], { leftovers }) => viewOf(real, viewInspector(real, leftovers)),
  'inspector/promises': (real: Parameters<typeof viewInspector>[0], { leftovers }) =>
    viewOf(real, viewInspector(real, leftovers)),
  module: (real: object, { leftovers, builtin }) => viewClassWith(real, viewModules(leftovers, builtin)),
  net: (real: Members, { leftovers }) =>
    viewOf(real, viewServers(real, 'net', leftovers), viewSockets(real, 'net', leftovers)),
  perf_hooks: (real: Parameters<typeof viewObservers>[0], { leftovers }) =>
    viewOf(real, viewObservers(real, leftovers)),
  process: (_real, maker) => maker.of('process'),
  readline: (real: Members, { leftovers, builtin }) =>
    viewOf(real, viewReadline(real, leftovers), {
      get promises() {
        return builtin('readline/promises')
      },
    }),
  'readline/promises': (real: Members, { leftovers }) => viewOf(real, viewReadline(real, leftovers)),
  sqlite: (real: Members, { leftovers }) => viewOf(real, viewDatabases(real, leftovers)),
  timers: (real: object, { timers, builtin }) =>
    viewOf(real, timers, {
      get promises() {
        return builtin('timers/promises')
      },
    }),
  'timers/promises': (_real, { leftovers }) => viewPromiseTimers(leftovers),
  tls: (real: Members, { leftovers }) =>
    viewOf(real, viewServers(real, 'tls', leftovers), viewSockets(real, 'tls', leftovers)),
  worker_threads: (real: Members, { leftovers }) => viewOf(real, viewWorkers(real, leftovers)),
}

/** `node:module` is a class with members. */
const viewClassWith = (real: object, members: object): object =>
  new Proxy(real, {
    get: (target, key) => Reflect.get(Object.hasOwn(members, key) ? members : target, key) as unknown,
  })

/**
 * Each view is made when the image first asks for it. A function, since who loads this part late can stand in for no class.
 *
 * @param builtin as the image sees it, whether or not there is a view of it here
 */
export function openViews(leftovers: Leftovers, image: ImageName, builtin: (name: string) => unknown): ImageViews {
  return new ImageViews(leftovers, image, builtin)
}

class ImageViews implements Maker {
  readonly leftovers: Leftovers
  readonly builtin: (name: string) => unknown
  readonly #image: ImageName
  readonly #made = new Map<ViewedBuiltin, unknown>()
  #globalViews: GlobalViews | undefined
  #shared: ReturnType<typeof viewSharedEmitters> | undefined

  constructor(leftovers: Leftovers, image: ImageName, builtin: (name: string) => unknown) {
    this.leftovers = leftovers
    this.#image = image
    this.builtin = builtin
  }

  of(name: string): unknown {
    if (name === EMITTER) return this.#sharedEmitter
    if (name === MOVED_EMITTER) return this.#movedEmitter
    return this.#globals.of(name)
  }

  get timers(): object {
    return this.#globals.timers
  }

  get #globals(): GlobalViews {
    this.#globalViews ??= new GlobalViews(this.leftovers, this.builtin, this.#image)
    return this.#globalViews
  }

  get #sharedEmitter(): ReturnType<typeof viewSharedEmitters> {
    this.#shared ??= viewSharedEmitters(this.leftovers)
    return this.#shared
  }

  get #movedEmitter(): (value: unknown) => unknown {
    const shared = this.#sharedEmitter
    return value => shared(value, 1)
  }

  /** @param real the builtin that is to be viewed */
  builtinOf(name: ViewedBuiltin, real: unknown): unknown {
    if (!this.#made.has(name)) this.#made.set(name, MAKERS[name](real as never, this))
    return this.#made.get(name)
  }
}
