import type { ReclaimReport } from '../kernel/reclaim.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { reclaimLines } from './unload_lines.ts'
import { UsageError } from './usage.ts'

export const reclaim: Command = {
  name: 'reclaim',
  summary: 'free removed images that are still in memory, at your own risk',
  details: 'Who still calls such an image gets ESTALE. Taints the kernel.',
  arguments: '[image]',
  options: [HOST_OPTION, { flags: '--all', description: 'every one' }],
  examples: ['outlive reclaim hello#3', 'outlive reclaim --all'],
  run(line) {
    const [image] = line.args
    const { terminal, options } = line
    return attempt('reclaim', line, async () => {
      if ((image === undefined) === (options.all !== true))
        throw new UsageError('name an image, such as hello#3, or --all')
      const report = await (await connect(line)).post<ReclaimReport>('/reclaim', { image })
      if (terminal.json) terminal.data(report)
      else for (const text of reclaimLines(report)) terminal.out(text)
      return 0
    })
  },
}
