import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Found, Search } from './search.ts'

const run = promisify(execFile)

/**
 * A search in a process of its own, which a bug cannot keep from ending.
 *
 * @param main the built `search_main.js`
 */
export async function searchInProcess(search: Search, minutes: number, main = MAIN): Promise<Found> {
  const { stdout } = await run(process.execPath, [main, JSON.stringify(search)], {
    timeout: Math.ceil(minutes * 60_000),
    killSignal: 'SIGKILL',
    maxBuffer: 1e8,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Found
}

const MAIN = fileURLToPath(new URL('search_main.js', import.meta.url))
