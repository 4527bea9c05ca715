import { existsSync, statSync } from 'node:fs'
import { basename, extname } from 'node:path'
import type { ControlClient } from '../control/client.ts'
import type { UnloadReport } from '../kernel/free_module.ts'
import { attempt, attemptEach } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { unloadLines } from './unload_lines.ts'
import { UsageError } from './usage.ts'

/** As kmod, takes a path for the name of the module in it, and what is a file here for a path. */
const nameOf = (word: string): string => (word.includes('/') || isFile(word) ? basename(word, extname(word)) : word)

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

export const rmmod: Command = {
  name: 'rmmod',
  summary: 'unload modules',
  details: 'Calls in flight finish, then exit runs. What a module left behind is closed and reported.',
  arguments: '<names...>',
  options: [
    HOST_OPTION,
    { flags: '--grace <ms>', description: 'how long exit waits for calls in flight; 0 does not wait' },
    { flags: '-w, --wait', description: 'in refcount: wait until nobody uses it; interrupt to call it off' },
    { flags: '-f, --force', description: 'remove it although it is in use or permanent; taints the kernel' },
    { flags: '--reclaim', description: 'free its code at once, at your own risk; taints the kernel' },
    { flags: '-r, --recursive', description: 'take out what imports from it first' },
  ],
  examples: ['outlive rmmod hello', 'outlive rmmod notes db', 'outlive rmmod db --recursive'],
  async run(line) {
    const { terminal, options } = line
    let client: ControlClient | undefined
    let grace: number | undefined
    const code = await attempt('rmmod', line, async () => {
      grace = options.grace === undefined ? undefined : Number(options.grace)
      if (grace !== undefined && !(grace >= 0))
        throw new UsageError(`--grace takes milliseconds, got '${options.grace}'`)
      client = await connect(line)
      return 0
    })
    if (client === undefined) return code
    const host = client
    // As kmod: the ones that can go do, and each that cannot has its line.
    return attemptEach('rmmod', line, line.args, async word => {
      const body = {
        name: nameOf(word),
        options: {
          ...(grace !== undefined && { grace }),
          recursive: options.recursive === true,
          wait: options.wait === true,
          force: options.force === true,
          reclaim: options.reclaim === true,
        },
      }
      const report = await host.post<UnloadReport>('/rmmod', body)
      if (!terminal.json) for (const text of unloadLines(report)) terminal.out(text)
      return report
    })
  },
}
