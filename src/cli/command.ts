import type { Terminal } from './terminal.ts'

/** One option of a command, in the notation of commander: `-w, --wait` or `--modules <dir>`. */
export interface CommandOption {
  readonly flags: string
  readonly description: string
  readonly default?: string | boolean | number
  /** Given more than once, the values are gathered in an array. */
  readonly repeatable?: boolean
}

/** What the user typed after the command's name, parsed. */
export interface CommandLine {
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly terminal: Terminal
}

/** One command: one file, one record (the habit of kmod's tools). */
export interface Command {
  readonly name: string
  /** What it is for: one line in the list of commands, which leaves 66 characters. */
  readonly summary: string
  /** What else its `--help` says, in full sentences. */
  readonly details?: string
  /** Positional arguments in commander's notation: `<file> [params...]`. */
  readonly arguments?: string
  readonly options: readonly CommandOption[]
  /** Complete command lines that work as they stand. */
  readonly examples: readonly string[]
  /** Resolves to the exit code: 0 done, 1 refused (the reason is already on stderr as one line), 2 wrong usage. */
  run(line: CommandLine): Promise<number>
}
