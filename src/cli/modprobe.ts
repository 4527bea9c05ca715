import type { ModuleRow } from '../kernel/kernel.ts'
import type { Command } from './command.ts'
import { attempt, connect, HOST_OPTION, parseParamWords } from './talk.ts'

export const modprobe: Command = {
  name: 'modprobe',
  summary: 'insert a module by name or alias, with what it depends on',
  arguments: '<name> [params...]',
  options: [
    HOST_OPTION,
    { flags: '--first-time', description: 'fail when the module is already there' },
    { flags: '-v, --verbose', description: 'say what is inserted' },
  ],
  examples: ['outlive modprobe notes', 'outlive modprobe hello greeting=Hi'],
  run(line) {
    const [name, ...words] = line.args as [string, ...string[]]
    return attempt('modprobe', line, async () => {
      const body = { name, params: parseParamWords(words), firstTime: line.options.firstTime === true }
      const inserted = await (await connect(line)).post<ModuleRow[]>('/modprobe', body)
      if (line.terminal.json) line.terminal.data(inserted)
      else if (line.options.verbose) for (const { file } of inserted) line.terminal.out(`insmod ${file}`)
      return 0
    })
  },
}
