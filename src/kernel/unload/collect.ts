/** Nobody counts. The code is held weakly: it goes when the collector proves that nobody can call it. */
export const collect = {
  counts: false,
  keepsImage: false,
  refusesLateCalls: false,
  afterwards: 'linger until nobody can call them',
} as const
