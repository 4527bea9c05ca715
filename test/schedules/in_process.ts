import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Found, Search } from './search.ts'

const run = promisify(execFile)
/** A schedule makes thousands of objects, and none of them outlives it: with room for more of them the collector takes a tenth less of all the time. */
const ROOM_FOR_THE_YOUNG = ['--min-semi-space-size=16', '--max-semi-space-size=32']

/**
 * A search in a process of its own, which a bug cannot keep from ending.
 *
 * @param main the built `search_main.js`
 */
export async function searchInProcess(search: Search, minutes: number, main = MAIN): Promise<Found> {
  const { stdout } = await run(process.execPath, [...ROOM_FOR_THE_YOUNG, main, JSON.stringify(search)], {
    timeout: Math.ceil(minutes * 60_000),
    killSignal: 'SIGKILL',
    maxBuffer: 1e8,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Found
}

const MAIN = fileURLToPath(new URL('search_main.js', import.meta.url))
