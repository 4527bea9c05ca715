/** The patch of 2003: nobody counts, and the code is never freed, so that nobody can call into code that is gone. */
export const retain = {
  counts: false,
  keepsImage: true,
  refusesLateCalls: false,
  afterwards: 'stay until they are reclaimed',
} as const
