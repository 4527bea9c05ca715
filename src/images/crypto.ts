import { lazyRequire } from './lazy.ts'

/** Needed for what is remembered of packages and by depmod; a host of a few files never loads it. */
export const crypto = lazyRequire<typeof import('node:crypto')>('node:crypto')
