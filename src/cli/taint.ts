import { type KernelTaint, TAINTS } from '../kernel/taint.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'

export const taint: Command = {
  name: 'taint',
  summary: 'show whether the kernel is still trustworthy, and if not, why',
  options: [HOST_OPTION, { flags: '--table', description: 'show what each letter means; needs no host' }],
  examples: ['outlive taint', 'outlive taint --table'],
  run(line) {
    const { terminal } = line
    return attempt('taint', line, async () => {
      if (line.options.table) {
        if (terminal.json) terminal.data(Object.values(TAINTS))
        else
          for (const { letter, bit, meaning } of Object.values(TAINTS))
            terminal.out(`${letter}  ${String(bit).padStart(2)}  ${meaning}`)
        return 0
      }
      const taints = await (await connect(line)).get<KernelTaint[]>('/taints')
      if (terminal.json) terminal.data(taints)
      else if (taints.length === 0) terminal.out('not tainted')
      else
        for (const { letter, bit, reason, since } of taints)
          terminal.out(`${letter}  ${String(bit).padStart(2)}  ${new Date(since).toISOString()}  ${reason}`)
      return 0
    })
  },
}
