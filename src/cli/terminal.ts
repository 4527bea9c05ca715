import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Where a command speaks: colour and progress on a terminal only, `--json` for programs. */
export interface Terminal {
  readonly json: boolean
  /** True when stdout is a terminal that people read, and that can go back over what it shows: progress may be drawn. */
  readonly interactive: boolean
  out(line: string): void
  err(line: string): void
  /** True when people read stderr: advice is for them. */
  readonly advises: boolean
  /** Tells people what a program has no use for. */
  advise(line: string): void
  /** Prints `value` as one line of JSON. */
  data(value: unknown): void
  style(style: Style, text: string): string
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

export function createTerminal(options: { json: boolean }): Terminal {
  const interactive = Boolean(process.stdout.isTTY) && process.env.TERM !== 'dumb' && !options.json
  const coloured = !options.json && wantsColour(interactive)
  const print = process.stdout.write.bind(process.stdout)
  const advises = Boolean(process.stderr.isTTY) && !options.json
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
      print(`${line}\n`)
    },
    err(line) {
      clear()
      process.stderr.write(`${line}\n`)
    },
    advises,
    advise(line) {
      if (!advises) return
      clear()
      process.stderr.write(`${line}\n`)
    },
    data(value) {
      print(`${JSON.stringify(value)}\n`)
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
