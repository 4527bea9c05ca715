import type { LingeringImage } from '../kernel/lingering.ts'
import type { MemoryUse } from '../kernel/memory.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'

type Answer = MemoryUse & { readonly images: readonly { readonly image: string; readonly size: number }[] }

const row = (label: string, images: number | string, source: number | string, estimated: number | string): string =>
  `${label.padEnd(19)} ${String(images).padStart(7)} ${String(source).padStart(12)} ${String(estimated).padStart(14)}`.trimEnd()

export const mem: Command = {
  name: 'mem',
  summary: 'show how much memory images take, in service and removed',
  options: [HOST_OPTION],
  examples: ['outlive mem', 'outlive mem --json'],
  run(line) {
    const { terminal } = line
    return attempt('mem', line, async () => {
      const client = await connect(line)
      const use = await client.get<Answer>('/memory')
      const lingering = await client.get<LingeringImage[]>('/lingering')
      if (terminal.json) terminal.data({ ...use, lingeringImages: lingering })
      else {
        terminal.out(row('', 'images', 'source bytes', 'heap bytes ~'))
        terminal.out(row('in service', use.live.images, use.live.source, use.live.estimated))
        terminal.out(row('left behind', use.lingering.images, use.lingering.source, use.lingering.estimated))
        for (const { image, size } of lingering) terminal.out(row(`  ${image}`, '', size, ''))
        if (use.limit !== undefined) terminal.out(row('limit', '', '', use.limit))
        terminal.out(row('heap used', '', '', use.heapUsed))
        terminal.out(row('heap limit', '', '', use.heapLimit))
      }
      return 0
    })
  },
}
