import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlClient } from '../control/client.ts'
import type { LingeringImage } from '../kernel/lingering.ts'
import type { ModuleRow } from '../kernel/lsmod.ts'
import type { MemoryUse } from '../kernel/memory.ts'
import { printable } from '../kernel/printable.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { fitted, HEADING } from './fitted.ts'
import { styled } from './terminal.ts'
import { UsageError, wholeNumber } from './usage.ts'

interface View {
  readonly modules: readonly ModuleRow[]
  readonly lingering: readonly LingeringImage[]
  readonly memory: MemoryUse
}

export const top: Command = {
  name: 'top',
  summary: 'watch modules, calls in flight and what lingers',
  details: 'It goes on until it is interrupted.',
  options: [
    HOST_OPTION,
    { flags: '-d, --delay <seconds>', description: 'between two looks', default: '1' },
    { flags: '-n, --looks <count>', description: 'how many; by default without end on a terminal, else one' },
  ],
  examples: ['outlive top', 'outlive top -n 1', 'outlive top --json -n 10'],
  run(line) {
    const { terminal, options } = line
    return attempt('top', line, async () => {
      const delay = positive(options.delay, '--delay')
      const last = wholeNumber(options, 'looks', 1) ?? (terminal.interactive ? Number.POSITIVE_INFINITY : 1)
      const client = await connect(line)
      for (let look = 1; ; look++) {
        const view = await readView(client)
        if (terminal.json) terminal.data(view)
        else if (terminal.interactive) {
          process.stdout.write('\u001b[H\u001b[2J')
          for (const [index, text] of fitted(viewLines(view), process.stdout).entries())
            terminal.out(index === HEADING ? styled('bold', text) : text)
        } else for (const text of viewLines(view)) terminal.out(text)
        if (look >= last) return 0
        await sleep(delay * 1000)
      }
    })
  },
}

function positive(value: unknown, option: string): number {
  const number = Number(value)
  if (!(number > 0)) throw new UsageError(`${option} takes a number above 0, got '${String(value)}'`)
  return number
}

const readView = async (client: ControlClient): Promise<View> => ({
  modules: await client.get('/lsmod'),
  lingering: await client.get('/lingering'),
  memory: await client.get('/memory'),
})

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

const since = (time: number | undefined): string => {
  if (time === undefined) return '-'
  const seconds = Math.max(0, Math.round((Date.now() - time) / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0
    ? `${hours}h${String(minutes).padStart(2, '0')}`
    : minutes > 0
      ? `${minutes}m${String(seconds % 60).padStart(2, '0')}`
      : `${seconds}s`
}

function viewLines({ modules, lingering, memory }: View): string[] {
  const heap = `heap ${megabytes(memory.heapUsed)} of ${megabytes(memory.heapLimit)}`
  const rows = [
    ...modules.map(({ name, generation, state, size, refs, since: time }) => ({
      image: printable(`${name}#${generation}`),
      cells: cells(state, String(size), String(refs), since(time)),
    })),
    ...lingering.map(({ image, size, callsInFlight, since: time }) => ({
      image: printable(image),
      cells: cells('lingering', String(size), String(callsInFlight), since(time)),
    })),
  ]
  const width = Math.max(24, ...rows.map(({ image }) => image.length))
  return [
    `${modules.length} modules, ${lingering.length} lingering, ${heap}`,
    '',
    `${'Image'.padEnd(width)} ${cells('State', 'Size', 'Used', 'For')}`,
    ...rows.map(row => `${row.image.padEnd(width)} ${row.cells}`),
  ]
}

const cells = (state: string, size: string, used: string, age: string): string =>
  `${state.padEnd(9)} ${size.padStart(9)} ${used.padStart(6)} ${age.padStart(8)}`
