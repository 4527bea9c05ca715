import { Kernel } from '../kernel/kernel.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'

export const depmod: Command = {
  name: 'depmod',
  summary: 'read the modules of a folder, and write an index beside them',
  details: 'No module is run. Mistakes are reported with their place.',
  arguments: '<dir>',
  options: [
    {
      flags: '--text',
      description: "write kmod's modules.dep, modules.alias, modules.symbols and modules.softdep too",
    },
    { flags: '-q, --quiet', description: 'say nothing but what is wrong' },
  ],
  examples: ['outlive depmod modules', 'outlive depmod modules --text'],
  run(line) {
    const [dir = ''] = line.args
    const { terminal, options } = line
    return attempt(
      'depmod',
      line,
      async () => {
        const report = await new Kernel({ modules: dir, config: false }).depmod(undefined, {
          text: options.text === true,
        })
        for (const { place, message } of report.problems) terminal.err(`depmod: ${place}: ${message}`)
        if (terminal.json) terminal.data(report)
        else if (!options.quiet) {
          const { modules, read, aliases, ms } = report
          terminal.out(`${modules} modules, ${aliases} aliases; ${read} read in ${ms.toFixed(0)} ms`)
        }
        return report.problems.length > 0 ? 1 : 0
      },
      dir,
    )
  },
}
