import { ControlError } from '../control/client.ts'
import type { ColdplugOptions, ColdplugProgress, ColdplugReport } from '../kernel/coldplug.ts'
import { Kernel } from '../kernel/kernel.ts'
import { DEFAULT_PARALLEL, DEFAULT_PROBE_TIMEOUT, type KernelOptions } from '../kernel/kernel_options.ts'
import { attempt } from './attempt.ts'
import type { Command, CommandLine } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { OWN_PACKAGE, ownPackagesOf } from './own_packages.ts'
import type { Terminal } from './terminal.ts'
import { folderNamed, UsageError, wholeNumber } from './usage.ts'

const BAR = 24
const MEGABYTE = 1024 * 1024

export const coldplug: Command = {
  name: 'coldplug',
  summary: 'load what has a probe, and keep what finds something',
  options: [
    HOST_OPTION,
    { flags: '--modules <dir>', description: 'probe this folder in this process, and unload all at the end' },
    { ...OWN_PACKAGE, description: `with --modules: ${OWN_PACKAGE.description}` },
    { flags: '--parallel <n>', description: `how many modules are probed at once (default: ${DEFAULT_PARALLEL})` },
    {
      flags: '--timeout <ms>',
      description: `how long a probe may take; 0 is no limit (default: ${DEFAULT_PROBE_TIMEOUT})`,
    },
    { flags: '-n, --dry-run', description: 'load nothing; say what would be probed' },
  ],
  examples: ['outlive coldplug', 'outlive coldplug --modules examples/coldplug --timeout 500', 'outlive coldplug -n'],
  run: line =>
    attempt('coldplug', line, async () => {
      const options = {
        parallel: wholeNumber(line.options, 'parallel', 1) ?? DEFAULT_PARALLEL,
        timeout: wholeNumber(line.options, 'timeout', 0) ?? DEFAULT_PROBE_TIMEOUT,
        dryRun: line.options.dryRun === true,
      }
      const { modules } = line.options
      const ownPackages = ownPackagesOf(line.options)
      if (ownPackages.length > 0 && modules === undefined) throw new UsageError('--own-package needs --modules')
      const report =
        modules === undefined
          ? await onHost(line, options)
          : await here(line, { modules: folderNamed(String(modules)), ownPackages }, options)
      line.terminal.progress('')
      if (line.terminal.json) line.terminal.data(report)
      else for (const text of reportLines(report)) line.terminal.out(text)
      const failed = report.failed.map(({ module }) => module)
      if (failed.length === 0) return 0
      line.terminal.err(`coldplug: ${failed.length} of ${report.probed.length} failed: ${failed.join(' ')}`)
      return 1
    }),
}

async function here(line: CommandLine, found: KernelOptions, options: ColdplugOptions): Promise<ColdplugReport> {
  const kernel = new Kernel({ ...found, grace: 0 })
  // What modules print is no part of the answer.
  if (line.terminal.json) process.stdout.write = process.stderr.write.bind(process.stderr)
  try {
    return await kernel.coldplug({ ...options, progress: done => draw(line.terminal, done) })
  } finally {
    await kernel.close()
  }
}

/** One line of the host's answer. */
type ColdplugLine = { readonly progress?: ColdplugProgress; readonly report?: ColdplugReport }

async function onHost(line: CommandLine, options: ColdplugOptions): Promise<ColdplugReport> {
  let report: ColdplugReport | undefined
  const client = await connect(line)
  await client.stream<ColdplugLine>('/coldplug', options, ({ progress, report: last }) => {
    if (progress) draw(line.terminal, progress)
    report = last ?? report
  })
  if (!report) throw new ControlError('the host went away before it had a report')
  return report
}

function draw(terminal: Terminal, { module, done, total }: ColdplugProgress): void {
  const filled = Math.round((done / total) * BAR)
  terminal.progress(`[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${done} of ${total}  ${module}`)
}

/** People want to know what was found; what was not is counted. */
function reportLines(report: ColdplugReport): string[] {
  const { probed, kept, needed, removed, failed, skipped, leftBehind, memory } = report
  if (report.dryRun)
    return [`would probe ${probed.length} modules: ${probed.join(' ')}`.trimEnd(), ...skippedLines(skipped)]
  const list = (label: string, names: readonly string[]): string =>
    `${label.padEnd(9)}${String(names.length).padStart(4)}  ${names.join(' ')}`.trimEnd()
  const megabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(1)
  return [
    list('kept', kept),
    ...(needed.length > 0 ? [list('needed', needed)] : []),
    list('removed', removed),
    ...failed.map(({ module, reason }) => `failed        ${module}: ${reason}`),
    ...leftBehind.map(({ module, kind, what, where }) => `left behind   ${module}: ${kind} (${what}) at ${where}`),
    ...skippedLines(skipped),
    `memory   ${megabytes(memory.before)} MB before, ${megabytes(memory.peak)} at most, ${megabytes(memory.after)} after`,
  ]
}

function skippedLines(skipped: ColdplugReport['skipped']): string[] {
  const byReason = new Map<string, string[]>()
  for (const { module, reason } of skipped) byReason.set(reason, [...(byReason.get(reason) ?? []), module])
  return [...byReason].map(
    ([reason, names]) =>
      `skipped  ${String(names.length).padStart(4)}  ${reason}: ${names.slice(0, 8).join(' ')}${names.length > 8 ? ' …' : ''}`,
  )
}
