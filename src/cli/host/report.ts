import { ModuleError } from '../../kernel/errno.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { printable } from '../../kernel/printable.ts'
import { stackOf } from '../../kernel/thrown.ts'
import { otherSymbols } from '../other_symbols.ts'
import { below, type Styled, styled, type Terminal } from '../terminal.ts'

/** One line for each thing that happens in a host, for whoever watches its terminal. */
export interface Reporter {
  /** @param text one line, a code frame or a stack below it. `kept` goes behind the first line */
  problem(text: string, kept?: string): void
}

/** An error as people read it: one line, whatever names are in it, then what belongs below it. */
export function formatError(error: unknown): string {
  if (!(error instanceof ModuleError)) return stackOf(error)
  const { frame } = error.data
  const lines = [printable(error.message)]
  if (typeof frame === 'string' && frame !== '') lines.push(frame)
  if (error.code === 'ESYMBOL') lines.push(...otherSymbols(error.data))
  return lines.join('\n')
}

const clock = (): string => new Date().toTimeString().slice(0, 8)

export function createReporter(kernel: Kernel, terminal: Terminal): Reporter {
  const line = (mark: Styled, text: string, event: Readonly<Record<string, unknown>>) => {
    if (terminal.json) terminal.data(event)
    else terminal.out(styled('gray', clock()), ' ', mark, ` ${text}`)
  }
  // One whose init failed was never in service: its problem is told, not its end.
  const served = new Set<string>()
  kernel.on('live', ({ module, generation }) => {
    served.add(`${module}#${generation}`)
    line(styled('green', '+'), `${module}#${generation} live`, { event: 'live', module, generation })
  })
  kernel.on('gone', ({ module, generation }) => {
    if (!served.delete(`${module}#${generation}`)) return
    line(styled('gray', '-'), `${module}#${generation} gone`, { event: 'gone', module, generation })
  })
  kernel.log.follow(entry => {
    if (entry.level !== 'warn' || terminal.json) return
    const [first = '', ...rest] = entry.text.split('\n')
    const about = entry.module === undefined ? '' : `${entry.module}: `
    terminal.out(styled('gray', clock()), ' ', styled('yellow', '!'), ` ${about}${first}`)
    if (rest.length > 0) terminal.outText(rest.map(below).join('\n'))
  })
  return {
    problem(text, kept = '') {
      if (terminal.json) {
        terminal.data({ event: 'problem', text })
        return
      }
      const [first, ...rest] = text.split('\n')
      terminal.err(styled('gray', clock()), ' ', styled('red', 'x'), ` ${first}${kept}`)
      if (rest.length > 0) terminal.errText(rest.join('\n'))
    },
  }
}
