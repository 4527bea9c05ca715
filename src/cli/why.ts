import { ControlError } from '../control/client.ts'
import type { Estimate, WhyProgress, WhyReport } from '../kernel/kmemleak/index.ts'
import { formatReport } from '../kernel/kmemleak/index.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'

/** One line of the host's answer. */
type WhyLine = { readonly estimate?: Estimate; readonly progress?: WhyProgress; readonly report?: WhyReport }

export const why: Command = {
  name: 'why',
  summary: 'say who keeps the code of a removed module in memory',
  details: 'The host stands still while V8 takes a snapshot of its heap.',
  arguments: '<image>',
  options: [HOST_OPTION],
  examples: ['outlive why hello#3', 'outlive why hello', 'outlive why hello#3 --json'],
  run(line) {
    const [image] = line.args
    const { terminal } = line
    return attempt('why', line, async () => {
      let report: WhyReport | undefined
      const client = await connect(line)
      await client.stream<WhyLine>('/why', { image }, ({ estimate, progress, report: last }) => {
        if (estimate && !terminal.json) terminal.err(costLine(estimate))
        if (progress) terminal.progress(progressLine(progress))
        report = last ?? report
      })
      terminal.progress('')
      if (!report) throw new ControlError('the host went away before it had a report')
      if (terminal.json) terminal.data(report)
      else terminal.outText(formatReport(report))
      return 0
    })
  },
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

const costLine = ({ heapBytes, ms, memoryBytes }: Estimate): string =>
  `a heap of ${megabytes(heapBytes)}: this takes about ${Math.round(ms / 1000)} s and up to ${megabytes(memoryBytes)} more memory`

function progressLine({ phase, bytes, share }: WhyProgress): string {
  if (phase === 'analysing') return `analysing ${Math.round((share ?? 0) * 100)} %`
  return phase === 'collecting' ? 'taking a heap snapshot' : `reading ${megabytes(bytes)}`
}
