import { lazyRequire } from '../images/lazy.ts'

/** An import of it asks for each of its exports, and since Node 22 `WebSocket` is one: with it comes all of undici, which takes longer than the rest of a command. */
export const http = lazyRequire<typeof import('node:http')>('node:http')
