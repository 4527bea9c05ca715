/** The timer functions of which an image has views. */
export const TIMER_FUNCTIONS = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
] as const

/** Both are slow to load, and not in every Node. */
export const WEB_SOCKETS = (['WebSocket', 'EventSource'] as const).filter(name => name in globalThis)

/** Globals that are members of a builtin too. They are slow to load, and an image that uses none of them must not wait for them. */
export const IN_BUILTINS = {
  MessageChannel: 'worker_threads',
  BroadcastChannel: 'worker_threads',
  PerformanceObserver: 'perf_hooks',
} as const

export const membersOfBuiltins = Object.keys(IN_BUILTINS) as (keyof typeof IN_BUILTINS)[]

/** The globals of which an image has a view of its own. They depend on this Node alone. */
export const VIEWED_GLOBALS = [
  ...TIMER_FUNCTIONS,
  ...WEB_SOCKETS,
  ...membersOfBuiltins,
  'process',
  'fetch',
  'AbortSignal',
  'globalThis',
  'global',
] as const

export type ViewedGlobal = (typeof VIEWED_GLOBALS)[number]

/** Builtins by which something can be left behind. All others a module sees as they are. */
export const VIEWED_BUILTINS = [
  'async_hooks',
  'child_process',
  'cluster',
  'dgram',
  'diagnostics_channel',
  'fs',
  'fs/promises',
  'http',
  'http2',
  'https',
  'inspector',
  'inspector/promises',
  'module',
  'net',
  'perf_hooks',
  'process',
  'readline',
  'readline/promises',
  'sqlite',
  'timers',
  'timers/promises',
  'tls',
  'worker_threads',
] as const

export type ViewedBuiltin = (typeof VIEWED_BUILTINS)[number]
