import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Where a command speaks: colour and progress on a terminal only, `--json` for programs. */
export interface Terminal {
  readonly json: boolean
  /** True when stdout is a terminal that people read: progress may be drawn. */
  readonly interactive: boolean
  out(line: string): void
  err(line: string): void
  /** Prints `value` as one line of JSON. */
  data(value: unknown): void
  style(style: Style, text: string): string
  /** Redraws one status line on a terminal; prints nothing elsewhere. An empty text clears it. */
  progress(text: string): void
}

export function createTerminal(options: { json: boolean }): Terminal {
  const interactive = Boolean(process.stdout.isTTY) && !options.json
  const coloured = interactive && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  let drawn = false
  const clear = () => {
    if (drawn) process.stderr.write('\r\u001b[2K')
    drawn = false
  }
  return {
    json: options.json,
    interactive,
    out(line) {
      clear()
      process.stdout.write(`${line}\n`)
    },
    err(line) {
      clear()
      process.stderr.write(`${line}\n`)
    },
    data(value) {
      process.stdout.write(`${JSON.stringify(value)}\n`)
    },
    style: (style, text) => (coloured ? styleText(style, text) : text),
    progress(text) {
      clear()
      if (!interactive || text === '') return
      process.stderr.write(text)
      drawn = true
    },
  }
}
