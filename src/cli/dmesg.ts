import { formatEntry, type LogEntry } from '../kernel/printk.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { below, styled, type Terminal } from './terminal.ts'

const STYLES = { debug: 'gray', info: 'reset', warn: 'yellow', error: 'red' } as const

export const dmesg: Command = {
  name: 'dmesg',
  summary: 'print the kernel log',
  options: [HOST_OPTION, { flags: '-w, --follow', description: 'wait for more, until interrupted' }],
  examples: ['outlive dmesg', 'outlive dmesg -w'],
  run(line) {
    const { terminal } = line
    return attempt('dmesg', line, async () => {
      const client = await connect(line)
      if (line.options.follow) {
        await client.lines<LogEntry>('/dmesg', { follow: '1' }, entry => print(terminal, entry))
        return 0
      }
      const entries = await client.get<LogEntry[]>('/dmesg')
      if (terminal.json) terminal.data(entries)
      else for (const entry of entries) print(terminal, entry)
      if (entries.length === 0) terminal.advise('(nothing was logged)')
      return 0
    })
  },
}

/** With `--json` an entry a line: what has no end is no one document. */
function print(terminal: Terminal, entry: LogEntry): void {
  if (terminal.json) terminal.data(entry)
  else {
    const [first = '', ...rest] = formatEntry(entry).split('\n')
    for (const text of [first, ...rest.map(below)]) terminal.out(styled(STYLES[entry.level], text))
  }
}
