/** What a module can leave behind. `docs/leftovers.md` tells how each is seen and closed. */
export const LEFTOVER_KINDS = [
  'timeout',
  'interval',
  'immediate',
  'listener',
  'subscription',
  'observer',
  'hook',
  'server',
  'socket',
  'request',
  'agent',
  'session',
  'fetch',
  'file',
  'database',
  'watcher',
  'readline',
  'child',
  'worker',
  'port',
  'channel',
  'inspector',
  'addon',
] as const

export type LeftoverKind = (typeof LEFTOVER_KINDS)[number]

/** What ends by itself or serves one purpose: a call that is still in flight may be waiting for it. */
export const ONE_SHOT: ReadonlySet<LeftoverKind> = new Set<LeftoverKind>([
  'timeout',
  'immediate',
  'socket',
  'request',
  'agent',
  'session',
  'fetch',
  'file',
  'database',
  'child',
  'worker',
  'port',
])

/** What goes on for ever, whoever waits for it. What else is opened late may serve something that is under way and ends by itself. */
export const LASTING: ReadonlySet<LeftoverKind> = new Set<LeftoverKind>([
  'interval',
  'subscription',
  'observer',
  'server',
  'watcher',
])

export const NOT_LASTING: ReadonlySet<LeftoverKind> = new Set(LEFTOVER_KINDS.filter(kind => !LASTING.has(kind)))

/** What is over when it is closed. Of the end of all others somebody may hear: who was connected, and connects again. */
export const ENDS_QUIETLY: ReadonlySet<LeftoverKind> = new Set<LeftoverKind>([
  'timeout',
  'interval',
  'immediate',
  'listener',
  'subscription',
  'observer',
  'hook',
  'addon',
])

export const NO_KIND: ReadonlySet<LeftoverKind> = new Set()
