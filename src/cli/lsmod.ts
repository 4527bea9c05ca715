import type { LingeringImage } from '../kernel/lingering.ts'
import type { ModuleRow } from '../kernel/lsmod.ts'
import { printable } from '../kernel/printable.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'

/** kmod's columns. */
const columns = (name: string, size: number | string, rest: string): string =>
  `${printable(name).padEnd(19)} ${String(size).padStart(8)}  ${rest}`.trimEnd()

export const lsmod: Command = {
  name: 'lsmod',
  summary: 'list modules, their sizes in bytes and who uses them',
  options: [HOST_OPTION, { flags: '--lingering', description: 'list removed images that are still in memory instead' }],
  examples: ['outlive lsmod', 'outlive lsmod --lingering', 'outlive lsmod --json'],
  run(line) {
    const { terminal } = line
    return attempt('lsmod', line, async () => {
      const client = await connect(line)
      if (line.options.lingering) {
        const images = await client.get<LingeringImage[]>('/lingering')
        if (terminal.json) terminal.data(images)
        else for (const text of lingeringLines(images)) terminal.out(text)
        if (images.length === 0) terminal.advise('(no removed image is in memory)')
        return 0
      }
      const rows = await client.get<ModuleRow[]>('/lsmod')
      if (terminal.json) terminal.data(rows)
      else for (const text of moduleLines(rows)) terminal.out(text)
      if (rows.length === 0) terminal.advise('(no module is loaded; outlive modprobe NAME loads one)')
      return 0
    })
  },
}

/** Newest first, as lsmod. */
function moduleLines(rows: readonly ModuleRow[]): string[] {
  const lines = ['Module                  Size  Used by']
  for (const { name, size, refs, holders, state, taints } of [...rows].reverse()) {
    const note = state === 'LIVE' ? '' : ` (${state === 'GOING' ? 'unloading' : 'loading'})`
    // In brackets at the end, as in /proc/modules.
    const tainted = taints === '' ? '' : ` (${taints})`
    lines.push(columns(name, size, `${refs} ${holders.join(',')}${note}${tainted}`))
  }
  return lines
}

function lingeringLines(images: readonly LingeringImage[]): string[] {
  const lines = ['Image                   Size  Calls  Late  Removed']
  for (const { image, size, callsInFlight, lateCalls, since } of images) {
    const when = new Date(since).toISOString().slice(11, 19)
    lines.push(columns(image, size, `${String(callsInFlight).padStart(5)}  ${String(lateCalls).padStart(4)}  ${when}`))
  }
  return lines
}
