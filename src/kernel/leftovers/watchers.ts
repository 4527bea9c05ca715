import type { FSWatcher, StatsListener } from 'node:fs'
import fs from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CallSite } from './call_site.ts'
import { ended, hush } from './hush.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { stoppable } from './stoppable.ts'
import { viewFunction, viewOpener } from './view_object.ts'

/** `watch`, `watchFile` and `unwatchFile` of `node:fs`. */
export function viewWatchers(leftovers: Leftovers): object {
  const made = (watcher: FSWatcher, site: CallSite, args: readonly unknown[]): void => {
    const resource: Resource = {
      kind: 'watcher',
      site,
      what: () => `watcher of ${String(args[0])}`,
      close: () => {
        hush(watcher, ['close', 'change', 'error'])
        const closed = ended(watcher, 'close')
        watcher.close()
        return closed
      },
    }
    watcher.once('close', () => leftovers.remove(resource))
    leftovers.add(resource)
  }
  return { watch: viewOpener(fs.watch, made), ...statWatchers(leftovers) }
}

interface StatWatcher {
  readonly file: string
  readonly listener: StatsListener
  readonly resource: Resource
}

function statWatchers(leftovers: Leftovers): object {
  let watchers: StatWatcher[] = []

  const drop = (gone: StatWatcher): void => {
    watchers = watchers.filter(watcher => watcher !== gone)
    leftovers.remove(gone.resource)
  }
  const stop = (watcher: StatWatcher): void => {
    drop(watcher)
    fs.unwatchFile(watcher.file, watcher.listener)
  }
  const remember = (file: string, listener: StatsListener, site: CallSite): void => {
    const what = () => `watcher of ${file}`
    const watcher: StatWatcher = {
      file,
      listener,
      resource: { kind: 'watcher', site, what, close: () => stop(watcher) },
    }
    watchers.push(watcher)
    leftovers.add(watcher.resource)
  }

  return {
    watchFile: viewOpener(fs.watchFile, (_, site, args) =>
      remember(fileNamed(args[0]), args.at(-1) as StatsListener, site),
    ),
    unwatchFile: viewFunction(fs.unwatchFile, ([name, listener]) => {
      const file = fileNamed(name)
      if (typeof listener === 'function') {
        const known = watchers.findLast(watcher => watcher.file === file && watcher.listener === listener)
        if (known) drop(known)
        fs.unwatchFile(name as string, listener as StatsListener)
        // Without a listener it means all: of the module's own, since the host may watch the same file.
      } else for (const watcher of watchers.filter(known => known.file === file)) stop(watcher)
    }),
  }
}

const fileNamed = (name: unknown): string => resolve(name instanceof URL ? fileURLToPath(name) : String(name))

/** `watch` of `node:fs/promises`. */
export function viewWatchPromises(leftovers: Leftovers): object {
  const { watch } = fs.promises
  return {
    watch: viewFunction(watch, ([name, options], site) => {
      // Whatever Node would refuse is left to Node.
      if (options !== undefined && (typeof options !== 'object' || options === null))
        return watch(name as string, options as never)
      const { signal } = (options ?? {}) as { signal?: AbortSignal }
      if (signal !== undefined && !(signal instanceof AbortSignal)) return watch(name as string, options as never)
      const label = { kind: 'watcher', what: `watcher of ${String(name)}`, site: site() } as const
      return stoppable(leftovers, label, signal, own => watch(name as string, { ...options, signal: own }))
    }),
  }
}
