import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlClient } from '../control/client.ts'
import type { LingeringImage } from '../kernel/lingering.ts'
import type { ModuleRow } from '../kernel/lsmod.ts'
import type { MemoryUse } from '../kernel/memory.ts'
import { attempt } from './attempt.ts'
import type { Command } from './command.ts'
import { connect, HOST_OPTION } from './connect.ts'
import { UsageError } from './usage.ts'

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
    { flags: '-n, --looks <count>', description: 'how many; without a terminal one' },
  ],
  examples: ['outlive top', 'outlive top -n 1', 'outlive top --json -n 10'],
  run(line) {
    const { terminal, options } = line
    return attempt('top', line, async () => {
      const delay = positive(options.delay, '--delay')
      const looks = options.looks === undefined ? undefined : positive(options.looks, '--looks')
      const last = looks ?? (terminal.interactive ? Number.POSITIVE_INFINITY : 1)
      const client = await connect(line)
      for (let look = 1; ; look++) {
        const view = await readView(client)
        if (terminal.json) terminal.data(view)
        else {
          if (terminal.interactive) process.stdout.write('\u001b[H\u001b[2J')
          for (const text of viewLines(view, text => terminal.style('bold', text))) terminal.out(text)
        }
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

const cells = (image: string, state: string, size: string, used: string, age: string): string =>
  `${image.padEnd(24)} ${state.padEnd(9)} ${size.padStart(9)} ${used.padStart(6)} ${age.padStart(8)}`

function viewLines({ modules, lingering, memory }: View, bold: (text: string) => string): string[] {
  const heap = `heap ${megabytes(memory.heapUsed)} of ${megabytes(memory.heapLimit)}`
  const lines = [`${modules.length} modules, ${lingering.length} lingering, ${heap}`, '']
  lines.push(bold(cells('Image', 'State', 'Size', 'Used', 'For')))
  for (const { name, generation, state, size, refs, since: time } of modules)
    lines.push(cells(`${name}#${generation}`, state, String(size), String(refs), since(time)))
  for (const { image, size, callsInFlight, since: time } of lingering)
    lines.push(cells(image, 'lingering', String(size), String(callsInFlight), since(time)))
  return lines
}
