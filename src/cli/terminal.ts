import { styleText } from 'node:util'
import { printable } from '../kernel/printable.ts'

type Style = Parameters<typeof styleText>[0]

/** A text that has a colour where colours are shown. */
export interface Styled {
  readonly style: Style
  readonly text: string
}

export const styled = (style: Style, text: string): Styled => ({ style, text })

/** A further line of an entry of some log, which does not look like an entry of its own. */
export const below = (line: string): string => `  ${line}`

/** What stands in one line. */
export type Parts = readonly (string | Styled)[]

/**
 * Where a command speaks: colour and progress on a terminal only, `--json` for programs. What people read is shown as `printable` has it: no name, message or text of a
 * module ends a line or commands the terminal.
 */
export interface Terminal {
  readonly json: boolean
  /** True when stdout is a terminal that people read, and that can go back over what it shows: progress may be drawn. */
  readonly interactive: boolean
  /** Prints one line. */
  out(...parts: Parts): void
  err(...parts: Parts): void
  /** Prints a text of several lines, such as a stack or a code frame. */
  outText(text: string): void
  errText(text: string): void
  /** True when people read stderr: advice is for them. */
  readonly advises: boolean
  /** Tells people what a program has no use for. */
  advise(line: string): void
  /** Prints `value` as one line of JSON. */
  data(value: unknown): void
  /** Redraws one status line on a terminal; prints nothing elsewhere. An empty text clears it. */
  progress(text: string): void
}

/** What `--json` answers to wrong usage. */
export const usageAnswer = (message: string) => ({ error: { code: 'EUSAGE', message } })

/** https://no-color.org, and https://force-color.org, which has the last word as in Node. */
function wantsColour(interactive: boolean): boolean {
  const { FORCE_COLOR, NO_COLOR } = process.env
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return interactive && !NO_COLOR
}

const printableLines = (text: string): string => text.split(/\r?\n/).map(printable).join('\n')

export function createTerminal(options: { json: boolean }): Terminal {
  const interactive = Boolean(process.stdout.isTTY) && process.env.TERM !== 'dumb' && !options.json
  const coloured = !options.json && wantsColour(interactive)
  const print = process.stdout.write.bind(process.stdout)
  const shown = (parts: Parts): string =>
    parts
      .map(part => {
        if (typeof part === 'string') return printable(part)
        const text = printable(part.text)
        return coloured ? styleText(part.style, text) : text
      })
      .join('')
  const advises = Boolean(process.stderr.isTTY) && !options.json
  let drawn = false
  const clear = () => {
    if (drawn) process.stderr.write('\r\u001b[2K')
    drawn = false
  }
  return {
    json: options.json,
    interactive,
    out(...parts) {
      clear()
      print(`${shown(parts)}\n`)
    },
    err(...parts) {
      clear()
      process.stderr.write(`${shown(parts)}\n`)
    },
    outText(text) {
      clear()
      print(`${printableLines(text)}\n`)
    },
    errText(text) {
      clear()
      process.stderr.write(`${printableLines(text)}\n`)
    },
    advises,
    advise(line) {
      if (!advises) return
      clear()
      process.stderr.write(`${printable(line)}\n`)
    },
    data(value) {
      print(`${JSON.stringify(value)}\n`)
    },
    progress(text) {
      clear()
      if (!interactive || text === '') return
      process.stderr.write(printable(text))
      drawn = true
    },
  }
}
