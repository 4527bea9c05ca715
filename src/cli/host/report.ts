import { ModuleError } from '../../kernel/errno.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { stackOf } from '../../kernel/thrown.ts'
import type { Terminal } from '../terminal.ts'

/** One line for each thing that happens in a host, for whoever watches its terminal. */
export interface Reporter {
  /** `kept` goes behind the first line, before a code frame. */
  problem(text: string, kept?: string): void
}

/** An error as people read it: the line, then the code frame below. */
export function formatError(error: unknown): string {
  if (!(error instanceof ModuleError)) return stackOf(error)
  const { frame } = error.data
  return typeof frame === 'string' && frame !== '' ? `${error.message}\n${frame}` : error.message
}

const clock = (): string => new Date().toTimeString().slice(0, 8)

export function createReporter(kernel: Kernel, terminal: Terminal): Reporter {
  const line = (mark: string, text: string, event: Readonly<Record<string, unknown>>) => {
    if (terminal.json) terminal.data(event)
    else terminal.out(`${terminal.style('gray', clock())} ${mark} ${text}`)
  }
  // One whose init failed was never in service: its problem is told, not its end.
  const served = new Set<string>()
  kernel.on('live', ({ module, generation }) => {
    served.add(`${module}#${generation}`)
    line(terminal.style('green', '+'), `${module}#${generation} live`, { event: 'live', module, generation })
  })
  kernel.on('gone', ({ module, generation }) => {
    if (!served.delete(`${module}#${generation}`)) return
    line(terminal.style('gray', '-'), `${module}#${generation} gone`, { event: 'gone', module, generation })
  })
  kernel.log.follow(entry => {
    if (entry.level !== 'warn' || terminal.json) return
    terminal.out(
      `${terminal.style('gray', clock())} ${terminal.style('yellow', '!')} ${entry.module === undefined ? '' : `${entry.module}: `}${entry.text}`,
    )
  })
  return {
    problem(text, kept = '') {
      const [first, ...rest] = text.split('\n')
      if (terminal.json) terminal.data({ event: 'problem', text })
      else
        terminal.err(
          [`${terminal.style('gray', clock())} ${terminal.style('red', 'x')} ${first}${kept}`, ...rest].join('\n'),
        )
    },
  }
}
