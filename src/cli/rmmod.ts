import { existsSync, statSync } from 'node:fs'
import { basename, extname } from 'node:path'
import type { ControlClient } from '../control/client.ts'
import type { UnloadReport } from '../kernel/free_module.ts'
import type { Command } from './command.ts'
import { reclaimLines } from './reclaim.ts'
import { attempt, attemptEach, connect, HOST_OPTION, UsageError } from './talk.ts'

/** As kmod, takes a path for the name of the module in it, and what is a file here for a path. */
const nameOf = (word: string): string => (word.includes('/') || isFile(word) ? basename(word, extname(word)) : word)

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

export const rmmod: Command = {
  name: 'rmmod',
  summary: 'unload modules',
  details: 'Calls in flight finish, then exit runs. What a module left behind is closed and told.',
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
      if (!terminal.json) for (const text of reportLines(report)) terminal.out(text)
      return report
    })
  },
}

/** Nothing for a clean unload, as rmmod; a line for each thing that its author should know. */
export function reportLines(report: UnloadReport): string[] {
  const image = `${report.module}#${report.generation}`
  const lines: string[] = []
  if (!report.drained)
    lines.push(
      `${image}: calls were still in flight after the grace period; they ${report.scheme === 'refcount' ? 'are refused' : 'finish in the old code'}`,
    )
  if (report.exitError) lines.push(`${image}: exit threw: ${report.exitError.message}`)
  for (const { kind, where, closed, what } of report.leftovers)
    lines.push(`${image}: left behind: ${kind} (${what}) at ${where}${closed ? ', closed' : ', could not be closed'}`)
  if (report.reclaimed) lines.push(...reclaimLines(report.reclaimed))
  return lines
}
