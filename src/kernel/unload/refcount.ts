/** Linux 2.5: whoever calls in takes a reference first and puts it back after, and a module that is referenced is not removed. */
export const refcount = {
  counts: true,
  keepsImage: false,
  refusesLateCalls: true,
  afterwards: 'are no longer held',
} as const
