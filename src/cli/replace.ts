import type { ReplaceReport } from '../kernel/livepatch.ts'
import type { Command } from './command.ts'
import { reportLines } from './rmmod.ts'
import { adviseOnParams, attempt, connect, HOST_OPTION, parseParamWords } from './talk.ts'

export const replace: Command = {
  name: 'replace',
  summary: 'put a new version of a module into the place of the old one',
  details: 'In one step: it takes over, or, when anything about it fails, the old one serves on.',
  arguments: '<name> [params...]',
  options: [HOST_OPTION],
  examples: ['outlive replace hello', 'outlive replace hello greeting=Hi'],
  run(line) {
    const [name, ...words] = line.args as [string, ...string[]]
    const { terminal } = line
    return attempt('replace', line, async () => {
      const params = parseParamWords(words)
      const client = await connect(line)
      const report = await client.post<ReplaceReport>('/replace', { name, params })
      if (terminal.json) terminal.data(report)
      else {
        const { module, generation, unloaded } = report
        terminal.out(`${module}#${generation} replaced ${module}#${unloaded.generation}`)
        for (const text of reportLines(unloaded)) terminal.out(text)
      }
      await adviseOnParams(line, params, report.module, client)
      return 0
    })
  },
}
