import { resolve } from 'node:path'
import type { ModuleRow } from '../kernel/lsmod.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { adviseOnParams } from './give_advice.ts'
import { parseParamWords } from './usage.ts'

export const insmod: Command = {
  name: 'insmod',
  summary: 'insert one module, by its file',
  details: 'What it imports must be there already; modprobe brings that in too.',
  arguments: '<file> [params...]',
  options: [HOST_OPTION, { flags: '-f, --force', description: 'do not look at its signature; taints the kernel' }],
  examples: ['outlive insmod modules/hello.ts', 'outlive insmod modules/hello.ts greeting=Hi'],
  run(line) {
    const [file = '', ...words] = line.args
    return attempt(
      'insmod',
      line,
      async () => {
        const params = parseParamWords(words)
        const client = await connect(line)
        const inserted = await client.post<ModuleRow>('/insmod', {
          file: resolve(file),
          params,
          force: line.options.force === true,
        })
        if (line.terminal.json) line.terminal.data(inserted)
        await adviseOnParams(line, params, inserted.name, client)
        return 0
      },
      file,
    )
  },
}
