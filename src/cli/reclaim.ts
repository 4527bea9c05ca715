import type { ReclaimReport } from '../kernel/reclaim.ts'
import type { Command } from './command.ts'
import { attempt, connect, HOST_OPTION, UsageError } from './talk.ts'

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

export function reclaimLines({ images, bytes }: ReclaimReport): string[] {
  const lines = images.flatMap(({ image, bytes: size, freed, heldBy }) => {
    if (freed) return [`${image}: ${size} bytes came back`]
    const held = heldBy?.map(text => `  held by: ${text}`) ?? [`  outlive why ${image} tells who holds it`]
    return [`${image}: ${size} bytes stay`, ...held]
  })
  return [...lines, `${bytes} bytes reclaimed`]
}
