import type { Interface } from 'node:readline'
import type { CallSite } from './call_site.ts'
import { type HandleSort, trackHandle } from './handle.ts'
import { hush, noteOwnListeners } from './hush.ts'
import type { Leftovers } from './leftovers.ts'
import { viewClass, viewOpener } from './view_object.ts'

type Members = Readonly<Record<string, Function>>
type Readline = Interface & { readonly closed: boolean }

const EVENTS = ['close', 'line', 'error']

const readlineSort: HandleSort<Readline> = {
  kind: 'readline',
  what: () => 'readline interface',
  isOpen: readline => !readline.closed,
  isOver: readline => readline.closed,
  close: readline => {
    hush(readline, EVENTS)
    readline.close()
  },
}

/** The members of `node:readline` or `node:readline/promises` that read lines. */
export function viewReadline(real: Members, leftovers: Leftovers): object {
  const made = (readline: Readline, site: CallSite): void => {
    noteOwnListeners(readline, EVENTS)
    trackHandle(leftovers, readline, readlineSort, site)
  }
  return {
    Interface: viewClass(real.Interface!, made),
    createInterface: viewOpener(real.createInterface!, made),
  }
}
