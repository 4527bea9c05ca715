/** Nobody counts. The code is held weakly: it goes when the collector proves that nobody can call it. */
export const collect = { counts: false, keepsImage: false, refusesLateCalls: false } as const
