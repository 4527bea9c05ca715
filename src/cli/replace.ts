import type { ReplaceReport } from '../kernel/livepatch.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { adviseOnParams } from './give_advice.ts'
import { unloadLines } from './unload_lines.ts'
import { parseParamWords, valuesOf } from './usage.ts'

export const replace: Command = {
  name: 'replace',
  summary: 'put a new version of a module into the place of the old one',
  details:
    'In one step: it takes over, or, when anything about it fails, the old one serves on. Versions that need each other are replaced together.',
  arguments: '<name> [params...]',
  options: [
    HOST_OPTION,
    {
      flags: '--with <name>',
      description: 'replace this module in the same step; may be given again',
      repeatable: true,
    },
  ],
  examples: ['outlive replace hello', 'outlive replace hello greeting=Hi', 'outlive replace db --with api'],
  run(line) {
    const [name = '', ...words] = line.args
    const { terminal } = line
    return attempt('replace', line, async () => {
      const params = parseParamWords(words)
      const others = valuesOf(line.options.with)
      const client = await connect(line)
      const report = await client.post<ReplaceReport>('/replace', {
        name,
        params,
        ...(others.length > 0 && { with: others }),
      })
      if (terminal.json) terminal.data(report)
      else
        for (const { module, generation, unloaded } of [report, ...(report.with ?? [])]) {
          terminal.out(`${module}#${generation} replaced ${module}#${unloaded.generation}`)
          for (const text of unloadLines(unloaded)) terminal.out(text)
        }
      await adviseOnParams(line, params, report.module, client)
      return 0
    })
  },
}
